/**
 * FHIR update, also of an id that is not there yet (create by PUT).
 * https://hl7.org/fhir/R4/http.html#update
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern, type Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'
import { allowed } from './bounds.ts'
import { assertVersion } from './if-match.ts'
import { storeChange, submittedBody } from './store-change.ts'

export async function update(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id = '', text = '' } = request
  assertUpdatable(house, actor, type, id)
  const resource = bodyWithId(house, type, id, request.body)
  const judge = (row: StoredRow | undefined): void => assertVersion(request.headers.ifMatch, row)
  const { written, at, created } = await storeChange(house, actor, 'u', { type, id, resource, text }, judge)
  return {
    status: created ? 201 : 200,
    body: written.body,
    version: written.version,
    updated: at,
    location: `${type}/${id}/_history/${written.version}`,
  }
}

/** Throws what speaks against it before anybody has looked at the body. */
export function assertUpdatable(house: House, actor: Actor, type: string, id: string): void {
  allowed(actor, 'u', type)
  if (!idPattern.test(id)) throw fault('value', 'An id has 1 to 64 letters, digits, dashes and dots.', `${type}.id`)
  if (house.conformance.has(`${type}/${id}`)) throw fault('forbidden', `${type}/${id} is part of this server and cannot be changed.`)
}

export function bodyWithId(house: House, type: string, id: string, body: unknown): Resource {
  const resource = submittedBody(house, type, body)
  if (resource.id === id) return resource
  throw fault(
    'value',
    resource.id === undefined
      ? 'The body has no id; it must be the one in the address.'
      : 'The id in the body is not the one in the address.',
    `${type}.id`,
  )
}
