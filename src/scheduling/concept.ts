/**
 * CodeableConcepts as scheduling compares them: two name the same thing when they share a code, or, where neither has a
 * code, the same text. https://hl7.org/fhir/R4/datatypes.html#CodeableConcept
 * Left out: terminology. A code means itself; nothing is subsumed by anything.
 */
import { elementsIn } from './element.ts'

export type Coding = { readonly system?: string; readonly code?: string; readonly display?: string; readonly [element: string]: unknown }

export type CodeableConcept = { readonly coding?: readonly Coding[]; readonly text?: string; readonly [element: string]: unknown }

/** The concepts of an element, whether it holds one, many or none. */
export function conceptsOf(value: unknown): CodeableConcept[] {
  return elementsIn(value) as CodeableConcept[]
}

export const codingsOf = (concepts: readonly CodeableConcept[]): Coding[] =>
  concepts.flatMap((concept) => conceptsOf(concept.coding) as Coding[])

/** A coding without a system matches that code in any system: clients leave it out. */
const sameCoding = (a: Coding, b: Coding): boolean =>
  a.code !== undefined && a.code === b.code && (a.system === undefined || b.system === undefined || a.system === b.system)

function sameConcept(a: CodeableConcept, b: CodeableConcept): boolean {
  const [left, right] = [codingsOf([a]), codingsOf([b])]
  if (left.length > 0 && right.length > 0) return left.some((coding) => right.some((other) => sameCoding(coding, other)))
  return a.text !== undefined && a.text === b.text
}

/** Whether any concept of one list names the same thing as any of the other. */
export const conceptsMatch = (a: readonly CodeableConcept[], b: readonly CodeableConcept[]): boolean =>
  a.some((concept) => b.some((other) => sameConcept(concept, other)))
