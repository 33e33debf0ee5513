/**
 * Why a time of a Schedule is offered, or is not: the pure heart of `$explain-availability` (docs/operations.md).
 * `visits` decides, as it does for `$find-slots`, and the booking rules are those of a booking; what is added here is
 * which part of the plan, or whose time, kept a Slot from being there. A time that is not offered has at least one reason.
 */
import { minuteMs } from '../../base/durations.ts'
import { type Interval, overlaps } from '../../base/interval.ts'
import { gridSlots, openings } from '../availability.ts'
import type { AvailabilityRule } from '../availability-rules.ts'
import type { BookingPolicy } from '../booking-policy.ts'
import { brokenRules } from '../booking-rules.ts'
import { localDate } from '../local-time.ts'
import type { SchedulePlan } from '../schedule-plan.ts'
import type { ServiceOffer } from '../service-offers.ts'
import { type FreeSlot, type Visit, visits } from '../visits.ts'
import { closedReasons, openingRule, weekAlone } from './closed.ts'
import type { Reason, ReasonCode } from './reason.ts'
import { type BlockStand, type ClaimStand, takenReasons } from './taken.ts'

/** A stored Slot, whatever its status. */
export type SlotStand = FreeSlot & {
  /** To be had: free, or held by somebody whose time is over. */
  readonly free: boolean
  /** Made by the Schedule's rules. */
  readonly made: boolean
}

export type Offer = { readonly service?: ServiceOffer; readonly policy: BookingPolicy }

/** Everything that is known of a stretch of a Schedule's time. Instants are Unix milliseconds. */
export type TimeStand = {
  readonly plan: SchedulePlan
  readonly now: number
  /** How far Slots are made. */
  readonly slotsUntil: number
  /** Sorted by start. */
  readonly slots: readonly SlotStand[]
  readonly claims: readonly ClaimStand[]
  readonly blocks: readonly BlockStand[]
  /** Places of the days that are taken: `day 2026-11-24` to their numbers. */
  readonly places: ReadonlyMap<string, readonly number[]>
}

export type TimesAsked = {
  /** A single start, or each at which a visit could start in [from, until). */
  readonly from: number
  readonly until?: number
  readonly offers: readonly Offer[]
  readonly minutes?: number
  readonly online: boolean
  /** The patient's own time, where it is known. */
  readonly ownTime?: readonly Interval[]
  readonly patientIsNew?: boolean
}

export type ExplainedTime = Interval & {
  /** `$find-slots` lists it. */
  readonly offered: boolean
  /** And nothing else that is known stands against a booking. */
  readonly bookable: boolean
  readonly slot?: string
  /** `HealthcareService/1` */
  readonly service?: string
  readonly openedBy?: AvailabilityRule
  readonly reasons: readonly Reason[]
}

export function explainTimes(stand: TimeStand, asked: TimesAsked): ExplainedTime[] {
  const starts = asked.until === undefined ? [asked.from] : startsIn(stand, { start: asked.from, end: asked.until })
  const found = asked.offers.map((offer) => visitsByStart(stand, asked, offer))
  return starts.map((start) => explained(stand, asked, start, found))
}

/** Where a Slot stands, or would by the week alone. */
function startsIn({ plan, slots }: TimeStand, span: Interval): number[] {
  const made = openings(weekAlone(plan), span.start, span.end).flatMap(gridSlots)
  return [...new Set([...slots, ...made].map(({ start }) => start))].filter((at) => at >= span.start && at < span.end).sort((a, b) => a - b)
}

/** What `$find-slots` finds for one service, by start. */
function visitsByStart({ plan, slots, claims, now }: TimeStand, asked: TimesAsked, { policy, service }: Offer): Map<number, Visit> {
  const free = slots.filter((slot) => slot.free)
  const window = { from: asked.from, until: asked.until ?? asked.from + 1, now }
  const all = visits(plan, policy, free, claims, { ...window, durationMinutes: asked.minutes, service, online: asked.online })
  return new Map(all.filter((visit) => !asked.ownTime?.some((own) => overlaps(own, visit))).map((visit) => [visit.start, visit]))
}

type Judged = { readonly offer: Offer; readonly visit?: Visit; readonly span: Interval; readonly reasons: readonly Reason[] }

