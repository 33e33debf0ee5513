/**
 * Whether a value conforms, found once for a value and a question, although resources and profiles may ask for each other in a
 * circle: what is asked again on the way to its own answer is not known there, and refuses nothing.
 * https://hl7.org/fhir/R4/profiling.html
 *
 * What was found while such a question stood open rests on it: it is kept only while that one comes to no refusal. So the
 * answer does not hang on which of a circle is asked first, and each refusal is found but once.
 */
import type { JsonObject } from '../invariants.ts'

type Found = {
  answer: boolean | undefined
  /** The outermost open question that this rests on, by its place among those that are open. */
  rests: number
  readonly forget: () => void
}

export type Verdicts = {
  /** By the value, then by what was asked of it. */
  readonly found: Map<JsonObject, Map<string, Found>>
  /** What rests on open questions, in the order in which it was found. */
  readonly resting: Found[]
  /** How many questions are open. */
  open: number
  /** The outermost open question that was met since the innermost was asked. */
  met: number
}

const nothing = Number.POSITIVE_INFINITY

export const noVerdicts = (): Verdicts => ({ found: new Map(), resting: [], open: 0, met: nothing })

export function verdictOf(verdicts: Verdicts, question: string, value: JsonObject, judge: () => boolean | undefined): boolean | undefined {
  const known = verdicts.found.get(value) ?? new Map<string, Found>()
  verdicts.found.set(value, known)
  const before = known.get(question)
  if (before) {
    verdicts.met = Math.min(verdicts.met, before.rests)
    return before.answer
  }
  const [met, from] = [verdicts.met, verdicts.resting.length]
  const own: Found = { answer: undefined, rests: verdicts.open, forget: () => known.delete(question) }
  known.set(question, own)
  verdicts.open++
  verdicts.met = nothing
  try {
    own.answer = judge()
  } finally {
    verdicts.open--
    settle(verdicts, own, verdicts.resting.splice(from))
    verdicts.met = Math.min(met, own.rests)
  }
  return own.answer
}

/** A refusal stands by itself, and what was found on the way to it may have rested on its not being one. */
function settle(verdicts: Verdicts, own: Found, inside: readonly Found[]): void {
  if (own.answer === false) for (const { forget } of inside) forget()
  const restsOnOthers = own.answer !== false && verdicts.met < own.rests
  own.rests = restsOnOthers ? verdicts.met : nothing
  if (restsOnOthers) {
    // Their place is another question's from now on: they rest on what this rests on.
    for (const one of inside) one.rests = Math.min(one.rests, own.rests)
    verdicts.resting.push(...inside, own)
  } else for (const one of inside) one.rests = nothing
}
