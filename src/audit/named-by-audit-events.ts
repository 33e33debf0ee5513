/**
 * Whom and what AuditEvents name that are found by one criterion: where `_has` leads through them.
 * https://hl7.org/fhir/R4/search.html#has
 * They are those that a search of AuditEvents would show to who asks, and are looked for as it looks for them.
 */
import { fault } from '../base/fault.ts'
import { auditEventsFollowedMax, referencesFollowedMax } from '../base/search-limits.ts'
import type { Audited } from '../fhir/search-criterion.ts'
import type { Known } from '../fhir/validate/profiles/known.ts'
import { namedInAudit } from '../store/audit-search.ts'
import type { House } from '../store/house.ts'
import type { AuditReading } from './audit-column-criteria.ts'
import { type AuditReach, auditFilterOf, nothingWanted, readAuditCriterion, recordsOf } from './audit-wanted.ts'
import { securityInteractions } from './security-event-resource.ts'

/** Ids of the type asked for. Throws `too-costly` where they are more, or in more events, than can be looked through. */
export async function namedByAuditEvents(house: House, reach: AuditReach, asked: Audited, known?: Known): Promise<readonly string[]> {
  const { by, target, name, value } = asked
  const reading: AuditReading = { ...house, patient: reach.patient, known }
  const wanted = nothingWanted(reach)
  if (!readAuditCriterion(reading, wanted, name, value))
    throw fault('value', `AuditEvents have no search parameter \`${name.slice(0, 64)}\`.`, '_has')
  if (by === 'source') return []
  const filter = await auditFilterOf(house, reading, wanted, reach)
  const patients = await recordsOf(house, filter.patients)
  const security = by === 'entity' ? securityInteractions : []
  const { ids, isWhole } = await namedInAudit(house.pool, { ...filter, patients, limit: auditEventsFollowedMax }, { by, target, security })
  if (isWhole && ids.length <= referencesFollowedMax) return ids
  throw fault(
    'too-costly',
    `What these AuditEvents name is more than ${referencesFollowedMax} resources, or they are more than ${auditEventsFollowedMax} events: say another \`agent\`, \`patient\`, \`entity\` or \`date\`.`,
    '_has',
  )
}
