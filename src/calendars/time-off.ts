/**
 * The VEVENTs of a calendar as time off: each as the Periods in which somebody is away, up to a horizon.
 * https://www.rfc-editor.org/rfc/rfc5545#section-3.6.1
 * An event that is cancelled or TRANSPARENT takes nobody's time and is skipped; one that cannot be read whole is refused
 * by its UID and says why, and the others are read all the same. Left out: VTODO, VFREEBUSY, THISANDFUTURE.
 */
import { dayMs } from '../base/durations.ts'
import { Fault, fault } from '../base/fault.ts'
import { type Component, calendarsIn, type Property, textOf } from './content-lines.ts'
import { type Clock, durationOf, type EventTime, instantAt, timeOf } from './event-times.ts'
import { recurrenceOf, recurringDays } from './recurrence.ts'

export type TimeOff = {
  readonly uid: string
  /** A date where it is whole days, the last one included; else an instant. */
  readonly start: string
  readonly end: string
  readonly description?: string
}

export type TimeOffRead = {
  readonly timeOff: readonly TimeOff[]
  readonly uids: readonly string[]
  readonly skipped: number
  readonly refused: readonly { readonly uid: string; readonly why: string }[]
}

export type Reading = {
  readonly clock: Clock
  /** Of floating times. */
  readonly zone: string
  /** What has ended before, or begins at or after, is left out. Unix milliseconds. */
  readonly from: number
  readonly until: number
  /** Summaries may say more than patients should read: only where they are asked for. */
  readonly summaries: boolean
}

/** Throws `structure` where the file is no calendar. */
export function timeOffIn(text: string, reading: Reading): TimeOffRead {
  const events = calendarsIn(text).flatMap(({ parts }) => parts.filter(({ name }) => name === 'VEVENT'))
  const byUid = Map.groupBy(events, (event) => said(event, 'UID') ?? '')
  const timeOff: TimeOff[] = []
  const refused: { uid: string; why: string }[] = []
  let skipped = 0
  for (const [uid, versions] of byUid) {
    try {
      if (uid === '') throw fault('required', 'An event has no UID.')
      const found = ofSeries(uid, versions, reading)
      if (found) timeOff.push(...found)
      else skipped++
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      refused.push({ uid, why: error.message })
    }
  }
  return { timeOff, uids: [...byUid.keys()].filter((uid) => uid !== '' && !refused.some((one) => one.uid === uid)), skipped, refused }
}

const property = (event: Component, name: string): Property | undefined => event.properties.find((one) => one.name === name)
const said = (event: Component, name: string): string | undefined => property(event, name)?.value.trim()

const takesTime = (event: Component): boolean =>
  said(event, 'STATUS')?.toUpperCase() !== 'CANCELLED' && said(event, 'TRANSP')?.toUpperCase() !== 'TRANSPARENT'

/** One UID: the event itself, the last of several, and the days on which it was moved. Undefined: it takes nobody's time. */
function ofSeries(uid: string, versions: readonly Component[], reading: Reading): TimeOff[] | undefined {
  const bySequence = versions.toSorted((a, b) => Number(said(a, 'SEQUENCE') ?? 0) - Number(said(b, 'SEQUENCE') ?? 0))
  const master = bySequence.findLast((event) => !property(event, 'RECURRENCE-ID'))
  const moved = new Map<string, Component>()
  for (const event of bySequence) {
    const id = property(event, 'RECURRENCE-ID')
    if (!id) continue
    if (id.params.RANGE !== undefined) throw fault('value', 'RECURRENCE-ID with RANGE is not understood.')
    moved.set(nameOf(timeOf(id.value, id.params, reading.zone, reading.clock), reading.clock), event)
  }
  const standing = [...moved.values()].filter(takesTime)
  if (!(master && takesTime(master)) && standing.length === 0) return undefined
  const own = master && takesTime(master) ? occurrences(uid, master, new Set(moved.keys()), reading) : []
  return [...own, ...standing.flatMap((event) => occurrences(uid, event, new Set(), reading))].sort((a, b) => (a.start < b.start ? -1 : 1))
}

/**
 * By what an EXDATE or a RECURRENCE-ID means an occurrence: its instant, or the day alone, as some programs write it of a time
 * too.
 */
const nameOf = (time: EventTime, clock: Clock): string => (time.minutes === undefined ? `day ${time.day}` : `at ${instantAt(time, clock)}`)

