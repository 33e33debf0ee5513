/**
 * Search parameters that were not understood: named in an OperationOutcome entry, or refused where the client is strict.
 * https://hl7.org/fhir/R4/search.html#errors
 */
import { Fault, type Issue } from '../base/fault.ts'
import { searchEntry } from './bundle.ts'
import { operationOutcome } from './operation-outcome.ts'
import type { FhirRequest } from './request.ts'

type Read = { readonly unknown: readonly string[] }

/** `Prefer: handling=strict`: what is not understood is refused instead of ignored. */
export function assertUnderstood({ unknown }: Read, request: FhirRequest): void {
  if (unknown.length > 0 && request.headers.prefer.handling === 'strict') throw new Fault('malformed', unknown.map(notUnderstood('error')))
}

const notUnderstood =
  (severity: 'error' | 'warning') =>
  (name: string): Issue => ({
    severity,
    code: 'not-supported',
    diagnostics: `The search parameter ${name.slice(0, 80)} is not known here${severity === 'warning' ? ' and was ignored' : ''}.`,
  })

/** An OperationOutcome entry that names what was ignored. */
export function remarks({ unknown }: Read): string[] {
  if (unknown.length === 0) return []
  return [searchEntry('', '', undefined, JSON.stringify(operationOutcome(unknown.map(notUnderstood('warning')))), 'outcome')]
}
