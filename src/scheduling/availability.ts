/**
 * From rules to openings: local weeks become spans of instants, closures are cut out, and no instant is offered twice.
 * Where two rules of a Schedule overlap, the first rule has the instant (and of one rule, the earlier day); the later
 * one yields just there. What is cut off never moves the grid: a slot stands where the rule put it, or not at all.
 * docs/time.md. Left out: Slots that were made by hand or came from an EHR, and who is busy.
 */
import { dayMs, minuteMs } from '../base/durations.ts'
import { type Interval, normalize, subtract } from '../base/interval.ts'
import { type AvailabilityRule, dayCodes } from './availability-rules.ts'
import type { CodeableConcept } from './concept.ts'
import { instantOnDay, localReading, weekdayOf, weekOf } from './local-time.ts'
import type { SchedulePlan } from './schedule-plan.ts'

/** Unix milliseconds. Slots start every `slotMinutes` from `gridStart`; those wholly within [start, end) exist. */
export type Opening = {
  readonly start: number
  readonly end: number
  readonly gridStart: number
  readonly slotMinutes: number
  readonly serviceType?: readonly CodeableConcept[]
}

/** The part of a plan that openings are made of. */
export type OpenTimes = Pick<SchedulePlan, 'active' | 'zone' | 'rules' | 'hours' | 'closures' | 'horizonStart' | 'horizonEnd'>

/** A day's opening may end two nights later on the clock: the days before the window that can reach into it. */
const daysReachingIn = 2

/** The openings of [from, until), cut to it, ordered by start. */
export function openings(plan: OpenTimes, from: number, until: number): Opening[] {
  const window = windowOf(plan, from, until)
  if (!plan.active || window.start >= window.end) return []
  let closed = closedIn(plan, window)
  const found: Opening[] = []
  for (const rule of plan.rules) {
    const whole = ruleSpans(plan.zone, rule, window)
    for (const span of whole) found.push(...cutOpening(span, rule, closed))
    closed = normalize([...closed, ...whole])
  }
  return found.sort((a, b) => a.start - b.start)
}

/** The slots of an opening. */
export function gridSlots({ start, end, gridStart, slotMinutes }: Opening): Interval[] {
  const length = slotMinutes * minuteMs
  const slots: Interval[] = []
  for (let at = gridStart + Math.ceil((start - gridStart) / length) * length; at + length <= end; at += length) {
    slots.push({ start: at, end: at + length })
  }
  return slots
}

function windowOf(plan: OpenTimes, from: number, until: number): Interval {
  const first = plan.horizonStart === undefined ? from : Math.max(from, Date.parse(plan.horizonStart))
  const last = plan.horizonEnd === undefined ? until : Math.min(until, Date.parse(plan.horizonEnd))
  return { start: first, end: last }
}

/** What can never be open: outside the window, closures, and the hours when a place is shut. */
function closedIn(plan: OpenTimes, window: Interval): Interval[] {
  const closures = plan.closures.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }))
  const shut = plan.hours.flatMap((place) =>
    subtract(
      [window],
      place.flatMap((rule) => ruleSpans(plan.zone, rule, window)),
    ),
  )
  const outside = [
    { start: Number.NEGATIVE_INFINITY, end: window.start },
    { start: window.end, end: Number.POSITIVE_INFINITY },
  ]
  return normalize([...outside, ...closures, ...shut])
}

/** Every opening of one rule that touches the window, whole, in order; a later day's begins where the earlier one ends. */
function ruleSpans(zone: string, rule: AvailabilityRule, window: Interval): (Interval & { readonly gridStart: number })[] {
  const spans: (Interval & { readonly gridStart: number })[] = []
  const last = Math.min(localReading(zone, window.end).day, dayNumber(rule.period?.end) ?? Number.POSITIVE_INFINITY)
  const first = Math.max(localReading(zone, window.start).day - daysReachingIn, dayNumber(rule.period?.start) ?? Number.NEGATIVE_INFINITY)
  const opensOn = dayTest(rule)
  let reached = Number.NEGATIVE_INFINITY
  for (let day = first; day <= last; day++) {
    if (!opensOn(day)) continue
    const { start: gridStart, end } = spanOnDay(zone, rule, day)
    const start = Math.max(gridStart, reached)
    if (start < end && end > window.start && start < window.end) spans.push({ start, end, gridStart })
    reached = end
  }
  return spans
}

function spanOnDay(zone: string, rule: AvailabilityRule, day: number): Interval {
  if (rule.allDay) return { start: instantOnDay(zone, day, 0), end: instantOnDay(zone, day + 1, 0) }
  const overnight = rule.endMinutes <= rule.startMinutes ? 1 : 0
  return { start: instantOnDay(zone, day, rule.startMinutes), end: instantOnDay(zone, day + overnight, rule.endMinutes) }
}

/** Whether the rule opens on a day: its weekdays, and its weeks counted from that of period.start. */
function dayTest(rule: AvailabilityRule): (day: number) => boolean {
  const weekdays = dayCodes.map((code) => rule.days.length === 0 || rule.days.includes(code))
  const firstWeek = weekOf(dayNumber(rule.period?.start) ?? 0)
  return (day) => weekdays[weekdayOf(day)] === true && (weekOf(day) - firstWeek) % rule.weekInterval === 0
}

const dayNumber = (date: string | undefined): number | undefined =>
  date === undefined ? undefined : Date.parse(`${date}T00:00:00Z`) / dayMs

/** What the sorted, disjoint `closed` leaves of a span. */
function cutOpening(span: Interval & { readonly gridStart: number }, rule: AvailabilityRule, closed: readonly Interval[]): Opening[] {
  const rest: Opening[] = []
  const { slotMinutes, serviceType } = rule
  let start = span.start
  for (let i = firstEndingAfter(closed, start); i < closed.length; i++) {
    const hole = closed[i]
    if (!hole || hole.start >= span.end) break
    if (hole.start > start)
      rest.push({ start, end: hole.start, gridStart: span.gridStart, slotMinutes, ...(serviceType && { serviceType }) })
    start = hole.end
  }
  if (start < span.end) rest.push({ start, end: span.end, gridStart: span.gridStart, slotMinutes, ...(serviceType && { serviceType }) })
  return rest
}

function firstEndingAfter(sorted: readonly Interval[], at: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.end ?? Number.POSITIVE_INFINITY) > at) high = middle
    else low = middle + 1
  }
  return low
}
