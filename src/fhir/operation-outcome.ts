/**
 * OperationOutcome: how every refusal, and every remark beside an answer, is said.
 * https://hl7.org/fhir/R4/operationoutcome.html
 *
 * Issues come in the words of `base/fault.ts`; which HTTP status goes with them is for `http/error-handler.ts`.
 */
import type { Fault, Issue, NextTime } from '../base/fault.ts'

/** A time offered in place of the one that was taken. */
export const nextTimeUrl = 'https://slotwise.org/fhir/StructureDefinition/next-time'

export type OperationOutcome = {
  readonly resourceType: 'OperationOutcome'
  readonly extension?: readonly unknown[]
  readonly issue: readonly unknown[]
}

/** Needs at least one issue: `OperationOutcome.issue` is 1..*. */
export function operationOutcome(issues: readonly Issue[], nextTimes: readonly NextTime[] = []): OperationOutcome {
  const issue = issues.map(({ severity, code, diagnostics, expression, nextTimes: instead = [] }) => ({
    ...(instead.length > 0 && { extension: instead.map(nextTimeExtension) }),
    severity,
    code,
    diagnostics,
    ...(expression !== undefined && { expression: [expression] }),
  }))
  if (nextTimes.length === 0) return { resourceType: 'OperationOutcome', issue }
  return { resourceType: 'OperationOutcome', extension: nextTimes.map(nextTimeExtension), issue }
}

/** A Fault as the resource that tells a client of it. */
export const outcomeOfFault = (fault: Fault): OperationOutcome => operationOutcome(fault.issues, fault.nextTimes)

/** A Fault as JSON text: the OperationOutcome, or a Bundle of it alone where IHE wants one. */
export function refusalText(fault: Fault): string {
  const outcome = JSON.stringify(outcomeOfFault(fault))
  return fault.inBundle
    ? `{"resourceType":"Bundle","type":"searchset","total":0,"entry":[{"resource":${outcome},"search":{"mode":"outcome"}}]}`
    : outcome
}

/** Nothing to complain of: the answer to `Prefer: return=OperationOutcome`. */
export const allOk = (diagnostics: string): OperationOutcome =>
  operationOutcome([{ severity: 'information', code: 'informational', diagnostics }])

const nextTimeExtension = ({ slot, start, end }: NextTime): unknown => ({
  url: nextTimeUrl,
  extension: [
    { url: 'slot', valueReference: { reference: slot } },
    { url: 'start', valueInstant: start },
    { url: 'end', valueInstant: end },
  ],
})
