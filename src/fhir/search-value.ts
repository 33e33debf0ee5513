/**
 * The grammar of search values: commas and their escapes, tokens, dates with prefixes, places.
 * https://hl7.org/fhir/R4/search.html#escaping #prefix #token and https://hl7.org/fhir/R4/location.html#positional
 * A value that cannot be meant is a Fault that names its parameter and never quotes it: it may be a patient's.
 */
import { fault } from '../base/fault.ts'
import { nearKilometresDefault, searchOrListMax } from '../base/search-limits.ts'
import { type Span, spanOf } from './date-time.ts'

/** `system` undefined is any, empty is none; `code` undefined is any. */
export type TokenValue = { readonly system?: string; readonly code?: string }
export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'
export type DateValue = Span & { readonly prefix: Prefix }
export type NearValue = { readonly latitude: number; readonly longitude: number; readonly kilometres: number }

/** Splits at each `separator` that no backslash stands before; the escapes stay. Empty pieces stay too. */
export function splitUnescaped(text: string, separator: string): string[] {
  const pieces: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === separator) {
      pieces.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...pieces, text.slice(from)]
}

/** `\,` `\|` `\$` `\\` mean the character itself; any other backslash is a backslash. */
export const unescaped = (text: string): string => (text.includes('\\') ? text.replace(/\\([,|$\\])/g, '$1') : text)

/** The alternatives of a value, escapes still in; empty ones are dropped. */
export function splitValues(name: string, value: string): string[] {
  const values = splitUnescaped(value, ',').filter(Boolean)
  if (values.length > searchOrListMax) {
    throw fault('too-costly', `\`${name}\` lists ${values.length} values; at most ${searchOrListMax} are looked for at once.`, name)
  }
  return values
}

export function parseToken(name: string, text: string): TokenValue {
  const [first = '', ...rest] = splitUnescaped(text, '|').map(unescaped)
  if (rest.length === 0) return { code: first }
  const code = rest.join('|')
  if (first === '' && code === '') throw fault('value', `\`${name}\` wants code, system|code, system| or |code.`, name)
  return { system: first, ...(code !== '' && { code }) }
}

const datePattern = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d.*)$/

export function parseDate(name: string, text: string): DateValue {
  const [, prefix = 'eq', date = ''] = datePattern.exec(text) ?? []
  // A `+` that was not percent-encoded arrives as a blank.
  const span = spanOf(date.replace(' ', '+'))
  if (!span) {
    throw fault(
      'value',
      `\`${name}\` wants a date that exists, such as 2026-05-01 or 2026-05-01T09:00:00Z, with or without a prefix such as ge.`,
      name,
    )
  }
  return { prefix: prefix as Prefix, ...span }
}

const kilometresPer: Readonly<Record<string, number>> = { km: 1, m: 0.001, mi: 1.609344, '[mi_us]': 1.609347 }

const number = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))

export function parseNear(name: string, text: string): NearValue {
  const [latitudeText = '', longitudeText = '', distanceText = '', unit = '', ...more] = splitUnescaped(text, '|').map(unescaped)
  const [latitude, longitude] = [number(latitudeText), number(longitudeText)]
  const distance = distanceText === '' ? nearKilometresDefault : number(distanceText)
  const kilometres = distance * (kilometresPer[unit || 'km'] ?? Number.NaN)
  if (more.length > 0 || !(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && kilometres >= 0 && Number.isFinite(kilometres))) {
    throw fault('value', `\`${name}\` wants latitude|longitude|distance|unit, for example 42.36|-71.06|10|km.`, name)
  }
  return { latitude, longitude, kilometres }
}