function explained(stand: TimeStand, asked: TimesAsked, start: number, found: readonly Map<number, Visit>[]): ExplainedTime {
  const judged = asked.offers.map((offer, at) => judge(stand, asked, start, offer, found[at]?.get(start)))
  const offered = judged.filter(({ visit }) => visit)
  const best = offered.find(({ reasons }) => reasons.length === 0) ?? offered[0]
  const openedBy = openingRule(stand.plan, start)
  const [first] = judged
  const reasons = best ? best.reasons : first ? merged(judged) : [notOffered]
  return {
    ...(best ?? first ?? { span: { start, end: start + (asked.minutes ?? 0) * minuteMs } }).span,
    offered: best !== undefined,
    bookable: best !== undefined && reasons.length === 0,
    ...(best?.visit && { slot: best.visit.slot.id }),
    ...(best?.offer.service && { service: best.offer.service.reference }),
    ...(openedBy && { openedBy }),
    reasons,
  }
}

const notOffered: Reason = { code: 'service-offered', text: 'This Schedule does not offer that service.' }

function judge(stand: TimeStand, asked: TimesAsked, start: number, offer: Offer, visit: Visit | undefined): Judged {
  const span = { start, end: visit?.end ?? endOf(stand, asked, start, offer) }
  const rules = [...rulesAgainst(stand, asked, span, offer, visit), ...fullDays(stand, asked, start, offer)]
  if (visit) return { offer, visit, span, reasons: rules }
  const slot = stand.slots.find((one) => one.start === start)
  const taken = takenReasons({ zone: stand.plan.zone, span, buffers: offer.policy, claims: stand.claims, blocks: stand.blocks })
  const closed = slot && (slot.free || !slot.made) ? [] : closedReasons({ plan: stand.plan, span, slotsUntil: stand.slotsUntil })
  const all = [...rules, ...closed, ...taken]
  return { offer, span, reasons: all.length > 0 ? all : [lastly(slot)] }
}

/** As long as was asked for, else as the policy says, else as the Slot there is, or would be. */
function endOf({ plan, slots }: TimeStand, { minutes }: TimesAsked, start: number, { policy }: Offer): number {
  const length = minutes ?? policy.durationMinutes
  if (length !== undefined) return start + length * minuteMs
  const slot = slots.find((one) => one.start === start)
  return slot?.end ?? start + (openingRule(plan, start)?.slotMinutes ?? 1) * minuteMs
}

/** That a visit lies within its Slots is told in more words by the reasons of the other files. */
function rulesAgainst(stand: TimeStand, asked: TimesAsked, span: Interval, { policy, service }: Offer, visit: Visit | undefined): Reason[] {
  const slots = visit?.slots ?? stand.slots.filter((slot) => overlaps(slot, span))
  const { plan, now } = stand
  const ownOverlap = asked.ownTime?.some((own) => overlaps(own, span)) ?? false
  const patientIsNew = asked.patientIsNew ?? false
  return brokenRules({
    ...{ now, ...span, plan, service, policy, ownOverlap, patientIsNew },
    slots: slots.length > 0 ? slots : [span],
    online: asked.online,
    requestedDurationMinutes: asked.minutes,
  })
    .filter(({ rule }) => rule !== 'within-slots')
    .map(({ rule, message }) => ({ code: rule, text: message }))
}

/** `$find-slots` does not count: a full day is offered, and refused when it is booked. */
function fullDays({ plan, places }: TimeStand, { online }: TimesAsked, start: number, { policy }: Offer): Reason[] {
  const date = localDate(plan.zone, start)
  const full = (kind: string, max: number): boolean => (places.get(`${kind} ${date}`) ?? []).filter((place) => place <= max).length >= max
  const { maxPerDay, maxOnlinePerDay } = policy
  const reason = (code: ReasonCode, text: string): Reason => ({ code, text })
  return [
    ...(maxPerDay !== undefined && full('day', maxPerDay)
      ? [reason('day-full', `No more than ${maxPerDay} visits a day are taken here, and that day is full.`)]
      : []),
    ...(online && maxOnlinePerDay !== undefined && full('online', maxOnlinePerDay)
      ? [reason('online-day-full', `No more than ${maxOnlinePerDay} visits a day are taken online here, and that day is full.`)]
      : []),
  ]
}

function lastly(slot: SlotStand | undefined): Reason {
  if (slot) return { code: 'too-short', text: 'The free time that begins here ends before the visit would.' }
  return { code: 'no-slot', text: 'No Slot of this Schedule starts then.' }
}

/** What stands against every service is said once. */
function merged(judged: readonly Judged[]): Reason[] {
  const key = ({ code, text, holder }: Reason): string => JSON.stringify([code, text, holder])
  const counts = new Map<string, number>()
  for (const { reasons } of judged) for (const one of new Set(reasons.map(key))) counts.set(one, (counts.get(one) ?? 0) + 1)
  const all = judged.flatMap(({ offer, reasons }) =>
    reasons.map((one) => (counts.get(key(one)) === judged.length || !offer.service ? one : { ...one, service: offer.service.reference })),
  )
  return [...new Map(all.map((one) => [`${key(one)} ${one.service}`, one])).values()]
}
