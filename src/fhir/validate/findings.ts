/**
 * What one validation has found so far: the issues, and how many of each weight.
 * https://hl7.org/fhir/R4/operationoutcome.html
 * Invariant: the first error is always kept, however many warnings stand before it. A diagnostics sentence never holds
 * what was in an element, save a code.
 */
import type { Issue } from '../../base/fault.ts'
import { validationIssuesMax } from '../../base/limits.ts'

export type Findings = {
  readonly issues: Issue[]
  errors: number
  remarks: number
  /** A rule of a profile could not be decided. */
  isOpen: boolean
}

/** The kinds of fault that a resource can have, as OperationOutcome codes. */
export type FindingCode = 'structure' | 'required' | 'value' | 'code-invalid' | 'invariant'

export const noFindings = (): Findings => ({ issues: [], errors: 0, remarks: 0, isOpen: false })

export const isFull = (findings: Findings): boolean => findings.errors >= validationIssuesMax

export function addError(findings: Findings, code: FindingCode, diagnostics: string, expression: string): void {
  if (isFull(findings)) return
  findings.errors++
  findings.issues.push({ severity: 'error', code, diagnostics, expression })
}

/** A warning or a note: nothing is refused for it. */
export function addRemark(
  findings: Findings,
  severity: 'warning' | 'information',
  code: string,
  diagnostics: string,
  expression: string,
): void {
  if (findings.remarks >= validationIssuesMax) return
  findings.remarks++
  findings.issues.push({ severity, code, diagnostics, expression })
}
