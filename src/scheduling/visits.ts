/**
 * Which visits the free Slots of one Schedule allow: the pure heart of `$find-slots` and `$find` (docs/operations.md).
 * A visit starts where a free Slot starts; one that is longer joins the free Slots that follow without a gap.
 * Left out: what only a count can tell (daily caps), and rules about the patient (`booking-rules.ts`). `taken` are
 * spans that are not to be had, whatever took them: others' visits with their buffers, holds, blocks.
 */
import { minuteMs } from '../base/durations.ts'
import { type Interval, normalize } from '../base/interval.ts'
import { gridSlots, openings } from './availability.ts'
import { type DayCode, dayCodes } from './availability-rules.ts'
import type { BookingPolicy } from './booking-policy.ts'
import { withBuffers } from './buffers.ts'
import { conceptsMatch } from './concept.ts'
import { isAligned, localReading } from './local-time.ts'
import type { SchedulePlan } from './schedule-plan.ts'
import type { ServiceOffer } from './service-offers.ts'
import { sessionOf } from './session.ts'

/** Instants are Unix milliseconds throughout. */
export type FreeSlot = {
  readonly id: string
  readonly schedule: string
  readonly start: number
  readonly end: number
  /** The group session whose own it is, of which a seat is left: free for that session alone. */
  readonly session?: string
}
export type Taken = {
  readonly resource: string
  readonly start: number
  readonly end: number
  /** In no way of the seats of the same group session. */
  readonly session?: string
}

export type VisitQuery = {
  /** The length asked for; else the policy's, else each Slot's own. */
  readonly durationMinutes?: number
  /** A visit starts in [from, until), and not before `now`. */
  readonly from: number
  readonly until: number
  readonly now: number
  /** Clinic time. */
  readonly days?: readonly DayCode[]
  /** Minutes since local midnight: a visit starts in [timeFrom, timeTo); a timeTo at or before timeFrom is past midnight. */
  readonly timeFrom?: number
  readonly timeTo?: number
  /** Minutes since local midnight at which alone a visit may start. */
  readonly times?: readonly number[]
  readonly online: boolean
  /** Where a service is named: times that a rule keeps for other services are left out. */
  readonly service?: ServiceOffer
}

export type Visit = {
  readonly slot: FreeSlot
  readonly start: number
  readonly end: number
  /** All that it takes, the first included. */
  readonly slots: readonly FreeSlot[]
}

/** `free` is of one Schedule and sorted by start; so is the answer. Hundreds of Schedules are asked at once: most visits fit one Slot. */
export function visits(
  plan: SchedulePlan,
  policy: BookingPolicy,
  free: readonly FreeSlot[],
  taken: readonly Taken[],
  query: VisitQuery,
): Visit[] {
  if (!plan.active || (query.online && !policy.onlineBooking)) return []
  const mayStart = startTest(plan, policy, query)
  const isClear = clearTest(taken)
  const mayUse = serviceTest(plan, free, query)
  const usable = mayUse ? free.filter(mayUse) : free
  let byStart: ReadonlyMap<number, readonly FreeSlot[]> | undefined
  const following = (): ReadonlyMap<number, readonly FreeSlot[]> => {
    byStart ??= Map.groupBy(usable, ({ start }) => start)
    return byStart
  }
  const found: Visit[] = []
  for (const slot of usable) {
    if (!mayStart(slot.start)) continue
    const minutes = query.durationMinutes ?? policy.durationMinutes
    const end = minutes === undefined ? slot.end : slot.start + minutes * minuteMs
    const session = sessionOf(plan, { service: query.service, policy }, slot.start, end)
    if (!isClear(withBuffers({ start: slot.start, end }, policy), session)) continue
    const slots = slot.end < end ? chain(slot, end, following()) : [slot]
    if (slots && opensTo(slots, session)) found.push({ slot, start: slot.start, end, slots })
  }
  return found
}

/** Whether Slots that are free, or free for a session, are so for a visit of this session (of none: undefined). */
export const opensTo = (slots: readonly FreeSlot[], session: string | undefined): boolean =>
  slots.every((slot) => slot.session === undefined || slot.session === session)

/** Whether a span is clear of what is taken for a visit of this session (of none: undefined). */
export function clearTest(taken: readonly Taken[]): (span: Interval, session: string | undefined) => boolean {
  if (taken.length === 0) return () => true
  const [isFree, isFreeOfSessions] = [freeTest(taken.filter(({ session }) => session === undefined)), sessionTest(taken)]
  return (span, session) => isFree(span) && isFreeOfSessions(span, session)
}

