/**
 * FHIR delete: the resource answers 410 afterwards, its versions stay. Also of all that meet search criteria, where they
 * are few. https://hl7.org/fhir/R4/http.html#delete and https://hl7.org/fhir/R4/http.html#cdelete
 *
 * Deleting what is not there, or no longer, is answered 204 like the first time.
 */
import type { Actor } from '../access/actor.ts'
import { directoryTypes } from '../access/compartment.ts'
import { isHideable } from '../access/masking.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { conditionalDeletesMax } from '../base/limits.ts'
import { deleteResource, type Outcome, remakeSlots } from '../booking/write-resource.ts'
import { allOk } from '../fhir/operation-outcome.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern, type Resource } from '../fhir/resource.ts'
import { forgetCustomParameter } from '../store/custom-search-parameters.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { allowedToWrite } from './allowed.ts'
import { assertNotOurs, type Criteria, criteriaOf, lockedMatch, matchesOf } from './conditional.ts'
import { assertVersion } from './if-match.ts'
import { lockToWrite } from './lock-to-write.ts'
import { assertIsThere, assertMayWriteOver } from './may-write.ts'
import { seenBy } from './seen-by.ts'

export async function remove(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id, headers } = request
  if (id === undefined) return removeByCriteria(house, actor, request)
  assertRemovable(house, actor, type, id)
  const removed = await inTransaction(house.pool, (tx) => removeInTx(tx, house, actor, { type, id }, headers.ifMatch))
  await remakeSlots(house, removed?.schedules ?? [])
  return answerOf(request, removed ? [removed] : [])
}

async function removeByCriteria(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', query, headers } = request
  allowedToWrite(actor, 'd', type)
  const criteria = criteriaOf(house, type, query)
  const removed = await inTransaction(house.pool, (tx) => removeWhere(tx, house, actor, criteria, headers.ifMatch))
  await remakeSlots(house, [...new Set(removed.flatMap(({ schedules }) => schedules))])
  return answerOf(request, removed)
}

function answerOf({ headers }: FhirRequest, removed: readonly Outcome<string>[]): Reply {
  const version = removed.length === 1 ? removed[0]?.written : undefined
  if (headers.prefer.return !== 'OperationOutcome') return { status: 204, version }
  return { status: 200, version, body: JSON.stringify(allOk(removed.length === 1 ? 'Deleted.' : `Deleted: ${removed.length}.`)) }
}

/** Throws what speaks against it before anybody has looked whether it is there. */
export function assertRemovable(house: House, actor: Actor, type: string, id: string): void {
  allowedToWrite(actor, 'd', type)
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
  return removeLocked(tx, house, actor, { type, id }, await lockToWrite(tx, house, type, { id, does: 'remove' }), ifMatch)
}

/** `locked`: the current one, by the caller. */
export async function removeLocked(
  tx: Tx,
  house: House,
  actor: Actor,
  { type, id }: Named,
  locked: StoredRow | undefined,
  ifMatch: string | undefined,
): Promise<Outcome<string> | undefined> {
  const row = await seenBy(tx, house, actor, { type, id }, locked)
  assertIsThere(house, actor, 'd', { type, id }, row)
  const before = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  // Before the version is judged: who may not see the resource is not told which version it has.
  if (before) await assertMayWriteOver(tx, house, actor, 'd', before)
  assertVersion(ifMatch, row)
  // Nothing is said to be deleted that stands: whoever something may be hidden from is told the same of what is not there.
  const mayBeHidden = (actor.keptFrom && !directoryTypes.has(type)) || (actor.masking && isHideable(type))
  if (!row && mayBeHidden) throw fault('not-found', `There is no ${type}/${id}.`)
  if (!before) return undefined
  if (type === 'SearchParameter') await forgetCustomParameter(tx, id)
  const permission = may(actor, 'd', type)
  return deleteResource(tx, house, {
    type,
    id,
    before,
    at: house.clock.now().toISOString(),
    audit: auditOf(house, actor, 'delete'),
    patient: permission.allowed ? permission.patient : undefined,
  })
}

/**
 * Deletes all that meet the criteria, none where there are too many; with `If-Match` there may be one alone. Inside a
 * transaction of the caller's, who calls `remakeSlots` when it is over. Throws `multiple-matches`.
 */
export async function removeWhere(
  tx: Tx,
  house: House,
  actor: Actor,
  criteria: Criteria,
  ifMatch: string | undefined,
): Promise<Outcome<string>[]> {
  const { type } = criteria
  const max = ifMatch === undefined ? conditionalDeletesMax : 1
  const matches = await matchesOf(tx, house, actor, criteria, max)
  if (matches.length > max)
    throw fault(
      'multiple-matches',
      `More than ${max} ${type} resources meet the criteria, and nothing was deleted: say more about what is meant.`,
    )
  if (matches.length <= 1) return removeOne(tx, house, actor, criteria, ifMatch)
  const removed: Outcome<string>[] = []
  for (const match of matches.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    assertNotOurs(type, match)
    // Changed since it was found, it may no longer be meant.
    removed.push(...list(await removeInTx(tx, house, actor, { type, id: match.id }, `W/"${match.version}"`)))
  }
  return removed
}

async function removeOne(tx: Tx, house: House, actor: Actor, criteria: Criteria, ifMatch: string | undefined): Promise<Outcome<string>[]> {
  const match = await lockedMatch(tx, house, actor, criteria, { does: 'remove' })
  if (!match) assertVersion(ifMatch, undefined)
  return match ? list(await removeLocked(tx, house, actor, { type: criteria.type, id: match.id }, match.row, ifMatch)) : []
}

const list = <T>(one: T | undefined): T[] => (one === undefined ? [] : [one])
