/**
 * FHIR read: the current version of one resource, as the text that was stored.
 * https://hl7.org/fhir/R4/http.html#read
 *
 * What lies outside a token's compartment or granular scope answers 404, like what is not there.
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { mayWhole } from '../access/may.ts'
import { readAuditEvent } from '../audit/audit-events.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { aboutTypes } from '../fhir/about-visits.ts'
import { compartmentParameters } from '../fhir/patient-compartment.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern, instantOf, type Resource } from '../fhir/resource.ts'
import { parseSearch } from '../fhir/search-query.ts'
import { subsetAsked, subsetOf } from '../fhir/subset.ts'
import type { House } from '../store/house.ts'
import { showProposal } from '../store/proposals.ts'
import { readTogether } from '../store/read-together.ts'
import { compileSearch } from '../store/search/page.ts'
import { readSeen } from '../store/search/read-seen.ts'
import { runSearch } from '../store/search/run.ts'
import { allowed, allowedOfAudit } from './allowed.ts'

export async function read(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  if (request.query.length === 0) return readWhole(house, actor, request)
  const subset = subsetAsked(request.query)
  const whole = await readWhole(house, actor, request)
  return subset && whole.body !== undefined ? { ...whole, body: subsetOf(house.definitions, whole.body, subset) } : whole
}

async function readWhole(house: House, actor: Actor, { type = '', id = '' }: FhirRequest): Promise<Reply> {
  const permission = allowed(actor, 'r', type)
  if (!idPattern.test(id)) throw unknown(type, id)
  const ours = house.conformance.get(`${type}/${id}`)
  if (ours) return { status: 200, body: ours, version: '1' }
  if (type === 'AuditEvent') return readAuditEvent(house, id, allowedOfAudit(actor, 'r').patient, actor.keptFrom)
  if (permission.patient !== undefined || permission.queries || actor.keptFrom || actor.emergency) return readWithin(house, actor, type, id)
  const audit = holdsPatientData(house, type) ? auditOf(house, actor, 'read') : undefined
  const { masking } = actor
  const row =
    masking && audit && aboutTypes.has(type)
      ? await readSeen(house.pool, { type, id, bounds: { masking } }, audit)
      : await readTogether(house.pool, type, id, audit)
  if (!row) return type === 'Appointment' ? readProposal(house, actor, id) : Promise.reject(unknown(type, id))
  if (row.body === null) throw fault('gone', `${type}/${id} was deleted.`)
  return { status: 200, body: row.body, version: row.version, updated: instantOf(row.updated * 1000) }
}

/** Types in the Patient compartment: showing one is written down. */
export const holdsPatientData = (house: House, type: string): boolean =>
  type === 'Patient' || compartmentParameters(house.definitions, type).length > 0

const unknown = (type: string, id: string): Error =>
  fault('not-found', idPattern.test(id) ? `There is no ${type}/${id}.` : 'An id has 1 to 64 letters, digits, dashes and dots.')

async function readWithin(house: House, actor: Actor, type: string, id: string): Promise<Reply> {
  const query = parseSearch(house.definitions, type, [['_id', id]], house.base)
  const bounds = boundsFor(house, actor, 'r', type)
  const statement = compileSearch(house.definitions, type, { ...query, count: 1 }, bounds, { patients: true })
  const [row] = await runSearch(house.pool, statement, holdsPatientData(house, type) ? auditOf(house, actor, 'read') : undefined)
  if (!row) return type === 'Appointment' ? readProposal(house, actor, id) : Promise.reject(unknown(type, id))
  const { meta } = JSON.parse(row.body) as Resource
  return { status: 200, body: row.body, version: meta?.versionId, updated: meta?.lastUpdated }
}

/**
 * A time that `Appointment/$find` proposed reads like an Appointment until it is taken. It stands in no table that a
 * granular scope's search could be matched against: such a scope opens none.
 */
async function readProposal(house: House, actor: Actor, id: string): Promise<Reply> {
  const permission = mayWhole(actor, 'r', 'Appointment')
  if (!permission.allowed) throw unknown('Appointment', id)
  const proposal = await showProposal(house.pool, id, {
    confined: permission.patient,
    except: actor.keptFrom,
    audit: auditOf(house, actor, 'read'),
  })
  if (!proposal) throw unknown('Appointment', id)
  if (!proposal.live) throw fault('expired', 'This proposed time has run out. Ask for times again.')
  return { status: 200, body: proposal.body }
}
