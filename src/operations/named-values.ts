/** The values of each name that an operation knows, from the query or a Parameters body, as text; a comma in one means or. */
import { fault } from '../base/fault.ts'
import { allOf, inputsOf, type Parameter } from '../fhir/parameters.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { assertKnown } from './unknown-parameters.ts'

export function namedValues<Name extends string>(request: FhirRequest, known: readonly Name[]): (name: Name) => readonly string[] {
  const inputs = inputsOf(request, new Set<string>(known))
  assertKnown(inputs, request)
  return (name) => allOf(inputs, name).flatMap((parameter) => textOf(parameter).split(',').filter(Boolean))
}

function textOf({ name, value }: Parameter): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw fault('value', `The parameter ${name} is a text or a number.`, name)
}
