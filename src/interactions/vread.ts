/**
 * FHIR vread: one version of one resource, also a superseded one.
 * https://hl7.org/fhir/R4/http.html#vread
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { subsetAsked, subsetOf } from '../fhir/subset.ts'
import { auditShown, versionOf } from '../store/history.ts'
import type { House } from '../store/house.ts'
import { allowed } from './allowed.ts'
import { read } from './read.ts'
import { isHiddenFrom } from './seen-by.ts'
import { maskedVersions, patientsOf, shownVersions } from './shown-versions.ts'

/** PostgreSQL's bigint has 19 digits. */
const versionPattern = /^[1-9]\d{0,17}$/

export async function vread(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id = '', vid = '' } = request
  const permission = allowed(actor, 'r', type)
  const subset = subsetAsked(request.query)
  if (hasOneVersion(house, type, id) && vid === '1') return read(house, actor, request)
  // Who may not see the resource as it is may not see it as it was.
  if (permission.patient !== undefined || permission.queries || actor.keptFrom) await read(house, actor, request)
  // Looked for all the same, under no id: how long it takes shall not tell.
  const stored = (await isHiddenFrom(house.pool, actor, { type, id })) ? '' : id
  const row = versionPattern.test(vid) && !hasOneVersion(house, type, id) ? await versionOf(house.pool, type, stored, vid) : undefined
  const bounds = boundsFor(house, actor, 'r', type)
  const [shown] = row && bounds ? await shownVersions(house, { type, id: () => id, bounds }, [row]) : []
  if (!row || !shown) throw fault('not-found', `There is no version ${vid} of ${type}/${id}.`)
  if (row.deleted || row.body === null) throw fault('gone', `${type}/${id} was deleted in this version.`)
  await auditShown(house.pool, {
    type,
    id,
    entity: `${type}/${id}/_history/${vid}`,
    patients: patientsOf(house, row),
    audit: auditOf(house, actor, 'vread'),
  })
  const [asShown = row] = await maskedVersions(house, actor, { type: () => type, id: () => id }, [row])
  const body = subsetOf(house.definitions, asShown.body ?? '', subset)
  return { status: 200, body, version: row.version, updated: row.updated.toISOString() }
}

/** Audit records and our own conformance resources are never changed, and stand in no table of versions. */
export const hasOneVersion = (house: House, type: string, id: string): boolean =>
  type === 'AuditEvent' || house.conformance.has(`${type}/${id}`)
