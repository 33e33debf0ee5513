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

const cutShort: Issue = {
  severity: 'warning',
  code: 'incomplete',
  diagnostics: 'Not everything that _include and _revinclude ask for is here: one answer holds no more. Ask for smaller pages.',
}

/** An OperationOutcome entry that names what was ignored, and says where the included resources were `cut`. */
export function remarks({ unknown }: Read, cut = false): string[] {
  const issues = [...unknown.map(notUnderstood('warning')), ...(cut ? [cutShort] : [])]
  return issues.length === 0 ? [] : [searchEntry('', '', undefined, JSON.stringify(operationOutcome(issues)), 'outcome')]
}
