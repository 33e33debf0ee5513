/**
 * FHIR dates and times as spans of instants: `2026-01` is the whole month, `2026-01-05T09:00:00Z` a second, half-open.
 * https://hl7.org/fhir/R4/datatypes.html#dateTime and https://hl7.org/fhir/R4/search.html#date
 * A date without a zone is read as UTC. Left out: `time`, and anything about clinics' own zones.
 */
import { dayMs } from '../base/durations.ts'

/** Unix milliseconds, [lower, upper). Infinity where a Period is open. */
export type Span = { readonly lower: number; readonly upper: number }

const pattern = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/

/** Date.UTC without its habit of reading the years 0 to 99 as 1900 to 1999. */
function utc(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day)
}

/** Minutes east of UTC; NaN where no clock on earth is set so. */
function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))]
  if (hours > 14 || minutes > 59) return Number.NaN
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

/**
 * The span that a date, dateTime or instant stands for at the precision it is written in; undefined where it is no date
 * (2026-02-30). Finer than a millisecond is a millisecond. Hours and minutes without seconds are for queries alone.
 */
export function spanOf(text: string): Span | undefined {
  const parts = pattern.exec(text)
  if (!parts) return undefined
  const [year, month, day] = [Number(parts[1]), Number(parts[2] ?? 1), Number(parts[3] ?? 1)]
  if (year < 1 || month < 1 || month > 12) return undefined
  if (day < 1 || day > new Date(utc(year, month, 0)).getUTCDate()) return undefined
  if (parts[2] === undefined) return { lower: utc(year, 0, 1), upper: utc(year + 1, 0, 1) }
  if (parts[3] === undefined) return { lower: utc(year, month - 1, 1), upper: utc(year, month, 1) }
  const midnight = utc(year, month - 1, day)
  if (parts[4] === undefined) return { lower: midnight, upper: midnight + dayMs }
  return timeSpan(midnight, parts)
}

function timeSpan(midnight: number, parts: RegExpExecArray): Span | undefined {
  const [hour, minute, second] = [Number(parts[4]), Number(parts[5]), Number(parts[6] ?? 0)]
  const offset = offsetMinutes(parts[8])
  // A leap second (:60) is the first second of the next minute.
  if (hour > 23 || minute > 59 || second > 60 || Number.isNaN(offset)) return undefined
  const whole = midnight + (hour * 3600 + (minute - offset) * 60 + second) * 1000
  const fraction = parts[7]
  if (fraction === undefined) return { lower: whole, upper: whole + (parts[6] === undefined ? 60_000 : 1000) }
  const digits = Math.min(fraction.length, 3)
  const lower = whole + Number(fraction.slice(0, 3).padEnd(3, '0'))
  return { lower, upper: lower + 10 ** (3 - digits) }
}

/** The least span that holds them all; undefined where there is none. */
export function hullOf(spans: readonly Span[]): Span | undefined {
  const first = spans[0]
  if (!first || spans.length === 1) return first
  return spans.reduce((hull, span) => ({ lower: Math.min(hull.lower, span.lower), upper: Math.max(hull.upper, span.upper) }), first)
}

/** What ISO 8601 and Postgres both write in four digits; `9999-12-31` as a forever ends just past it. */
const firstInstant = utc(1, 0, 1)
const lastInstant = utc(10_000, 0, 1)

/** As Postgres reads a timestamptz: ISO 8601 in UTC; `infinity` and `-infinity` outside the years 1 to 9999. */
export function timestampText(ms: number): string {
  if (ms >= lastInstant) return 'infinity'
  return ms < firstInstant ? '-infinity' : new Date(ms).toISOString()
}
