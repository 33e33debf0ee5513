/**
 * `duration`: how many minutes a visit is to last, wherever an operation asks for it.
 */
import { fault } from '../base/fault.ts'
import { visitMinutesMax } from '../base/limits.ts'
import { firstOf, type Inputs, wholeNumberIn } from '../fhir/parameters.ts'

/** Undefined where nothing is said: the service's own length. */
export function minutesAsked(inputs: Inputs): number | undefined {
  const asked = firstOf(inputs, 'duration')
  return asked && visitMinutes(wholeNumberIn(asked, visitMinutesMax + 1), 'duration')
}

/** Throws `value` for what is no length of a visit. */
export function visitMinutes(minutes: number, parameter: string): number {
  if (minutes >= 1 && minutes <= visitMinutesMax) return minutes
  throw fault('value', `A visit lasts 1 to ${visitMinutesMax} minutes.`, parameter)
}
