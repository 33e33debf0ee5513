/**
 * Why a Schedule's week has no Slot at a time: nobody opens it then, a place is shut, somebody is away, it lies beyond
 * what is planned, or a Slot starts at another minute. Each is found by leaving the others out of the plan and asking
 * `openings` again, so that this and the Slots that were made cannot disagree.
 */
import { dayMs } from '../../base/durations.ts'
import { type Interval, overlaps } from '../../base/interval.ts'
import { gridSlots, type OpenTimes, openings } from '../availability.ts'
import type { AvailabilityRule } from '../availability-rules.ts'
import { farAway, longAgo } from '../not-available.ts'
import { localText, ruleInWords } from '../rule-in-words.ts'
import type { SchedulePlan } from '../schedule-plan.ts'
import type { Reason, ReasonCode } from './reason.ts'

/** The week alone: no closures, no hours of places, no horizon. */
export const weekAlone = ({ zone, rules }: OpenTimes): OpenTimes => ({ active: true, zone, rules, hours: [], closures: [] })

const opensAt = (plan: OpenTimes, at: number): boolean => openings(plan, at, at + 1).length > 0

/** The rule that opens the Schedule at an instant: where several do, the first. */
export const openingRule = (plan: OpenTimes, at: number): AvailabilityRule | undefined =>
  plan.rules.find((rule) => opensAt({ ...weekAlone(plan), rules: [rule] }, at))

/** The Slots that the week alone would make around an instant: an opening may begin two nights before. */
const slotsAround = (plan: OpenTimes, at: number): Interval[] =>
  openings(weekAlone(plan), at - 2 * dayMs, at + dayMs)
    .flatMap(gridSlots)
    .filter((slot) => Math.abs(slot.start - at) < dayMs)

export type ClosedQuestion = { readonly plan: SchedulePlan; readonly span: Interval; readonly slotsUntil: number }

export function closedReasons({ plan, span, slotsUntil }: ClosedQuestion): Reason[] {
  const rule = openingRule(plan, span.start)
  return [
    ...(rule ? [] : [noOpening(plan, span.start)]),
    ...shutPlaces(plan, span.start),
    ...closures(plan, span),
    ...beyond(plan, span, slotsUntil),
    ...(rule && !slotsAround(plan, span.start).some(({ start }) => start === span.start) ? [offGrid(plan, span.start, rule)] : []),
  ]
}

const because = (code: ReasonCode, text: string, more: Partial<Reason> = {}): Reason => ({ code, text, ...more })

function noOpening(plan: SchedulePlan, at: number): Reason {
  const when = localText(plan.zone, at)
  if (plan.rules.length === 0) return because('no-opening', 'Nobody says when this Schedule is open.')
  const week = plan.rules.map(ruleInWords).slice(0, 10).join('; ')
  return because('no-opening', `The Schedule is not open at ${when}. It is open ${week}.`, { source: plan.rules[0]?.source })
}

/** Of each place whose hours count, whether it is open. */
function shutPlaces(plan: SchedulePlan, at: number): Reason[] {
  return plan.hours
    .filter((hours) => !opensAt({ ...weekAlone(plan), rules: hours }, at))
    .map((hours) =>
      because('outside-hours', `The place is shut then. It is open ${hours.map(hoursInWords).join('; ')}.`, { source: hours[0]?.source }),
    )
}

/** A place's hours have no grid. */
const hoursInWords = (rule: AvailabilityRule): string => ruleInWords(rule).replace(/, every \d+ minutes/, '')

function closures(plan: SchedulePlan, span: Interval): Reason[] {
  return plan.closures
    .map((closure) => ({ ...closure, start: Date.parse(closure.start), end: Date.parse(closure.end) }))
    .filter((closure) => overlaps(closure, span))
    .map(({ start, end, source, description }) =>
      because('not-available', `Not available${spanInWords(plan.zone, start, end)}${description === undefined ? '' : `: ${description}`}`, {
        source,
        ...(start > Date.parse(longAgo) && { start }),
        ...(end < Date.parse(farAway) && { end }),
      }),
    )
}

function spanInWords(zone: string, start: number, end: number): string {
  const from = start > Date.parse(longAgo) ? ` from ${localText(zone, start)}` : ''
  return `${from}${end < Date.parse(farAway) ? ` until ${localText(zone, end)}` : from === '' ? '' : ' on'}`
}

function beyond(plan: SchedulePlan, span: Interval, slotsUntil: number): Reason[] {
  const { horizonStart: first, horizonEnd: last, zone } = plan
  if (first !== undefined && span.start < Date.parse(first))
    return [because('planning-horizon', `This Schedule begins at ${localText(zone, Date.parse(first))}.`)]
  if (last !== undefined && span.end > Date.parse(last))
    return [because('planning-horizon', `This Schedule is planned until ${localText(zone, Date.parse(last))}.`)]
  return span.start >= slotsUntil
    ? [because('beyond-slots', `Times of this Schedule are given out until ${localText(zone, slotsUntil)} so far.`)]
    : []
}

function offGrid(plan: SchedulePlan, at: number, rule: AvailabilityRule): Reason {
  const near = slotsAround(plan, at).toSorted((a, b) => Math.abs(a.start - at) - Math.abs(b.start - at))
  const times = near
    .slice(0, 2)
    .map(({ start }) => start)
    .sort((a, b) => a - b)
  const nearest = times.length === 0 ? '' : ` The nearest are ${times.map((start) => localText(plan.zone, start)).join(' and ')}.`
  return because('off-grid', `A visit starts where a Slot starts, every ${rule.slotMinutes} minutes.${nearest}`, { source: rule.source })
}
