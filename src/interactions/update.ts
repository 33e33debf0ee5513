/**
 * FHIR update, also of an id that is not there yet (create by PUT), and of the one resource that meets search criteria.
 * https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#cond-update
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest, RequestHeaders } from '../fhir/request.ts'
import { idPattern, type Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { allowedToWrite } from './allowed.ts'
import { type Criteria, criteriaOf, lockedMatch, takeTurn } from './conditional.ts'
import { assertAbsent, assertVersion } from './if-match.ts'
import { answerOf, type Judge, type Stored, storeAlone, storeChange, storeInTx, storeOver } from './store-change.ts'
import { type Submitted, submittedBody } from './submitted.ts'

/** The headers of a write that say over which version it goes. */
export type Conditions = Pick<RequestHeaders, 'ifMatch' | 'ifNoneMatch'>

export async function update(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id, text = '', headers } = request
  if (id === undefined) return updateByCriteria(house, actor, request)
  assertUpdatable(house, actor, type, id)
  const resource = bodyWithId(house, type, id, request.body)
  return answerOf(await storeChange(house, actor, { type, id, resource, text }, judgeOf(headers)))
}

async function updateByCriteria(house: House, actor: Actor, { type = '', text = '', query, body, headers }: FhirRequest): Promise<Reply> {
  allowedToWrite(actor, 'u', type)
  const criteria = criteriaOf(house, type, query)
  const resource = submittedBody(house, type, body)
  return answerOf(await storeAlone(house, (tx) => updateWhere(tx, house, actor, criteria, { type, resource, text }, headers)))
}

export const judgeOf =
  ({ ifMatch, ifNoneMatch }: Conditions): Judge =>
  (row) => {
    assertVersion(ifMatch, row)
    assertAbsent(ifNoneMatch, row)
  }

/** Throws what speaks against it before anybody has looked at the body. */
export function assertUpdatable(house: House, actor: Actor, type: string, id: string): void {
  allowedToWrite(actor, 'u', type)
  if (!idPattern.test(id)) throw fault('value', 'An id has 1 to 64 letters, digits, dashes and dots.', `${type}.id`)
  if (house.conformance.has(`${type}/${id}`)) throw fault('forbidden', `${type}/${id} is part of this server and cannot be changed.`)
}

function bodyWithId(house: House, type: string, id: string, body: unknown): Resource {
  const resource = submittedBody(house, type, body)
  assertBodyId(type, id, resource)
  return resource
}

export function assertBodyId(type: string, id: string, resource: Resource): void {
  if (resource.id === id) return
  throw fault(
    'value',
    resource.id === undefined
      ? 'The body has no id; it must be the one in the address.'
      : 'The id in the body is not the one in the address.',
    `${type}.id`,
  )
}

/** Updates the one that meets the criteria; makes it where none does. Throws `multiple-matches`. */
export async function updateWhere(
  tx: Tx,
  house: House,
  actor: Actor,
  criteria: Criteria,
  submitted: Omit<Submitted, 'id'>,
  conditions: Conditions,
): Promise<Stored> {
  const { type, resource } = submitted
  await takeTurn(tx, house, criteria, resource)
  const match = await lockedMatch(tx, house, actor, criteria, { does: 'write', resource })
  if (!match) return createAs(tx, house, actor, submitted, conditions)
  if (resource.id !== undefined && resource.id !== match.id)
    throw fault(
      'value',
      'The id in the body is not that of the resource that meets the criteria: leave it out, or repeat the right one.',
      `${type}.id`,
    )
  return storeOver(tx, house, actor, match.row, { ...submitted, id: match.id }, judgeOf(conditions))
}

/** Under the id that the body brings, where it brings one. */
function createAs(tx: Tx, house: House, actor: Actor, submitted: Omit<Submitted, 'id'>, conditions: Conditions): Promise<Stored> {
  const { type, resource } = submitted
  const judge: Judge = (row) => {
    judgeOf(conditions)(row)
    if (row && !row.deleted)
      throw fault('conflict', `The id in the body is taken by a ${type} that does not meet the criteria.`, `${type}.id`)
  }
  if (resource.id === undefined) return storeOver(tx, house, actor, undefined, { ...submitted, id: house.ids.next() }, judge)
  assertUpdatable(house, actor, type, resource.id)
  return storeInTx(tx, house, actor, { ...submitted, id: resource.id }, judge)
}
