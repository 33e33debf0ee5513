/**
 * The visits that a recurrenceTemplate comes to: the same local time on each of its days, on both sides of a clock change.
 * https://hl7.org/fhir/R5/appointment-definitions.html#Appointment.recurrenceTemplate
 * A month without the day (the 31st, a fifth Monday, 29 February) has no visit, as in RFC 5545 3.3.10. Excluded dates keep
 * their number and count to `occurrenceCount`, as its EXDATE does.
 * Left out: whether these times can be had (`booking/series/book-series.ts`).
 */
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { seriesStepsMax, seriesVisitsMax } from '../base/limits.ts'
import { instantOnDay, localReading, weekdayOf, weekOf } from './local-time.ts'
import { type NthWeekday, type RecurrenceTemplate, recurrenceTemplateUrl } from './recurrence-template.ts'

export type Occurrence = {
  /** Its number in the pattern, from 1. */
  readonly id: number
  /** Unix milliseconds. */
  readonly start: number
}

/** `start` is the first visit's. Throws `value` where that is none of the pattern, `too-costly`. */
export function occurrences(template: RecurrenceTemplate, zone: string, start: number): Occurrence[] {
  const first = localReading(zone, start)
  const found: Occurrence[] = []
  let id = 0
  for (const day of daysOf(template, first.day)) {
    if (id === 0 && day !== first.day) break
    if ((template.lastDay !== undefined && day > template.lastDay) || id === template.count) break
    id += 1
    if (id > seriesVisitsMax) throw fault('too-costly', `A series has at most ${seriesVisitsMax} visits.`, path('occurrenceCount'))
    if (template.excludedDays.has(day) || template.excludedIds.has(id)) continue
    // The first visit's own instant: of an hour that happens twice it may mean the second.
    found.push({ id, start: day === first.day ? start : instantOnDay(zone, day, first.minutes) })
  }
  if (found[0]?.id !== 1)
    throw fault('value', 'The first visit stands on a day that its own recurrenceTemplate leaves out.', path('recurrenceType'))
  return found
}

const path = (part: string): string => `Appointment.extension('${recurrenceTemplateUrl}').extension('${part}')`

/** Every day of the pattern from `first` on, in order. */
function daysOf(template: RecurrenceTemplate, first: number): Iterable<number> {
  if (template.days.length > 0) return [...new Set([...template.days, first])].filter((day) => day >= first).sort((a, b) => a - b)
  if (template.type === 'd') return steps((step) => [first + step], first)
  if (template.type === 'wk') return steps((step) => daysOfWeek(template, first, step), first)
  const months = template.type === 'mo' ? template.interval : 12 * template.interval
  return steps((step) => dayOfMonth(template, first, step * months), first)
}

function* steps(daysAt: (step: number) => readonly number[], first: number): Generator<number> {
  for (let step = 0; step < seriesStepsMax; step++) yield* daysAt(step).filter((day) => day >= first)
}

function daysOfWeek({ weekdays = [], interval }: RecurrenceTemplate, first: number, step: number): number[] {
  const monday = (weekOf(first) + step * interval) * 7 - 3
  return (weekdays.length > 0 ? weekdays : [weekdayOf(first)]).map((weekday) => monday + weekday)
}

/** The day of the month that lies so many months after the first visit's; none where that month has none. */
function dayOfMonth({ nthWeekday, dayOfMonth }: RecurrenceTemplate, first: number, months: number): number[] {
  const date = new Date(first * dayMs)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months]
  const [start, next] = [Date.UTC(year, month, 1) / dayMs, Date.UTC(year, month + 1, 1) / dayMs]
  const day = nthWeekday ? nthIn(nthWeekday, start, next) : start + (dayOfMonth ?? date.getUTCDate()) - 1
  return day < next ? [day] : []
}

function nthIn({ nth, weekday }: NthWeekday, start: number, next: number): number {
  const earliest = start + ((weekday - weekdayOf(start) + 7) % 7)
  if (nth !== 'last') return earliest + 7 * (nth - 1)
  return earliest + 7 * Math.floor((next - 1 - earliest) / 7)
}
