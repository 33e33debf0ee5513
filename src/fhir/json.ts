/**
 * JSON text from outside, made into values only once nothing in it can hurt: not too deep for anything recursive that
 * comes after, no `__proto__`, and no property twice, which two readers may take for two things.
 * https://hl7.org/fhir/R4/json.html
 *
 * A refusal says where the text breaks and never what stands there.
 */
import { errorMessage } from '../base/error-code.ts'
import { type Fault, fault } from '../base/fault.ts'
import { nestingMax } from '../base/limits.ts'

/** A Fault `malformed` where the text is no JSON, or is JSON that nobody sends in good faith. */
export function parseJson(text: string): unknown {
  const { deepest, properties } = shapeOf(text)
  if (deepest > nestingMax) throw fault('malformed', `The JSON is nested deeper than ${nestingMax} levels.`)
  if (prototypeKey.test(text)) throw fault('malformed', 'The JSON has a property named "__proto__", which no FHIR element is.')
  const value = parsed(text)
  if (propertiesIn(value) < properties) throw fault('malformed', 'The JSON has an object with the same property twice.')
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw malformed(text, error)
  }
}

/** As many as the text has, unless one stands twice in an object: the later has then taken the place of the earlier. */
function propertiesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) for (const item of value) count += propertiesIn(item)
  else for (const key in value) count += 1 + propertiesIn((value as Readonly<Record<string, unknown>>)[key])
  return count
}

/**
 * The value with numbers that keep their digits when they are written again; undefined where every number does so anyway.
 * It is for `JSON.stringify` alone: such a number is no number to a reader.
 */
export const exactJson = (text: string): unknown => (inexactNumber.test(text) ? JSON.parse(text, exactNumber as Reviver) : undefined)

/**
 * A number that JavaScript would write otherwise: 1.50, 1e3, more digits than it keeps. Of those it looks at no more than it
 * needs.
 */
const inexactNumber = /[:[,]\s*-?(?:[\d.]{16}|(?:\d+\.\d*0|\d+(?:\.\d+)?[eE][+-]?\d+)\s*[,}\]])/

/** Indented for people. Numbers keep their digits: 1.00 stays 1.00. */
export const prettyJson = (text: string): string => JSON.stringify(parseExact(text), null, 2)

/** Parsed with every number as the digits it was written in, which `JSON.stringify` writes out again (`digitsOf` reads them). */
export const parseExact = (text: string): unknown => JSON.parse(text, exactNumber as Reviver)

type Reviver = (key: string, value: unknown) => unknown
type Digits = { readonly rawJSON: string }

/** Source text access, which the compiler's library does not know yet (ECMA-262, JSON.rawJSON). */
const sourceText = JSON as unknown as { rawJSON: (text: string) => Digits; isRawJSON: (value: unknown) => value is Digits }

/** A number by its digits, for `JSON.stringify` to write as they are. */
export const numberOf = (digits: string): unknown => sourceText.rawJSON(digits)

/** The digits of a number that `parseExact` has read; undefined for anything else. */
export const digitsOf = (value: unknown): string | undefined => (sourceText.isRawJSON(value) ? value.rawJSON : undefined)

const exactNumber = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === 'number' && source !== undefined ? numberOf(source) : value

/** Also where it is spelt with escapes. */
const prototypeKey = /"(?:_|\\u005f){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006f)(?:t|\\u0074)(?:o|\\u006f)(?:_|\\u005f){2}"\s*:/i

const quote = 0x22
const backslash = 0x5c

/** How many arrays and objects are open at once, and how many properties there are. What stands in strings does not count. */
function shapeOf(text: string): { deepest: number; properties: number } {
  let depth = 0
  let deepest = 0
  let properties = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === quote) at = endOfString(text, at)
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (char === 0x7d || char === 0x5d) depth--
    else if (char === 0x3a) properties++
  }
  return { deepest, properties }
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return end
  }
  return text.length
}

function malformed(text: string, error: unknown): Fault {
  const before = text.slice(0, brokenAt(text, errorMessage(error)))
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  return fault('malformed', `The body is not valid JSON: it breaks at line ${line}, column ${column}.`)
}

/** V8 says the position of most errors; of a token that cannot stand where it does it only quotes the text around it. */
function brokenAt(text: string, message: string): number {
  const told = /at position (\d+)/.exec(message)?.[1]
  if (told !== undefined) return Number(told)
  return message.startsWith('Unexpected end') ? text.length : firstStrayToken(text)
}

const lexeme = /\s*(?:[{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|(?:-?\d[\d.eE+-]*|true|false|null)(?!\w))/y

/** What may not follow: a closing or dividing sign where a value, or a name, has to come. */
const strayAfter: Readonly<Record<string, string>> = { ':': '}],:', ',': '}],:', '[': '},:', '{': '],:' }

function firstStrayToken(text: string): number {
  const next = new RegExp(lexeme)
  for (let previous = ','; next.lastIndex < text.length; ) {
    const start = next.lastIndex
    const found = next.exec(text)?.[0].trimStart()
    if (found === undefined) return start + (/^\s*/.exec(text.slice(start))?.[0].length ?? 0)
    if (found.length === 1 && strayAfter[previous]?.includes(found)) return next.lastIndex - 1
    previous = found
  }
  return text.length
}
