/**
 * A Schedule's own week: `StructureDefinition/availability` (docs/time.md) as rules of local time.
 * A rule says when openings start and end on a clock; `availability.ts` turns it into instants, in the plan's zone.
 * Left out: R4's availableTime and hoursOfOperation (`opening-hours.ts`), and any calendar date but the rule's own period.
 */
import { fault } from '../base/fault.ts'
import { slotMinutesDefault } from '../base/limits.ts'
import { spanOf } from '../fhir/date-time.ts'
import type { Resource } from '../fhir/resource.ts'
import type { CodeableConcept } from './concept.ts'
import {
  availabilityUrl,
  extensionsOf,
  only,
  type Part,
  type Period,
  partsOf,
  readBoolean,
  readCode,
  readConcept,
  readInteger,
  readPeriod,
  readTime,
} from './extension-parts.ts'

/** https://hl7.org/fhir/R4/valueset-days-of-week.html, Monday first as in ISO 8601. */
export const dayCodes = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type DayCode = (typeof dayCodes)[number]

export type AvailabilityRule = {
  /** Empty means every day. The day is the one an opening starts on. */
  readonly days: readonly DayCode[]
  readonly startMinutes: number
  /** At or before the start means the next day. */
  readonly endMinutes: number
  /** From local midnight to the next, whatever the minutes say. */
  readonly allDay: boolean
  /** Local dates, both included: those an opening may start on. */
  readonly period?: { readonly start?: string; readonly end?: string }
  /** Every n-th week, Monday to Sunday, from the week of period.start. */
  readonly weekInterval: number
  readonly slotMinutes: number
  readonly serviceType?: readonly CodeableConcept[]
  /** The resource that says so, `Schedule/1`: for whoever asks why. */
  readonly source?: string
}

const partNames = ['daysOfWeek', 'startTime', 'endTime', 'allDay', 'period', 'weekInterval', 'slotMinutes', 'serviceType']

export const isDayCode = (code: unknown): code is DayCode => (dayCodes as readonly unknown[]).includes(code)

/** The rules that the resource itself gives, in their order; a malformed part is a Fault that names its element. */
export const readAvailability = (resource: Resource): AvailabilityRule[] => extensionsOf(resource, availabilityUrl).map(readRule)

function readRule(whole: Part): AvailabilityRule {
  const parts = partsOf(whole, partNames)
  const [start, end, allDay] = [only(parts, 'startTime'), only(parts, 'endTime'), only(parts, 'allDay')]
  const wholeDay = allDay !== undefined && readBoolean(allDay)
  if (!wholeDay && !(start && end)) throw fault('value', 'availability needs a startTime and an endTime, or allDay true.', whole.path)
  const [period, interval, slot] = [only(parts, 'period'), only(parts, 'weekInterval'), only(parts, 'slotMinutes')]
  const dates = period && datesOf(readPeriod(period), period.path)
  const weekInterval = interval ? readInteger(interval, 1) : 1
  if (weekInterval > 1 && !dates?.start) throw fault('value', 'weekInterval counts from period.start, which is missing.', whole.path)
  const serviceType = parts.filter((part) => part.name === 'serviceType').map(readConcept)
  return {
    days: parts.filter((part) => part.name === 'daysOfWeek').map(readDay),
    startMinutes: start ? readTime(start) : 0,
    endMinutes: end ? readTime(end) : 0,
    allDay: wholeDay,
    weekInterval,
    slotMinutes: slot ? readInteger(slot, 1) : slotMinutesDefault,
    ...(dates && { period: dates }),
    ...(serviceType.length > 0 && { serviceType }),
  }
}

function readDay(part: Part): DayCode {
  const code = readCode(part)
  if (isDayCode(code)) return code
  throw fault('value', `daysOfWeek is one of ${dayCodes.join(', ')}, one entry for each day.`, part.path)
}

/** A Period as local dates, as they are written: `2026-11` is from its first day to its last. */
export function datesOf(period: Period, path: string): { start?: string; end?: string } {
  const start = period.start === undefined ? undefined : dateIn(period.start, 'first', path)
  const end = period.end === undefined ? undefined : dateIn(period.end, 'last', path)
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
}

function dateIn(text: string, which: 'first' | 'last', path: string): string {
  const span = spanOf(text.slice(0, 10))
  if (!span) throw fault('value', 'A period is given in dates such as 2026-11-30.', path)
  return new Date(which === 'first' ? span.lower : span.upper - 1).toISOString().slice(0, 10)
}
