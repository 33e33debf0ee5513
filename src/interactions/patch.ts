/**
 * FHIR patch: a change said as operations on what is stored, of one id or of the one resource that meets search criteria.
 * https://hl7.org/fhir/R4/http.html#patch
 *
 * The result is validated and written like an update; what it says of time goes through the engine. A patch may not turn
 * a resource into another one. That which it leaves as it was makes no version.
 */
import type { Actor } from '../access/actor.ts'
import { openedSubscription } from '../access/channel-secrets.ts'
import { fault } from '../base/fault.ts'
import { parseJson } from '../fhir/json.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern, type Resource } from '../fhir/resource.ts'
import type { Beside } from '../fhir/validate/profiles/run.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'
import { allowedToWrite } from './allowed.ts'
import { type Criteria, criteriaOf, lockedMatch } from './conditional.ts'
import { assertVersion } from './if-match.ts'
import { lockToWrite } from './lock-to-write.ts'
import { assertIsThere, assertMayWriteOver } from './may-write.ts'
import { type Patching, patchOf } from './patch-formats.ts'
import { seenBy } from './seen-by.ts'
import { answerOf, type Stored, storeAlone, storeOver } from './store-change.ts'
import { type Submitted, submittedBody } from './submitted.ts'
import { assertUpdatable } from './update.ts'

export async function patch(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id, headers } = request
  if (id !== undefined) assertPatchable(house, actor, type, id)
  allowedToWrite(actor, 'u', type)
  const patching = await patchOf(house, request)
  if (id !== undefined)
    return answerOf(await storeAlone(house, (tx) => patchInTx(tx, house, actor, { type, id }, patching, headers.ifMatch)))
  const criteria = criteriaOf(house, type, request.query)
  return answerOf(await storeAlone(house, (tx) => patchWhere(tx, house, actor, criteria, patching, headers.ifMatch)))
}

/** Throws what speaks against it before anybody has looked at the patch. */
export function assertPatchable(house: House, actor: Actor, type: string, id: string): void {
  if (!idPattern.test(id)) throw fault('not-found', 'An id has 1 to 64 letters, digits, dashes and dots.')
  assertUpdatable(house, actor, type, id)
}

type Named = Pick<Submitted, 'type' | 'id' | 'beside'>

/** Inside a transaction of the caller's, who calls `afterCommit` when it is over. */
export async function patchInTx(
  tx: Tx,
  house: House,
  actor: Actor,
  named: Named,
  patching: Patching,
  ifMatch: string | undefined,
): Promise<Stored> {
  return patchLocked(tx, house, actor, named, await lockToWrite(tx, house, named.type, { id: named.id, does: 'patch' }), patching, ifMatch)
}

/** Of the one that meets the criteria. Throws `not-found`, `multiple-matches`. */
export async function patchWhere(
  tx: Tx,
  house: House,
  actor: Actor,
  criteria: Criteria,
  patching: Patching,
  ifMatch: string | undefined,
  beside?: Beside,
): Promise<Stored> {
  const match = await lockedMatch(tx, house, actor, criteria, { does: 'patch' })
  if (!match) throw fault('not-found', `No ${criteria.type} meets the criteria.`)
  return patchLocked(tx, house, actor, { type: criteria.type, id: match.id, beside }, match.row, patching, ifMatch)
}

/** `locked`: the current one, by the caller. */
export async function patchLocked(
  tx: Tx,
  house: House,
  actor: Actor,
  { type, id, beside }: Named,
  locked: StoredRow | undefined,
  patching: Patching,
  ifMatch: string | undefined,
): Promise<Stored> {
  const row = await seenBy(tx, house, actor, { type, id }, locked)
  assertIsThere(house, actor, 'u', { type, id }, row)
  if (!row) throw fault('not-found', `There is no ${type}/${id}.`)
  if (row.body === null) throw fault('gone', `${type}/${id} was deleted.`)
  // Before the patch is tried: what comes of a `test` tells what is there.
  await assertMayWriteOver(tx, house, actor, 'u', JSON.parse(row.body) as Resource)
  assertVersion(ifMatch, row)
  const text = await patching(type === 'Subscription' ? openedSubscription(house.secrets, id, row.body) : row.body)
  const resource = patchedBody(house, { type, id }, text)
  return storeOver(tx, house, actor, row, { type, id, resource, text, beside }, () => {}, 'patch')
}

function patchedBody(house: House, { type, id }: Named, text: string): Resource {
  const body = parseJson(text) as { id?: unknown; resourceType?: unknown }
  if (body.resourceType !== type) throw fault('processing', 'A patch cannot make a resource one of another type.', `${type}.resourceType`)
  if (body.id !== id) throw fault('processing', 'A patch cannot change the id of a resource.', `${type}.id`)
  return submittedBody(house, type, body)
}
