/**
 * R5's `Appointment.recurrenceTemplate` as R4 carries it, an extension: how a series of visits repeats.
 * https://hl7.org/fhir/R5/appointment-definitions.html#Appointment.recurrenceTemplate
 * Left out: which days that comes to (`series.ts`).
 */

import { fault } from '../base/fault.ts'
import { isTimeZone } from '../base/time-zones.ts'
import type { Resource } from '../fhir/resource.ts'
import { type DayCode, dayCodes } from './availability-rules.ts'
import { extensionsOf, only, type Part, partsOf, readBoolean, readCoded, readDay, readInteger } from './extension-parts.ts'

const r5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment'
export const recurrenceTemplateUrl = `${r5}.recurrenceTemplate`
export const recurrenceIdUrl = `${r5}.recurrenceId`
export const occurrenceChangedUrl = `${r5}.occurrenceChanged`
export const originatingAppointmentUrl = `${r5}.originatingAppointment`

/** UCUM's day, week, month and year. */
const recurrenceTypes = ['d', 'wk', 'mo', 'a'] as const

/** The second Tuesday of a month; `last` is the last one. */
export type NthWeekday = { readonly nth: number | 'last'; readonly weekday: number }

/** Days are counted from 1970-01-01, weekdays from Monday 0. */
export type RecurrenceTemplate = {
  /** Where the local time is kept; undefined: the Schedule's. */
  readonly zone?: string
  readonly type: (typeof recurrenceTypes)[number]
  readonly count?: number
  readonly lastDay?: number
  /** These days, whatever the pattern. */
  readonly days: readonly number[]
  /** Undefined: the weekday of the first visit. */
  readonly weekdays?: readonly number[]
  /** Every n-th week, month or year. */
  readonly interval: number
  readonly dayOfMonth?: number
  readonly nthWeekday?: NthWeekday
  readonly excludedDays: ReadonlySet<number>
  readonly excludedIds: ReadonlySet<number>
}

/** Undefined: the Appointment says no series. Throws `required`, `value`. */
export function recurrenceTemplate(resource: Resource): RecurrenceTemplate | undefined {
  const [whole, second] = extensionsOf(resource, recurrenceTemplateUrl)
  if (!whole) return undefined
  if (second) throw fault('value', 'A series has one recurrenceTemplate.', second.path)
  const parts = partsOf(whole, names)
  const kind = only(parts, 'recurrenceType')
  if (!kind) throw fault('required', 'A recurrenceTemplate says its recurrenceType: d, wk, mo or a.', whole.path)
  const type = readCoded(kind, recurrenceTypes)
  const [count, last] = [only(parts, 'occurrenceCount'), only(parts, 'lastOccurrenceDate')]
  const days = allOf(parts, 'occurrenceDate').map(readDay)
  if (!count && !last && days.length === 0)
    throw fault('required', 'A series ends: say occurrenceCount, lastOccurrenceDate, or each occurrenceDate.', whole.path)
  return {
    zone: zoneIn(only(parts, 'timezone')),
    type,
    count: count && readInteger(count, 1),
    lastDay: last && readDay(last),
    days,
    ...patternIn(parts, type),
    excludedDays: new Set(allOf(parts, 'excludingDate').map(readDay)),
    excludedIds: new Set(allOf(parts, 'excludingRecurrenceId').map((part) => readInteger(part, 1))),
  }
}

const patterns = { d: undefined, wk: 'weeklyTemplate', mo: 'monthlyTemplate', a: 'yearlyTemplate' } as const
const names = [
  'timezone',
  'recurrenceType',
  'lastOccurrenceDate',
  'occurrenceCount',
  'occurrenceDate',
  'weeklyTemplate',
  'monthlyTemplate',
  'yearlyTemplate',
  'excludingDate',
  'excludingRecurrenceId',
]
const weekdayNames = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const weeksOfMonth = ['first', 'second', 'third', 'fourth', 'last'] as const

const allOf = (parts: readonly Part[], name: string): Part[] => parts.filter((part) => part.name === name)

function zoneIn(part: Part | undefined): string | undefined {
  if (!part) return undefined
  const { valueCodeableConcept: concept, valueCode: code } = part.element as {
    valueCodeableConcept?: { coding?: { code?: string }[] }
    valueCode?: string
  }
  const zone = code ?? concept?.coding?.[0]?.code
  if (zone !== undefined && isTimeZone(zone)) return zone
  throw fault('value', 'The timezone is an IANA name such as America/New_York, as a CodeableConcept.', part.path)
}

type Pattern = Pick<RecurrenceTemplate, 'weekdays' | 'interval' | 'dayOfMonth' | 'nthWeekday'>

/** A pattern of another type than the recurrence's would be ignored in silence: it is refused. */
function patternIn(parts: readonly Part[], type: RecurrenceTemplate['type']): Pattern {
  const stranger = parts.find(({ name }) => name.endsWith('lyTemplate') && name !== patterns[type])
  if (stranger) throw fault('value', `A recurrenceType ${type} has no ${stranger.name}.`, stranger.path)
  const part = parts.find(({ name }) => name === patterns[type])
  if (!part) return { interval: 1 }
  if (type === 'wk') return weekly(part)
  if (type === 'mo') return monthly(part)
  return { interval: intervalIn(partsOf(part, ['yearInterval']), 'yearInterval') }
}

function intervalIn(parts: readonly Part[], name: string): number {
  const part = only(parts, name)
  return part ? readInteger(part, 1) : 1
}

function weekly(whole: Part): Pattern {
  const parts = partsOf(whole, [...weekdayNames, 'weekInterval'])
  const weekdays = weekdayNames.flatMap((name, weekday) => {
    const part = only(parts, name)
    return part && readBoolean(part) ? [weekday] : []
  })
  return { interval: intervalIn(parts, 'weekInterval'), ...(weekdays.length > 0 && { weekdays }) }
}

function monthly(whole: Part): Pattern {
  const parts = partsOf(whole, ['dayOfMonth', 'nthWeekOfMonth', 'dayOfWeek', 'monthInterval'])
  const [date, nth, weekday] = [only(parts, 'dayOfMonth'), only(parts, 'nthWeekOfMonth'), only(parts, 'dayOfWeek')]
  const interval = intervalIn(parts, 'monthInterval')
  if ((nth === undefined) !== (weekday === undefined) || (date && nth))
    throw fault('value', 'A monthlyTemplate says dayOfMonth, or nthWeekOfMonth with dayOfWeek.', whole.path)
  if (nth && weekday) return { interval, nthWeekday: { nth: nthIn(nth), weekday: weekdayIn(weekday) } }
  if (!date) return { interval }
  const dayOfMonth = readInteger(date, 1)
  if (dayOfMonth > 31) throw fault('value', 'A dayOfMonth is 1 to 31.', date.path)
  return { interval, dayOfMonth }
}

function nthIn(part: Part): number | 'last' {
  const code = readCoded(part, weeksOfMonth)
  return code === 'last' ? code : weeksOfMonth.indexOf(code) + 1
}

const weekdayIn = (part: Part): number => dayCodes.indexOf(readCoded<DayCode>(part, dayCodes))
