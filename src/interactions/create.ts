/**
 * FHIR create: the server gives the id.
 * https://hl7.org/fhir/R4/http.html#create
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { allowed } from './bounds.ts'
import { storeChange, submittedBody } from './store-change.ts'

export async function create(house: House, actor: Actor, { type = '', body, text = '', headers }: FhirRequest): Promise<Reply> {
  // Ignored, it would make the duplicate that it is there to prevent.
  if (headers.ifNoneExist !== undefined) throw fault('processing', 'Conditional create (If-None-Exist) is not served.', 'If-None-Exist')
  allowed(actor, 'c', type)
  const resource = submittedBody(house, type, body)
  const id = house.ids.next()
  const { written, at } = await storeChange(house, actor, 'c', { type, id, resource, text }, () => {})
  return {
    status: 201,
    body: written.body,
    version: written.version,
    updated: at,
    location: `${type}/${id}/_history/${written.version}`,
  }
}
