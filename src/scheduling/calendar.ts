/**
 * The free time of one Schedule that a joint visit takes beside its first: whether it can be had for a span, with which
 * Slots, and how much harm that does. Pure; the searches run over sorted free time, so a look costs a few comparisons.
 * Harm is a share: the minutes of free Slots that go with the visit, of all that are free on that local day from now on.
 * So a tight fit comes before waste, and somebody with much free time before somebody with little.
 */
import { type Interval, normalize, overlaps } from '../base/interval.ts'
import type { BookingPolicy } from './booking-policy.ts'
import { brokenByFurther } from './booking-rules.ts'
import { localReading } from './local-time.ts'
import type { SchedulePlan, ServiceOffer } from './schedule-plan.ts'
import { chain, clearTest, type FreeSlot, opensTo, serviceTest, type Taken } from './visits.ts'

export type Calendar = {
  readonly plan: SchedulePlan
  readonly policy: BookingPolicy
  /** Its own rules: active, online, notice, horizon. */
  readonly mayStart: (visit: Interval) => boolean
  /** Free Slots without a gap that hold the visit, those with the least around it; they may start before it. */
  readonly cover: (visit: Interval, session?: string) => readonly FreeSlot[] | undefined
  /** Whether nobody else has any of the span; who sits in the same group session is nobody else. */
  readonly isClear: (span: Interval, session?: string) => boolean
  /** `span` is the visit with its buffers. */
  readonly harm: (visit: Interval, span: Interval) => number
}

export type CalendarFacts = {
  readonly plan: SchedulePlan
  readonly policy: BookingPolicy
  readonly service?: ServiceOffer
  /** Sorted by start. */
  readonly free: readonly FreeSlot[]
  readonly taken: readonly Taken[]
  readonly now: number
  readonly online: boolean
}

export function calendarOf({ plan, policy, service, free, taken, now, online }: CalendarFacts): Calendar {
  const mayUse = serviceTest(plan, free, { service })
  const slots = mayUse ? free.filter(mayUse) : free
  const byStart = Map.groupBy(slots, (slot) => slot.start)
  const longest = slots.reduce((most, slot) => Math.max(most, slot.end - slot.start), 0)
  const isClear = clearTest(taken)
  // What a session has is not free any more, and costs those who join it nothing.
  const open = slots.filter(({ session }) => session === undefined)
  const minutesOfDay = dayMinutes(plan.zone, open, now)
  return {
    plan,
    policy,
    isClear: (span, session) => isClear(span, session),
    mayStart: ({ start, end }) => brokenByFurther({ now, start, end, plan, policy, online }) === undefined,
    cover: (visit, session) => tightest(around(slots, longest, visit.start), visit.end, byStart, session),
    harm: (visit, span) => {
      const taking = minutesOf(around(open, longest, span.start, span.end))
      return taking === 0 ? 0 : taking / Math.max(taking, minutesOfDay(visit.start))
    },
  }
}

/** The Slots over the instant, or over a span from it on. */
function around(slots: readonly FreeSlot[], longest: number, start: number, end = start + 1): FreeSlot[] {
  const found: FreeSlot[] = []
  for (let at = firstFrom(slots, start - longest); at < slots.length; at++) {
    const slot = slots[at]
    if (!slot || slot.start >= end) break
    if (overlaps(slot, { start, end })) found.push(slot)
  }
  return found
}

/** The place of the first Slot that starts at `start` or later. */
function firstFrom(slots: readonly FreeSlot[], start: number): number {
  let [low, high] = [0, slots.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((slots[middle]?.start ?? Number.POSITIVE_INFINITY) >= start) high = middle
    else low = middle + 1
  }
  return low
}

function tightest(
  firsts: readonly FreeSlot[],
  end: number,
  byStart: ReadonlyMap<number, readonly FreeSlot[]>,
  session: string | undefined,
): readonly FreeSlot[] | undefined {
  let best: readonly FreeSlot[] | undefined
  for (const first of firsts) {
    const slots = chain(first, end, byStart)
    if (slots && opensTo(slots, session) && (!best || lengthOf(slots) < lengthOf(best))) best = slots
  }
  return best
}

const lengthOf = (slots: readonly FreeSlot[]): number => (slots.at(-1)?.end ?? 0) - (slots[0]?.start ?? 0)

const minutesOf = (slots: readonly FreeSlot[]): number => normalize(slots).reduce((sum, { start, end }) => sum + end - start, 0) / 60_000

/** The free minutes of the local day of an instant. */
function dayMinutes(zone: string, slots: readonly FreeSlot[], now: number): (instant: number) => number {
  let days: ReadonlyMap<number, readonly FreeSlot[]> | undefined
  const minutes = new Map<number, number>()
  return (instant) => {
    days ??= Map.groupBy(
      slots.filter(({ start }) => start >= now),
      ({ start }) => localReading(zone, start).day,
    )
    const { day } = localReading(zone, instant)
    const known = minutes.get(day) ?? minutesOf(days.get(day) ?? [])
    minutes.set(day, known)
    return known
  }
}
