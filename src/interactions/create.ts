/**
 * FHIR create: the server gives the id. With `If-None-Exist` only where nothing meets its criteria yet.
 * https://hl7.org/fhir/R4/http.html#create and https://hl7.org/fhir/R4/http.html#ccreate
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { lockedMatchAttemptsMax } from '../base/limits.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { readResource } from '../store/resources.ts'
import { allowedToWrite } from './allowed.ts'
import { type Criteria, criteriaOfHeader, type Match, oneMatch, takeTurn } from './conditional.ts'
import { answerOf, createInTx, type Stored, storeAlone } from './store-change.ts'
import { type Submitted, submittedBody } from './submitted.ts'

export async function create(house: House, actor: Actor, { type = '', body, text = '', headers }: FhirRequest): Promise<Reply> {
  allowedToWrite(actor, 'c', type)
  const resource = submittedBody(house, type, body)
  const submitted = { type, id: house.ids.next(), resource, text }
  if (headers.ifNoneExist === undefined) return answerOf(await storeAlone(house, (tx) => createInTx(tx, house, actor, submitted)))
  const criteria = criteriaOfHeader(house, type, headers.ifNoneExist)
  return answerOf(await storeAlone(house, (tx) => createWhereNone(tx, house, actor, criteria, submitted)))
}

/** Creates, or gives what meets the criteria already. Throws `multiple-matches`. */
export async function createWhereNone(tx: Tx, house: House, actor: Actor, criteria: Criteria, submitted: Submitted): Promise<Stored> {
  await takeTurn(tx, house, criteria, submitted.resource)
  for (let attempt = 1; attempt <= lockedMatchAttemptsMax; attempt++) {
    const match = await oneMatch(tx, house, actor, criteria)
    if (!match) return createInTx(tx, house, actor, submitted)
    const shown = await shownMatch(tx, house, actor, criteria.type, match)
    if (shown) return shown
  }
  throw fault('transient', 'Too much is written here at once just now. Try again in a moment.')
}

/** Undefined where it has been changed since it was found: it may be another patient's now. */
async function shownMatch(tx: Tx, house: House, actor: Actor, type: string, { id, version, ours }: Match): Promise<Stored | undefined> {
  const own = ours ? house.conformance.get(`${type}/${id}`) : undefined
  const row = own === undefined ? await readResource(tx, type, id, auditOf(house, actor, 'read')) : undefined
  const body = own ?? row?.body
  if (!body || (row && row.version !== version)) return undefined
  const at = row ? instantOf(row.updated * 1000) : house.clock.now().toISOString()
  const written = { id, version: row?.version ?? version, body }
  return { type, id, resource: JSON.parse(body) as Resource, written, at, created: false, unchanged: true, schedules: [] }
}
