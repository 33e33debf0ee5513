/**
 * What a change of a Schedule's plan would do: the booked visits that the new plan no longer opens the time for, and the
 * Slots that would come and go. Pure: both plans are given. Left out: where those visits could go (`booking/propose-times.ts`).
 */
import { type Interval, overlaps, subtract } from '../base/interval.ts'
import { gridSlots, openings } from './availability.ts'
import { closedReasons } from './explain/closed.ts'
import type { Reason } from './explain/reason.ts'
import type { Closure } from './not-available.ts'
import type { SchedulePlan } from './schedule-plan.ts'

export type Orphan<V> = { readonly visit: V; readonly reasons: readonly Reason[] }

/** Whether the plan is open for all of a span. */
export const isOpenFor = (plan: SchedulePlan, span: Interval): boolean =>
  subtract([span], openings(plan, span.start, span.end)).length === 0

/** `made`: it stands in Slots that the rules have made. */
type Standing = Interval & { readonly made: boolean }

/**
 * The visits whose time was open and would not be, and those that new time off lies over. One that was outside the rules
 * before (put there by hand) is nobody's orphan for a change of the rules. Where the zone database has changed, the old rules
 * say something else than when their Slots were made: then these tell what was open.
 */
export function orphansOf<V extends Standing>(before: SchedulePlan, after: SchedulePlan, visits: readonly V[]): Orphan<V>[] {
  const known = new Set(before.closures.map(keyOf))
  const fresh = after.closures.filter((closure) => !known.has(keyOf(closure)))
  return visits
    .filter(
      (visit) => fresh.some((closure) => lies(closure, visit)) || ((visit.made || isOpenFor(before, visit)) && !isOpenFor(after, visit)),
    )
    .map((visit) => ({ visit, reasons: reasonsOf(after, visit) }))
}

const keyOf = ({ start, end, source }: Closure): string => `${start} ${end} ${source}`
const lies = ({ start, end }: Closure, visit: Interval): boolean => overlaps({ start: Date.parse(start), end: Date.parse(end) }, visit)

function reasonsOf(after: SchedulePlan, { start, end }: Interval): Reason[] {
  if (!after.active) return [{ code: 'schedule-active', text: 'This schedule no longer takes bookings.' }]
  const closed = closedReasons({ plan: after, span: { start, end }, slotsUntil: Number.POSITIVE_INFINITY })
  const reasons = closed.filter(({ code }) => code !== 'off-grid')
  return reasons.length > 0 ? reasons : [{ code: 'too-short', text: 'The Schedule closes before the visit ends.' }]
}

/** A Slot that the rules have made. */
export type MadeSlot = Interval & { readonly id: string; readonly free: boolean }

export type SlotChanges = {
  readonly added: number
  /** Same start, another end. */
  readonly changed: number
  readonly removed: number
  /** Ids of free Slots that would go or change: nobody is to be sent there. */
  readonly going: readonly string[]
}

/** Slots that are taken stay until they are given back, so they count in none. */
export function slotChanges(made: readonly MadeSlot[], after: SchedulePlan, span: Interval): SlotChanges {
  const wanted = new Map<number, number>()
  for (const { start, end } of openings(after, span.start, span.end).flatMap(gridSlots))
    if (start >= span.start) wanted.set(start, Math.min(end, wanted.get(start) ?? end))
  const free = made.filter((slot) => slot.free)
  const removed = free.filter(({ start }) => !wanted.has(start))
  const changed = free.filter(({ start, end }) => (wanted.get(start) ?? end) !== end)
  const there = new Set(made.map(({ start }) => start))
  return {
    added: [...wanted.keys()].filter((start) => !there.has(start)).length,
    changed: changed.length,
    removed: removed.length,
    going: [...removed, ...changed].map(({ id }) => id),
  }
}
