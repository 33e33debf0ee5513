/**
 * Everything that can be refused, as one closed union. `http/error-handler.ts` maps each kind to a status; the rest of
 * the house says what went wrong in a caller's words and which element it concerns, and never a patient's data.
 *
 * Vocabulary: a Fault is thrown when the request cannot be answered as asked. An answer that a caller branches on (taken
 * or placed, found or gone) is a returned union instead.
 */

/** The kinds of refusal. Each has one HTTP status and one OperationOutcome code. */
export type FaultKind =
  | 'malformed' // 400 invalid: the request cannot be read at all
  | 'structure' // 400 structure: an element that does not belong, or of the wrong shape
  | 'required' // 400 required
  | 'value' // 400 value
  | 'code-invalid' // 400 code-invalid: a code outside its required ValueSet
  | 'invariant' // 422 invariant: a FHIRPath constraint of the specification is broken
  | 'too-costly' // 400 too-costly
  | 'login' // 401
  | 'forbidden' // 403
  | 'not-found' // 404
  | 'method-not-allowed' // 405 not-supported
  | 'not-acceptable' // 406 not-supported
  | 'conflict' // 409
  | 'gone' // 410 deleted
  | 'expired' // 410
  | 'stale' // 412 conflict: If-Match named another version
  | 'multiple-matches' // 412
  | 'too-long' // 413
  | 'unsupported-media-type' // 415 not-supported
  | 'business-rule' // 422
  | 'processing' // 422
  | 'throttled' // 429
  | 'exception' // 500
  | 'transient' // 503: the database is not there just now
  | 'timeout' // 503: the database did not come to an end with it in time

export type Severity = 'fatal' | 'error' | 'warning' | 'information'

/** One thing that is wrong. `expression` is a FHIRPath such as `Appointment.participant[0].status`. */
export type Issue = {
  readonly severity: Severity
  readonly code: string
  readonly diagnostics: string
  readonly expression?: string
  /** Offered instead of the one time, of several, that this issue is about. */
  readonly nextTimes?: readonly NextTime[]
}

/** A time offered instead of the one that was taken. Instants in ISO 8601 UTC. */
export type NextTime = { readonly slot: string; readonly start: string; readonly end: string }

export class Fault extends Error {
  readonly kind: FaultKind
  readonly issues: readonly Issue[]
  readonly nextTimes: readonly NextTime[]
  /** Said in a Bundle that holds only the OperationOutcome, as IHE ITI-117 wants it. */
  readonly inBundle: boolean
  /** For Retry-After, where it is known. */
  readonly waitSeconds?: number

  constructor(kind: FaultKind, issues: readonly Issue[], nextTimes: readonly NextTime[] = [], inBundle = false, waitSeconds?: number) {
    super(issues[0]?.diagnostics ?? kind)
    this.name = 'Fault'
    this.kind = kind
    this.issues = issues
    this.nextTimes = nextTimes
    this.inBundle = inBundle
    this.waitSeconds = waitSeconds
  }
}

/** The OperationOutcome code of each kind (https://hl7.org/fhir/R4/valueset-issue-type.html). */
const codes: Readonly<Record<FaultKind, string>> = {
  malformed: 'invalid',
  structure: 'structure',
  required: 'required',
  value: 'value',
  'code-invalid': 'code-invalid',
  invariant: 'invariant',
  'too-costly': 'too-costly',
  login: 'login',
  forbidden: 'forbidden',
  'not-found': 'not-found',
  'method-not-allowed': 'not-supported',
  'not-acceptable': 'not-supported',
  conflict: 'conflict',
  gone: 'deleted',
  expired: 'expired',
  stale: 'conflict',
  'multiple-matches': 'multiple-matches',
  'too-long': 'too-long',
  'unsupported-media-type': 'not-supported',
  'business-rule': 'business-rule',
  processing: 'processing',
  throttled: 'throttled',
  exception: 'exception',
  transient: 'transient',
  timeout: 'timeout',
}

/** A Fault of one issue: `throw fault('required', 'Say which patient the visit is for.', 'patient')`. */
export function fault(kind: FaultKind, diagnostics: string, expression?: string, nextTimes: readonly NextTime[] = []): Fault {
  return new Fault(kind, [{ severity: 'error', code: codes[kind], diagnostics, expression }], nextTimes)
}

/** Too much: the same may be asked again after so many seconds. */
export const throttled = (diagnostics: string, seconds: number): Fault =>
  new Fault('throttled', [{ severity: 'error', code: codes.throttled, diagnostics }], [], false, Math.max(1, Math.ceil(seconds)))

/** It was there, and is deleted. `reference` is `Slot/1`. */
export const deleted = (reference: string, expression: string): Fault => fault('gone', `${reference} is no longer there.`, expression)
