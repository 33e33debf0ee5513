/**
 * RRULE: the days on which something repeats. https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10
 * Days are counted from 1970-01-01, as the calendar of the event's own zone shows them; times and zones are the caller's.
 * Left out, and refused by name: repeats within a day, BYWEEKNO, BYYEARDAY, and the BYDAY of a whole year with numbers.
 */
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'

const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const periodsMax = 20_000

export type Recurrence = {
  readonly freq: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY'
  readonly interval: number
  readonly count?: number
  /** As it was written: a date or a time. */
  readonly until?: string
  /** Monday 0; `nth` of the month, from its end where negative. */
  readonly byDay: readonly { readonly weekday: number; readonly nth?: number }[]
  readonly byMonth: readonly number[]
  readonly byMonthDay: readonly number[]
  readonly bySetPos: readonly number[]
  /** Monday 0. */
  readonly weekStart: number
}

const known = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYDAY', 'BYMONTH', 'BYMONTHDAY', 'BYSETPOS', 'WKST']

/** Throws `value`, saying what is not understood. */
export function recurrenceOf(text: string): Recurrence {
  const parts = new Map(text.split(';').map((part) => part.toUpperCase().split('=') as [string, string]))
  const stranger = [...parts.keys()].find((name) => !known.includes(name))
  if (stranger !== undefined) throw fault('value', `RRULE: ${stranger.slice(0, 20)} is not understood.`)
  const freq = parts.get('FREQ')
  if (freq !== 'DAILY' && freq !== 'WEEKLY' && freq !== 'MONTHLY' && freq !== 'YEARLY')
    throw fault('value', `RRULE: FREQ=${String(freq).slice(0, 20)} is not understood.`)
  const numbers = (name: string, least: number, most: number): number[] =>
    (parts.get(name) ?? '').split(',').flatMap((one) => (one === '' ? [] : wholeNumber(name, one, least, most)))
  const byDay = (parts.get('BYDAY') ?? '').split(',').flatMap((one) => (one === '' ? [] : dayOf(one)))
  const byMonth = numbers('BYMONTH', 1, 12)
  if (byDay.some(({ nth }) => nth !== undefined) && (freq === 'DAILY' || freq === 'WEEKLY' || (freq === 'YEARLY' && byMonth.length === 0)))
    throw fault('value', `RRULE: a numbered BYDAY with FREQ=${freq} and no BYMONTH is not understood.`)
  const [count] = numbers('COUNT', 1, 1_000_000)
  return {
    ...{ freq, byDay, byMonth },
    interval: numbers('INTERVAL', 1, 10_000)[0] ?? 1,
    byMonthDay: numbers('BYMONTHDAY', -31, 31),
    bySetPos: numbers('BYSETPOS', -366, 366),
    weekStart: Math.max(0, weekdays.indexOf(parts.get('WKST') ?? 'MO')),
    ...(count !== undefined && { count }),
    ...(parts.has('UNTIL') && { until: parts.get('UNTIL') }),
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = /^[+-]?\d{1,7}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most && number !== 0) return number
  throw fault('value', `RRULE: ${name}=${text.slice(0, 20)} is not understood.`)
}

function dayOf(text: string): { weekday: number; nth?: number } {
  const [, nth = '', code = ''] = /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(text) ?? []
  if (code === '') throw fault('value', `RRULE: BYDAY=${text.slice(0, 20)} is not understood.`)
  return { weekday: weekdays.indexOf(code), ...(nth !== '' && { nth: Number(nth) }) }
}

const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7
const dateOf = (day: number): { year: number; month: number; date: number } => {
  const at = new Date(day * dayMs)
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, date: at.getUTCDate() }
}
const dayOn = (year: number, month: number, date: number): number => Date.UTC(year, month - 1, date) / dayMs

/** The days from `start` on up to `last`, at most COUNT; UNTIL is the caller's to look at. In order. */
export function* recurringDays(rule: Recurrence, start: number, last: number): Generator<number> {
  let left = rule.count ?? Number.POSITIVE_INFINITY
  for (let n = 0; n < periodsMax; n++) {
    const period = periodAt(rule, start, n * rule.interval)
    if (period.first > last) return
    for (const day of chosen(rule, start, period.days)) {
      if (day < start) continue
      if (day > last || left-- <= 0) return
      yield day
    }
  }
}

type PeriodDays = { readonly first: number; readonly days: readonly number[] }

const range = (first: number, next: number): number[] => Array.from({ length: next - first }, (_, n) => first + n)

/** The n-th day, week, month or year from the start's own, whole. */
function periodAt({ freq, weekStart }: Recurrence, start: number, n: number): PeriodDays {
  const { year, month } = dateOf(start)
  if (freq === 'DAILY') return { first: start + n, days: [start + n] }
  if (freq === 'WEEKLY') {
    const first = start - ((weekdayOf(start) - weekStart + 7) % 7) + n * 7
    return { first, days: range(first, first + 7) }
  }
  const first = freq === 'MONTHLY' ? dayOn(year, month + n, 1) : dayOn(year + n, 1, 1)
  return { first, days: range(first, freq === 'MONTHLY' ? dayOn(year, month + n + 1, 1) : dayOn(year + n + 1, 1, 1)) }
}

function chosen(rule: Recurrence, start: number, days: readonly number[]): number[] {
  const fits = dayTest(rule, start)
  const found = days.filter(fits)
  if (rule.bySetPos.length === 0) return found
  return [...new Set(rule.bySetPos.flatMap((at) => found.at(at > 0 ? at - 1 : at) ?? []))].sort((a, b) => a - b)
}

/** What the rule leaves open is as in the start. */
function dayTest(rule: Recurrence, start: number): (day: number) => boolean {
  const { freq, byDay, byMonth, byMonthDay } = rule
  const first = dateOf(start)
  const plain = byDay.length === 0 && byMonthDay.length === 0
  const months = byMonth.length > 0 ? byMonth : freq === 'YEARLY' && plain ? [first.month] : []
  const dates = byMonthDay.length > 0 ? byMonthDay : plain && (freq === 'MONTHLY' || freq === 'YEARLY') ? [first.date] : []
  const wanted = byDay.length > 0 ? byDay : plain && freq === 'WEEKLY' ? [{ weekday: weekdayOf(start) }] : []
  return (day) => {
    const { year, month, date } = dateOf(day)
    const length = dayOn(year, month + 1, 1) - dayOn(year, month, 1)
    if (months.length > 0 && !months.includes(month)) return false
    if (dates.length > 0 && !dates.includes(date) && !dates.includes(date - length - 1)) return false
    return wanted.length === 0 || wanted.some((one: Recurrence['byDay'][number]) => isNth(one, day, date, length))
  }
}

function isNth({ weekday, nth }: Recurrence['byDay'][number], day: number, date: number, length: number): boolean {
  if (weekdayOf(day) !== weekday) return false
  if (nth === undefined) return true
  return nth > 0 ? Math.ceil(date / 7) === nth : Math.ceil((length - date + 1) / 7) === -nth
}
