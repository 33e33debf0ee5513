/**
 * A clinic's clock: from local readings to instants and back, in IANA zones.
 * A reading that does not exist that day is taken with the offset before the gap, one that happens twice
 * means the first (RFC 5545 3.3.5; Temporal's `compatible`,
 * https://tc39.es/proposal-temporal/#sec-temporal-disambiguatepossibleepochnanoseconds). Offsets are remembered a UTC day at a
 * time: asking Intl costs some microseconds, and 90 days ask a thousand times.
 */
import { IANAZone } from 'luxon'
import { dayMs, minuteMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { zoneDaysRemembered, zonesRemembered } from '../base/limits.ts'
import { isTimeZone } from '../base/time-zones.ts'

/** A local date as days since 1970-01-01, the weekday with Monday 0, and minutes since midnight as the clock shows them. */
export type LocalReading = { readonly day: number; readonly weekday: number; readonly minutes: number }

/** The offset in milliseconds over one UTC day; no zone changes twice in one. */
type OffsetsOfDay = { readonly before: number; readonly after: number; readonly change: number }
type KnownZone = { readonly zone: IANAZone; readonly days: Map<number, OffsetsOfDay> }

const known = new Map<string, KnownZone>()

function knownZone(name: string): KnownZone {
  const found = known.get(name)
  if (found) return found
  if (!isTimeZone(name)) throw fault('value', `There is no time zone ${JSON.stringify(name)}; use an IANA name such as America/New_York.`)
  if (known.size >= zonesRemembered) known.clear()
  const fresh = { zone: IANAZone.create(name), days: new Map<number, OffsetsOfDay>() }
  known.set(name, fresh)
  return fresh
}

function learn({ zone, days }: KnownZone, day: number): OffsetsOfDay {
  const offset = (at: number): number => Math.round(zone.offset(at) * minuteMs)
  let [low, high] = [day * dayMs, (day + 1) * dayMs - 1]
  const [before, after] = [offset(low), offset(high)]
  while (before !== after && high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offset(middle) === before) low = middle
    else high = middle
  }
  const learnt = { before, after, change: before === after ? Number.POSITIVE_INFINITY : high }
  if (days.size >= zoneDaysRemembered) days.clear()
  days.set(day, learnt)
  return learnt
}

/** Milliseconds that the zone's clock is ahead of UTC at that instant. */
function offsetAt(zone: KnownZone, at: number): number {
  const day = Math.floor(at / dayMs)
  const offsets = zone.days.get(day) ?? learn(zone, day)
  return at < offsets.change ? offsets.before : offsets.after
}

/** The instant at which the zone's clock reads that many minutes after midnight of that day; past the day's end rolls over. */
export function instantOnDay(zone: string, day: number, minutes: number): number {
  const clock = knownZone(zone)
  const reading = day * dayMs + Math.round(minutes * minuteMs)
  // No zone is a day away from UTC, so these are the offsets on both sides of any change near the reading.
  const [before, after] = [offsetAt(clock, reading - dayMs), offsetAt(clock, reading + dayMs)]
  const first = reading - before
  if (before === after || offsetAt(clock, first) === before) return first
  const second = reading - after
  return offsetAt(clock, second) === after ? second : first
}

/** The same for a calendar date; month 1 to 12. */
export const localInstant = (zone: string, year: number, month: number, day: number, minutes: number): number =>
  instantOnDay(zone, new Date(0).setUTCFullYear(year, month - 1, day) / dayMs, minutes)

/** What the zone's clock and calendar show at an instant. */
export function localReading(zone: string, at: number): LocalReading {
  const local = at + offsetAt(knownZone(zone), at)
  const day = Math.floor(local / dayMs)
  return { day, weekday: weekdayOf(day), minutes: (local - day * dayMs) / minuteMs }
}

/** The zone's calendar date at an instant, `2026-11-23`. */
export const localDate = (zone: string, at: number): string => new Date(localReading(zone, at).day * dayMs).toISOString().slice(0, 10)

/** Whether minutes since local midnight, as the clock shows them, are a multiple of the alignment. */
export const isAligned = (minutes: number, alignment: number | undefined): boolean => alignment === undefined || minutes % alignment === 0

/** Monday 0 to Sunday 6; 1970-01-01 was a Thursday. */
export const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7

/** ISO weeks (Monday to Sunday) counted from the one of 1970-01-01. */
export const weekOf = (day: number): number => Math.floor((day + 3) / 7)

const units = [
  { minutes: 24 * 60, name: 'day' },
  { minutes: 60, name: 'hour' },
  { minutes: 1, name: 'minute' },
]

/** In the largest unit that says it exactly: 2880 is two days, 90 is 90 minutes. */
export function spokenMinutes(minutes: number): string {
  const unit = units.find((one) => minutes % one.minutes === 0)
  const count = minutes / (unit?.minutes ?? 1)
  return `${count} ${unit?.name}${count === 1 ? '' : 's'}`
}
