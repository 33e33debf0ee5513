/**
 * When an event is: a DATE, a time in UTC, in a zone that it names, or in none (floating: the zone of whoever it is for).
 * https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5
 * Left out: VTIMEZONE. A TZID that names no zone (zone-named.ts) is refused by name.
 */
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import type { Property } from './content-lines.ts'
import { zoneNamed } from './zone-named.ts'

/** How local time is read, handed in by whoever knows (`scheduling/local-time.ts`). */
export type Clock = {
  readonly instantOnDay: (zone: string, day: number, minutes: number) => number
  readonly isTimeZone: (name: string) => boolean
  /** Days since 1970-01-01 and minutes since midnight. */
  readonly reading: (zone: string, at: number) => { readonly day: number; readonly minutes: number }
}

export type EventTime = {
  /** Days since 1970-01-01, by the calendar of the zone. */
  readonly day: number
  /** Since midnight; undefined for a whole day. */
  readonly minutes?: number
  readonly zone: string
}

const pattern = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/

/** `zone` is that of floating times. Throws `value`. */
export function timeOf(value: string, params: Property['params'], zone: string, clock: Clock): EventTime {
  const [, year, month, date, hours, minutes, seconds, utc] = pattern.exec(value.trim()) ?? []
  const day = Date.UTC(Number(year), Number(month) - 1, Number(date)) / dayMs
  const written = `${year}-${month}-${date}`
  if (year === undefined || new Date(day * dayMs).toISOString().slice(0, 10) !== written)
    throw fault('value', `${value.slice(0, 30)} is neither a DATE nor a DATE-TIME.`)
  if (hours === undefined) return { day, zone }
  const at = Number(hours) * 60 + Number(minutes) + Number(seconds) / 60
  if (at >= 24 * 60) throw fault('value', `${value.slice(0, 30)} is no time of a day.`)
  return { day, minutes: at, zone: utc === 'Z' ? 'UTC' : params.TZID === undefined ? zone : zoneOf(params.TZID, clock) }
}

function zoneOf(tzid: string, { isTimeZone }: Clock): string {
  const zone = zoneNamed(tzid, isTimeZone)
  if (zone !== undefined) return zone
  throw fault('value', `TZID=${tzid.slice(0, 60)} is neither an IANA time zone nor one of Windows'.`)
}

/** The instant; of a day, its midnight. */
export const instantAt = ({ day, minutes = 0, zone }: EventTime, clock: Clock): number => clock.instantOnDay(zone, day, minutes)

export type Duration = { readonly days: number; readonly ms: number }

/** https://www.rfc-editor.org/rfc/rfc5545#section-3.3.6 */
export function durationOf(value: string): Duration {
  const match = /^\+?P(?:(\d{1,5})W|(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?)$/.exec(value.trim())
  if (!match || value.endsWith('P') || value.endsWith('T')) throw fault('value', `DURATION:${value.slice(0, 30)} is not understood.`)
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number]
  return { days: weeks * 7 + days, ms: ((hours * 60 + minutes) * 60 + seconds) * 1000 }
}
