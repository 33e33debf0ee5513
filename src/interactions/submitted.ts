/**
 * What is submitted to be stored: a resource, valid by R4's own definitions, with its id and the text that was sent.
 * https://hl7.org/fhir/R4/http.html#update
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Beside } from '../fhir/validate/profiles/run.ts'
import { assertValid } from '../fhir/validate/validate.ts'
import type { House } from '../store/house.ts'

export type Submitted = {
  readonly type: string
  readonly id: string
  readonly resource: Resource
  /** As it was sent. */
  readonly text: string
  /** What the same transaction writes. */
  readonly beside?: Beside
}

/** The body of a write as a valid resource of the type. Throws what is wrong with it, element by element. */
export function submittedBody(house: House, type: string, body: unknown): Resource {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw fault('structure', `Send one ${type} as a JSON object.`, type)
  const resourceType = (body as { resourceType?: unknown }).resourceType
  if (resourceType !== type)
    throw fault(
      'structure',
      `The body is ${typeof resourceType === 'string' ? `of type ${resourceType.slice(0, 64)}` : 'of no type'}, but was sent to ${type}.`,
      `${type}.resourceType`,
    )
  assertValid(house.definitions, body, type)
  return body as Resource
}
