/**
 * What a history is asked for: how many versions, since when, current at which time.
 * https://hl7.org/fhir/R4/http.html#history
 */
import { fault } from '../base/fault.ts'
import { binariesTogetherMax } from '../base/limits.ts'
import { pageSizeDefault, pageSizeMax } from '../base/search-limits.ts'
import { type Span, spanOf, timestampText } from '../fhir/date-time.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { assertUnderstood } from '../fhir/search-remarks.ts'

/** By name; an empty value is no value. */
export type Asked = ReadonlyMap<string, string>

const known: ReadonlySet<string> = new Set(['_count', '_since', '_at', '_before', '_summary', '_elements', '_format', '_pretty'])

/**
 * What a history has no answer to, `_list` among it, is passed over and not said again in links, or refused where the client is
 * strict.
 */
export function askedOf(request: FhirRequest): Asked {
  const said = request.query.filter(([, value]) => value !== '')
  assertUnderstood({ unknown: said.flatMap(([name]) => (known.has(name) ? [] : [name])) }, request)
  return new Map(said.filter(([name]) => known.has(name)))
}

export function countAsked(asked: Asked, type?: string): number {
  const most = type === 'Binary' ? binariesTogetherMax : pageSizeMax
  const count = asked.get('_count')
  if (count === undefined) return Math.min(pageSizeDefault, most)
  if (!/^\d{1,9}$/.test(count)) throw fault('value', 'Say `_count` as a whole number, 0 or more.', '_count')
  return Math.min(Number(count), most)
}

/** ISO 8601, the first instant that is meant. */
export function sinceAsked(asked: Asked): string | undefined {
  const span = spanAsked(asked, '_since')
  return span && timestampText(span.lower)
}

/** ISO 8601, half-open. */
export function atAsked(asked: Asked): { lower: string; upper: string } | undefined {
  const span = spanAsked(asked, '_at')
  return span && { lower: timestampText(span.lower), upper: timestampText(span.upper) }
}

function spanAsked(asked: Asked, name: '_since' | '_at'): Span | undefined {
  const value = asked.get(name)
  const span = value === undefined ? undefined : spanOf(value)
  if (value === undefined || span) return span
  throw fault('value', `Say \`${name}\` as an instant, for example 2026-11-23T09:00:00Z.`, name)
}
