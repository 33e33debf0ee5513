/**
 * What a primitive may be: its JSON type, its pattern, and what a pattern cannot say, such as that February has no 30th.
 * https://hl7.org/fhir/R4/datatypes.html#primitive and https://hl7.org/fhir/R4/json.html#primitive
 * Left out: the precision of decimals, which JavaScript numbers do not hold; the stored text keeps it.
 */
import { stringLengthMax } from '../../base/limits.ts'
import { spanOf } from '../date-time.ts'
import type { Definitions } from '../definitions/types.ts'

type Problem = { readonly code: 'structure' | 'value'; readonly diagnostics: string }

/** What would be right, by type. */
const forms: Readonly<Record<string, string>> = {
  base64Binary: 'base64 (RFC 4648) in whole groups of four',
  boolean: 'true or false, without quotes',
  canonical: 'a URL without spaces, with |version at its end if need be',
  code: 'a code: no spaces at its ends, no two in a row',
  date: 'a real date: YYYY, YYYY-MM or YYYY-MM-DD',
  dateTime: 'a real date, or a date and time with seconds and a zone such as 2026-03-01T09:00:00Z',
  decimal: 'a number, without quotes',
  id: '1 to 64 letters, digits, "-" and "."',
  instant: 'a real date and time with seconds and a zone, such as 2026-03-01T09:00:00Z',
  integer: 'a whole number from -2147483648 to 2147483647, without quotes',
  markdown: 'text without control characters',
  oid: 'urn:oid: and an OID',
  positiveInt: 'a whole number from 1 to 2147483647, without quotes',
  string: 'text without control characters',
  time: 'hh:mm:ss, without a zone',
  unsignedInt: 'a whole number from 0 to 2147483647, without quotes',
  uri: 'a URI without spaces',
  url: 'a URL without spaces',
  uuid: 'urn:uuid: and a UUID in lower case',
  xhtml: 'XHTML in one div',
}

const integerMax = 2_147_483_647
const least: Readonly<Record<string, number>> = { integer: -integerMax - 1, unsignedInt: 0, positiveInt: 1 }
const dated = new Set(['date', 'dateTime', 'instant'])

/** Undefined where the value is right. */
export function primitiveProblem(definitions: Definitions, type: string, value: unknown): Problem | undefined {
  if (value !== null && typeof value === 'object') {
    return { code: 'structure', diagnostics: `This element is a single ${type}, not an object or an array.` }
  }
  if (value === null) return { code: 'structure', diagnostics: 'null stands for nothing here: leave the element out.' }
  if (value === '') return { code: 'value', diagnostics: 'An empty string stands for nothing: leave the element out.' }
  // Of base64 R4 says no length: the body's own limit is its.
  if (typeof value === 'string' && value.length > stringLengthMax && type !== 'base64Binary') {
    return { code: 'value', diagnostics: `A string may have up to ${stringLengthMax} characters.` }
  }
  return isRight(definitions, type, value)
    ? undefined
    : { code: 'value', diagnostics: `This element must be ${forms[type] ?? `a ${type}`}.` }
}

function isRight(definitions: Definitions, type: string, value: unknown): boolean {
  if (type === 'boolean') return typeof value === 'boolean'
  if (type === 'decimal') return Number.isFinite(value)
  const lowest = least[type]
  if (lowest !== undefined) return Number.isInteger(value) && Number(value) >= lowest && Number(value) <= integerMax
  return typeof value === 'string' && isRightText(definitions, type, value)
}

/** Postgres stores no half of a surrogate pair, and the pattern of `string` already leaves out U+0000. */
function isRightText(definitions: Definitions, type: string, value: string): boolean {
  if (type === 'base64Binary') return isBase64(value)
  if (!value.isWellFormed() || !definitions.primitives.get(type)?.test(value)) return false
  return !dated.has(type) || spanOf(value) !== undefined
}

/**
 * By what may not stand in it. R4's pattern goes on over all that may: where V8 no longer optimizes regular expressions, as in a
 * process that has compiled many, it keeps a place to go back to for each character, and a few million overflow its stack.
 */
function isBase64(value: string): boolean {
  if (/[^0-9a-zA-Z+/=\s]/.test(value)) return false
  const letters = /\s/.test(value) ? value.replace(/\s/g, '') : value
  return letters.length > 0 && letters.length % 4 === 0 && !/=[^=]|===/.test(letters)
}