function sessionTest(taken: readonly Taken[]): (span: Interval, session: string | undefined) => boolean {
  const sessions = new Map(taken.flatMap((one): [string, Taken][] => (one.session === undefined ? [] : [[one.session, one]])))
  if (sessions.size === 0) return () => true
  return (span, session) => {
    for (const [name, { start, end }] of sessions) if (name !== session && start < span.end && span.start < end) return false
    return true
  }
}

/** Whether a visit may start at an instant: the window, the notice, the horizon, the grid, the hours that are asked for. */
function startTest(plan: SchedulePlan, policy: BookingPolicy, query: VisitQuery): (start: number) => boolean {
  const earliest = Math.max(query.from, query.now + policy.minNoticeMinutes * minuteMs)
  const lastDay = localReading(plan.zone, query.now).day + (policy.maxAdvanceDays ?? Number.POSITIVE_INFINITY)
  const weekdays = query.days && dayCodes.map((code) => query.days?.includes(code))
  return (start) => {
    if (start < earliest || start >= query.until) return false
    const { day, weekday, minutes } = localReading(plan.zone, start)
    if (day > lastDay || (weekdays && !weekdays[weekday])) return false
    return isAligned(minutes, policy.alignmentMinutes) && inHours(minutes, query)
  }
}

function inHours(minutes: number, { timeFrom = 0, timeTo = 24 * 60, times }: VisitQuery): boolean {
  if (times && !times.includes(minutes)) return false
  return timeFrom < timeTo ? minutes >= timeFrom && minutes < timeTo : minutes >= timeFrom || minutes < timeTo
}

function freeTest(taken: readonly Taken[]): (span: Interval) => boolean {
  const busy = normalize(taken)
  return (span) => {
    let [low, high] = [0, busy.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((busy[middle]?.end ?? Number.POSITIVE_INFINITY) > span.start) high = middle
      else low = middle + 1
    }
    return (busy[low]?.start ?? Number.POSITIVE_INFINITY) >= span.end
  }
}

/** Where rules keep times for some services: whether a Slot may serve this one. A Slot off every grid serves any. */
export function serviceTest(
  plan: SchedulePlan,
  free: readonly FreeSlot[],
  { service }: Pick<VisitQuery, 'service'>,
): ((slot: FreeSlot) => boolean) | undefined {
  const [first, last] = [free[0], free.at(-1)]
  if (!service || !first || !last || !plan.rules.some((rule) => rule.serviceType)) return undefined
  const kept = openings(plan, first.start, last.end).filter(({ serviceType }) => serviceType && !conceptsMatch(serviceType, service.types))
  const others = new Set(kept.flatMap((opening) => gridSlots(opening).map((slot) => slot.start)))
  return (slot) => !others.has(slot.start)
}

/** The free Slots that a visit from `first` to `end` takes, in order; undefined where they do not reach. */
export const joined = (first: FreeSlot, end: number, following: readonly FreeSlot[]): readonly FreeSlot[] | undefined =>
  chain(
    first,
    end,
    Map.groupBy(following, (slot) => slot.start),
  )

type Chain = { readonly slots: readonly FreeSlot[]; readonly end: number }

/**
 * Free Slots without a gap from `first` until `end` is reached. Where Slots of different length start at one instant, the
 * chain that runs over the least is taken, and of those the one with the fewest Slots.
 */
export function chain(first: FreeSlot, end: number, byStart: ReadonlyMap<number, readonly FreeSlot[]>): readonly FreeSlot[] | undefined {
  const best = new Map<number, Chain | undefined>()
  const better = (a: Chain, b: Chain | undefined): boolean => !b || a.end < b.end || (a.end === b.end && a.slots.length < b.slots.length)
  const from = (at: number): Chain | undefined => {
    if (best.has(at)) return best.get(at)
    let found: Chain | undefined
    for (const slot of byStart.get(at) ?? []) {
      const rest = extend(slot)
      if (rest && better(rest, found)) found = rest
    }
    best.set(at, found)
    return found
  }
  const extend = (slot: FreeSlot): Chain | undefined => {
    if (slot.end >= end) return { slots: [slot], end: slot.end }
    const rest = slot.end > slot.start ? from(slot.end) : undefined
    return rest && { slots: [slot, ...rest.slots], end: rest.end }
  }
  return extend(first)?.slots
}
