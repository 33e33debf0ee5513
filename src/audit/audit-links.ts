/**
 * Chains and hierarchies in a search of AuditEvents, `patient.identifier=`, `agent:Practitioner.name=`, `entity:below=Encounter/1`:
 * whom and what they lead to, and the events that name one of these. IHE ITI-81 and BALP ask for a patient in this way.
 * https://hl7.org/fhir/R4/search.html#chaining
 *
 * Left out: `_has`, which is refused here: what refers to an AuditEvent is no way to it. Where it leads through AuditEvents to what
 * they name, it is named-by-audit-events.ts's.
 */
import { fault } from '../base/fault.ts'
import { parseCriterion } from '../fhir/search-criterion.ts'
import type { AuditCondition } from '../store/audit-facts.ts'
import type { Leading } from '../store/search/references-meeting.ts'
import { type AuditReading, referringFacts } from './audit-column-criteria.ts'

const leadingNames = /^(patient|agent|entity|source)(:[A-Za-z]+)?\.|^(patient|agent|entity|source):(above|below)$/

/** Undefined where the name leads nowhere else. */
export function auditLink({ definitions, base, known }: AuditReading, name: string, value: string): Leading | undefined {
  if (!leadingNames.test(name)) return undefined
  const asked = parseCriterion({ definitions, type: 'AuditEvent', base, known }, name, value)
  return asked?.kind === 'chain' || asked?.kind === 'tree' ? asked : undefined
}

/** The observer of each event is this server, which no reference names. */
export function linkedCondition(reading: AuditReading, { code }: Leading, references: readonly string[]): AuditCondition {
  return code === 'agent' || code === 'entity' ? referringFacts(code, references, reading) : { any: [], not: false }
}

/** Throws where AuditEvents are searched for by what refers to them: to ignore it would find too much. */
export function assertNoHas(name: string): void {
  if (name.startsWith('_has:'))
    throw fault('value', '`_has` does not lead to AuditEvents: search for them by `patient`, `agent` and `entity`, with a chain.', '_has')
}
