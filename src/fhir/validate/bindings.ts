/**
 * Required bindings: a code must be one of its ValueSet's. https://hl7.org/fhir/R4/terminologies.html#required
 * ValueSets that cannot be listed (MIME types, currencies) are not checked, nor are the weaker bindings, nor displays.
 */
import { listedCodesMax } from '../../base/limits.ts'
import type { Definitions } from '../definitions/types.ts'
import { addError } from './findings.ts'
import type { Scope } from './scope.ts'

type Coded = { readonly code?: unknown; readonly coding?: unknown }

/** The codes that count: a code's own, a Coding's, or those of a CodeableConcept, of which one must be in the ValueSet. */
function codesIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value]
  const { code, coding } = value as Coded
  const codings = Array.isArray(coding) ? (coding as Coded[]) : []
  return [code, ...codings.map((one) => one?.code)].filter((one) => one !== undefined)
}

function describe(codes: ReadonlySet<string>): string {
  const listed = [...codes].slice(0, listedCodesMax).join(', ')
  return codes.size > listedCodesMax ? `${listed}, … (${codes.size} in all)` : listed
}

export function checkBinding(scope: Scope, binding: string, value: unknown, path: string): void {
  const allowed = allowedCodes(scope.definitions, binding)
  const codes = codesIn(value)
  if (!allowed || codes.length === 0 || codes.some((code) => typeof code === 'string' && allowed.has(code))) return
  const given = String(codes[0]).slice(0, 64)
  addError(scope.findings, 'code-invalid', `'${given}' is not one of the codes of ${binding}: ${describe(allowed)}.`, path)
}

const allowedCodes = (definitions: Definitions, binding: string): ReadonlySet<string> | undefined => definitions.valueSets.get(binding)
