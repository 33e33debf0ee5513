/**
 * One value of a datatype that comes by itself, as an operation's parameter, and becomes part of a resource: judged as it
 * will be judged there. https://hl7.org/fhir/R4/datatypes.html
 * Left out: the bindings and profiles of the element that it will be.
 */
import type { Definitions } from '../definitions/types.ts'
import { throwErrors, validate } from './validate.ts'

/** Throws what is wrong with it; `name` is the parameter's. */
export function assertDatatype(definitions: Definitions, type: 'CodeableConcept' | 'String', value: unknown, name: string): void {
  const issues = validate(definitions, { resourceType: 'Parameters', parameter: [{ name: 'value', [`value${type}`]: value }] })
  throwErrors(issues.map((issue) => ({ ...issue, expression: issue.expression?.replace('Parameters.parameter[0].value', name) })))
}
