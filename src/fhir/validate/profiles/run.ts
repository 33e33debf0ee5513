/**
 * One resource under validation by profiles: what is known, what has been found, and what each thing found is said with.
 * https://hl7.org/fhir/R4/validation.html
 * Two profiles that complain of one thing in the same words complain once.
 */
import type { Severity } from '../../../base/fault.ts'
import { addError, addRemark, type FindingCode, type Findings } from '../findings.ts'
import type { JsonObject, Roots } from '../invariants.ts'
import type { Item } from './items.ts'
import type { Known } from './known.ts'
import type { Node } from './plan.ts'
import type { Verdicts } from './verdicts.ts'

/** What the checks of one value ask of the walk that called them. */
export type Walk = {
  readonly checkNode: (run: Run, node: Node, item: Item) => void
  /** A value held against a profile aloud. */
  readonly checkConformance: (run: Run, canonical: string, item: Item) => void
  /** The same in silence; undefined where there is no such profile. */
  readonly conforms: (run: Run, canonical: string, item: Item) => boolean | undefined
  /** Whether a value is all that a slice says of it. */
  readonly fits: (run: Run, slice: Node, item: Item) => boolean
}

/** The resource that is written together with the one under validation, as it will be stored. */
export type Beside = (reference: string) => JsonObject | undefined

export type Run = {
  readonly walk: Walk
  readonly known: Known
  readonly findings: Findings
  /** Say what is no error too: must-support elements that are absent, what could not be checked. */
  readonly notes: boolean
  /** What was sent to be validated: a Bundle's entries are each a root below it. */
  readonly whole: JsonObject
  readonly roots: Roots
  /** What is written beside it, by `Type/id`. */
  readonly beside: Beside
  readonly verdicts: Verdicts
  /** The canonical of the profile, for what is said of it. */
  readonly profile: string
  /** Conformance asked within conformance: profiles may name each other in a circle. */
  readonly depth: number
  readonly said: Set<string>
}

export function refuse(run: Run, code: FindingCode, diagnostics: string, path: string): void {
  if (isNew(run, code, path, diagnostics)) addError(run.findings, code, diagnostics, path)
}

export function remark(run: Run, severity: 'warning' | 'information', code: string, diagnostics: string, path: string): void {
  if (isNew(run, code, path, diagnostics)) addRemark(run.findings, severity, code, diagnostics, path)
}

/** What only somebody who asked by `$validate` wants to hear. */
export function note(
  run: Run,
  severity: Extract<Severity, 'warning' | 'information'>,
  code: string,
  diagnostics: string,
  path: string,
): void {
  if (run.notes) remark(run, severity, code, diagnostics, path)
}

function isNew({ said }: Run, code: string, path: string, diagnostics: string): boolean {
  const key = `${code} ${path} ${diagnostics}`
  if (said.has(key)) return false
  said.add(key)
  return true
}