function occurrences(uid: string, event: Component, except: ReadonlySet<string>, reading: Reading): TimeOff[] {
  const { clock, zone, from, until } = reading
  const begins = property(event, 'DTSTART')
  if (!begins) throw fault('required', 'The event has no DTSTART.')
  const start = timeOf(begins.value, begins.params, zone, clock)
  const endOf = lengthOf(event, start, reading)
  const left = new Set([...except, ...datesOf(event, 'EXDATE', reading).map((one) => nameOf(one, clock))])
  const summary = reading.summaries && !/^(PRIVATE|CONFIDENTIAL)$/i.test(said(event, 'CLASS') ?? '') ? said(event, 'SUMMARY') : undefined
  const starts = [...daysOf(event, start, reading), ...datesOf(event, 'RDATE', reading).map((one) => further(one, start, clock))]
  const found = new Map<number, TimeOff>()
  for (const one of starts) {
    const at = instantAt(one, clock)
    const end = endOf(one)
    if (left.has(`day ${one.day}`) || left.has(`at ${at}`) || end.at <= from || at >= until) continue
    const period =
      one.minutes === undefined
        ? { start: dateText(one.day), end: dateText(end.day - 1) }
        : { start: instantText(at), end: instantText(end.at) }
    found.set(at, { uid, ...period, ...(summary && { description: textOf(summary) }) })
  }
  return [...found.values()]
}

/** At its own time of day, where it says one. */
function further(one: EventTime, start: EventTime, clock: Clock): EventTime {
  if (one.minutes === undefined) return { ...start, day: one.day }
  const { day, minutes } = clock.reading(start.zone, instantAt(one, clock))
  return start.minutes === undefined ? { ...start, day } : { ...start, day, minutes }
}

const dateText = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)
const instantText = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z')

/** The first, and those of the RRULE: at the same local time, whatever the clocks do. */
function daysOf(event: Component, start: EventTime, { clock, until }: Reading): EventTime[] {
  const [rule, second] = event.properties.filter(({ name }) => name === 'RRULE')
  if (second || property(event, 'EXRULE')) throw fault('value', 'Of RRULE there may be one, and no EXRULE.')
  if (!rule) return [start]
  const recurrence = recurrenceOf(rule.value)
  const end = recurrence.until === undefined ? undefined : timeOf(recurrence.until, {}, start.zone, clock)
  // A date as UNTIL means that whole day; of a whole-day event both sides are days.
  const last = end && (end.minutes === undefined ? { ...end, zone: start.zone, minutes: 24 * 60 - 1 } : end)
  const days = recurringDays(recurrence, start.day, Math.floor(until / dayMs) + 1)
  const times = [...days].map((day): EventTime => ({ ...start, day }))
  return last ? times.filter((one) => instantAt(one, clock) <= instantAt(last, clock)) : times
}

function datesOf(event: Component, name: 'EXDATE' | 'RDATE', { clock, zone }: Reading): EventTime[] {
  return event.properties
    .filter((one) => one.name === name)
    .flatMap(({ value, params }) => {
      if (params.VALUE === 'PERIOD') throw fault('value', `${name} with VALUE=PERIOD is not understood.`)
      return value.split(',').map((one) => timeOf(one, params, zone, clock))
    })
}

type End = { readonly day: number; readonly at: number }

/** Where an occurrence ends: days are counted by the calendar, times by the length of the first. */
function lengthOf(event: Component, start: EventTime, { clock, zone }: Reading): (one: EventTime) => End {
  const [ends, lasts] = [property(event, 'DTEND'), property(event, 'DURATION')]
  const whole = start.minutes === undefined
  const dayEnd = (days: number) => (one: EventTime) => ({ day: one.day + days, at: clock.instantOnDay(one.zone, one.day + days, 0) })
  if (ends) {
    const end = timeOf(ends.value, ends.params, zone, clock)
    if (whole !== (end.minutes === undefined)) throw fault('value', 'DTSTART and DTEND are both dates or both times.')
    const ms = instantAt(end, clock) - instantAt(start, clock)
    if (ms <= 0) throw fault('value', 'The event ends before it starts.')
    return whole ? dayEnd(end.day - start.day) : (one) => ({ day: one.day, at: instantAt(one, clock) + ms })
  }
  if (lasts) {
    const { days, ms } = durationOf(lasts.value)
    if ((whole && ms > 0) || days + ms === 0) throw fault('value', 'The DURATION of whole days is in days, and none is empty.')
    return whole ? dayEnd(days) : (one) => ({ day: one.day, at: instantAt({ ...one, day: one.day + days }, clock) + ms })
  }
  if (whole) return dayEnd(1)
  throw fault('required', 'The event has neither DTEND nor DURATION.')
}
