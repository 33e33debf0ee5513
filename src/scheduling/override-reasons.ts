/**
 * Why staff may book against the clinic's rules: the codes of fhir-profiles/CodeSystem-override-reason.json. A clinic may have
 * codes of its own beside them, in a system of its own: the ValueSet is extensible.
 * https://hl7.org/fhir/R4/terminologies.html#extensible
 */
import { fault } from '../base/fault.ts'
import { type CodeableConcept, type Coding, codingsOf } from './concept.ts'

export const overrideReasonSystem = 'https://slotwise.org/fhir/CodeSystem/override-reason'

/** By its code how each is shown. */
export const overrideReasons: Readonly<Record<string, string>> = {
  urgent: 'Clinically urgent',
  clinician: 'The clinician has decided so',
  continuity: 'Continuity of care',
  'patient-need': 'The patient cannot come otherwise',
  'clinic-error': 'A mistake of the clinic is made good',
  agreed: 'Agreed with those whom it concerns',
  other: 'Another reason',
}

/** A code of ours that comes as a bare word. */
export const codedOverride = (word: string): CodeableConcept | undefined =>
  Object.hasOwn(overrideReasons, word)
    ? { coding: [{ system: overrideReasonSystem, code: word, display: overrideReasons[word] }] }
    : undefined

/** Text alone cannot be counted. Throws: required, value. */
export function assertCodedOverride(reason: CodeableConcept, name: string): void {
  const codings = codingsOf([reason])
  if (!codings.some(isWhole)) throw fault('required', `Say why by a code, text beside it or not: ${known}.`, name)
  const wrong = codings.find(({ system, code = '' }) => system === overrideReasonSystem && !Object.hasOwn(overrideReasons, code))
  if (wrong) throw fault('value', `${overrideReasonSystem} has no such code. It has ${known}; others have a system of their own.`, name)
  if (codings.every(isOther) && !reason.text?.trim())
    throw fault('required', 'Say beside the code "other" in text what the reason is.', name)
}

const known = Object.keys(overrideReasons).join(', ')
const isWhole = ({ system, code }: Coding): boolean => Boolean(system && code)
const isOther = ({ system, code }: Coding): boolean => system === overrideReasonSystem && code === 'other'
