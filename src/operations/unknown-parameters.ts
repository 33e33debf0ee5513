/**
 * A parameter that an operation does not know is ignored; with `Prefer: handling=strict` the call is refused, each name said.
 * docs/operations.md
 */
import { Fault } from '../base/fault.ts'
import type { Inputs } from '../fhir/parameters.ts'
import type { FhirRequest } from '../fhir/request.ts'

export function assertKnown({ unknown }: Pick<Inputs, 'unknown'>, { headers }: FhirRequest): void {
  if (unknown.length === 0 || headers.prefer.handling !== 'strict') return
  throw new Fault(
    'malformed',
    unknown.map((name) => ({
      severity: 'error',
      code: 'invalid',
      diagnostics: `The parameter ${name.slice(0, 80)} is not known here.`,
      expression: name.slice(0, 80),
    })),
  )
}
