/**
 * JSON that is taken apart and put together again without a number losing its digits: 42.50 stays 42.50, also where its
 * element is moved, copied or written over. https://hl7.org/fhir/R4/datatypes.html#decimal
 *
 * Meanwhile each number is a text that no resource can hold, led by a NUL; a NUL that somebody sends is refused.
 */
import { fault } from '../base/fault.ts'

type Reviver = (key: string, value: unknown) => unknown

/** Source text access, which the compiler's library does not know yet (ECMA-262, JSON.rawJSON). */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }

const lead = '\0'

export const parseExact = (text: string): unknown => JSON.parse(text, marked as Reviver)

function marked(key: string, value: unknown, { source = '' }: { source?: string }): unknown {
  if (key.includes(lead) || (typeof value === 'string' && value.includes(lead)))
    throw fault('value', 'The text holds a NUL character, which cannot be stored. Remove it and try again.')
  return typeof value === 'number' ? lead + source : value
}

export const isExactNumber = (value: unknown): value is string => typeof value === 'string' && value.startsWith(lead)

export const numberOf = (value: unknown): number => (isExactNumber(value) ? Number(value.slice(lead.length)) : Number.NaN)

export const exactText = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) => (isExactNumber(one) ? rawJSON(one.slice(lead.length)) : one))

/** Equal as JSON values: numbers by their value, objects whatever the order of their properties (RFC 6902 4.6). */
export function sameValue(a: unknown, b: unknown): boolean {
  if (isExactNumber(a) || isExactNumber(b)) return isExactNumber(a) && isExactNumber(b) && numberOf(a) === numberOf(b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [keys, others] = [Object.keys(a), Object.keys(b)]
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return keys.length === others.length && keys.every((key) => Object.hasOwn(right, key) && sameValue(left[key], right[key]))
}
