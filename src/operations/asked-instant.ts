/**
 * `start` and `end` of what is told about the past: a date or an instant. A time that is to be booked is read elsewhere
 * (`named-time.ts`).
 */
import { fault } from '../base/fault.ts'
import { spanOf } from '../fhir/date-time.ts'
import { firstOf, type Inputs, textIn } from '../fhir/parameters.ts'

/** A date counts whole: from its beginning, and to its end. */
export function instantAsked(inputs: Inputs, name: string, bound: 'lower' | 'upper'): string | undefined {
  const given = firstOf(inputs, name)
  if (!given) return undefined
  const span = spanOf(textIn(given))
  if (span) return new Date(Number(span[bound])).toISOString()
  throw fault('value', `The parameter ${name} is a date or an instant such as 2026-11-23T09:00:00Z.`, name)
}
