/**
 * FHIR delete: the resource answers 410 afterwards, its versions stay.
 * https://hl7.org/fhir/R4/http.html#delete
 *
 * Deleting what is not there, or no longer, is answered 204 like the first time.
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { deleteResource, type Outcome, remakeSlots } from '../booking/write-resource.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern, type Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockResource, type StoredRow } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { allowed } from './bounds.ts'
import { assertVersion } from './if-match.ts'
import { assertMayWrite } from './store-change.ts'

export async function remove(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id = '' } = request
  assertRemovable(house, actor, type, id)
  const removed = await inTransaction(house.pool, (tx) => removeInTx(tx, house, actor, { type, id }, request.headers.ifMatch))
  await remakeSlots(house, removed?.schedules ?? [])
  return { status: 204, version: removed?.written }
}

/** Throws what speaks against it before anybody has looked whether it is there. */
export function assertRemovable(house: House, actor: Actor, type: string, id: string): void {
  allowed(actor, 'd', type)
  if (!idPattern.test(id)) throw fault('not-found', 'An id has 1 to 64 letters, digits, dashes and dots.')
  if (house.conformance.has(`${type}/${id}`)) throw fault('forbidden', `${type}/${id} is part of this server and cannot be deleted.`)
}

type Named = { readonly type: string; readonly id: string }

/** Inside a transaction of the caller's, who calls `remakeSlots` when it is over. Undefined: it was not there. */
export async function removeInTx(
  tx: Tx,
  house: House,
  actor: Actor,
  { type, id }: Named,
  ifMatch: string | undefined,
): Promise<Outcome<string> | undefined> {
  return removeLocked(tx, house, actor, { type, id }, await lockResource(tx, type, id), ifMatch)
}

/** `row`: the current one, locked by the caller. */
export async function removeLocked(
  tx: Tx,
  house: House,
  actor: Actor,
  { type, id }: Named,
  row: StoredRow | undefined,
  ifMatch: string | undefined,
): Promise<Outcome<string> | undefined> {
  const before = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  // Before the version is judged: who may not see the resource is not told which version it has.
  if (before) assertMayWrite(house, actor, 'd', before)
  assertVersion(ifMatch, row)
  if (!before) return undefined
  return deleteResource(tx, house, { type, id, before, at: house.clock.now().toISOString(), audit: auditOf(house, actor, 'delete') })
}
