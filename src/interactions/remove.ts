/**
 * FHIR delete: the resource answers 410 afterwards, its versions stay.
 * https://hl7.org/fhir/R4/http.html#delete
 *
 * Deleting what is not there, or no longer, is answered 204 like the first time.
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { deleteResource, remakeSlots } from '../booking/write-resource.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern, type Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockResource } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { allowed } from './bounds.ts'
import { assertVersion } from './if-match.ts'
import { assertMayWrite } from './store-change.ts'

export async function remove(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id = '' } = request
  allowed(actor, 'd', type)
  if (!idPattern.test(id)) throw fault('not-found', 'An id has 1 to 64 letters, digits, dashes and dots.')
  if (house.conformance.has(`${type}/${id}`)) throw fault('forbidden', `${type}/${id} is part of this server and cannot be deleted.`)
  const outcome = await inTransaction(house.pool, (tx) => removeInTx(tx, house, actor, request, { type, id }))
  await remakeSlots(house, outcome?.schedules ?? [])
  return { status: 204, version: outcome?.written }
}

async function removeInTx(tx: Tx, house: House, actor: Actor, request: FhirRequest, { type, id }: { type: string; id: string }) {
  const row = await lockResource(tx, type, id)
  const before = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  // Before the version is judged: who may not see the resource is not told which version it has.
  if (before) assertMayWrite(house, actor, 'd', before)
  assertVersion(request.headers.ifMatch, row)
  if (!before) return undefined
  return deleteResource(tx, house, { type, id, before, at: house.clock.now().toISOString(), audit: auditOf(house, actor, 'delete') })
}
