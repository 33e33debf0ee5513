/**
 * A time that came free, as the waitlist offers it: still to come, free or kept by who was offered it before, and of a
 * Schedule that takes bookings. Left out: for whom it would do (`waitlist-candidate.ts`).
 */
import type { SchedulePlan } from '../../scheduling/schedule-plan.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { slotsTakenBy } from '../../store/slot-rows.ts'
import { type SlotContext, slotContexts } from '../../store/visit-context.ts'
import { planAt } from '../plans.ts'

export type FreedTime = {
  readonly slot: string
  /** Unix milliseconds. */
  readonly start: number
  readonly end: number
  readonly plan: SchedulePlan
  /** Who keeps it meanwhile. */
  readonly holder?: string
}

/** Undefined: there is nothing to offer. */
export async function freedTime(tx: Tx, house: House, slot: string, holder: string | undefined): Promise<FreedTime | undefined> {
  const [context] = await slotContexts(tx, [{ slot, patient: '', knownPlan: '' }])
  if (!context?.planVersion || context.deleted || !(context.free || (await isKept(tx, context, holder)))) return undefined
  const start = context.starts.getTime()
  if (start <= house.clock.now().getTime()) return undefined
  const plan = await planAt(house, context.schedule, context.planVersion, context.plan)
  return plan.active ? { slot, start, end: context.ends.getTime(), plan, holder } : undefined
}

/** Alone, or a seat of the session that fills the Slot. */
const isKept = async (tx: Tx, { id, schedule, takenBy }: SlotContext, holder: string | undefined): Promise<boolean> =>
  holder !== undefined && (takenBy === holder || (await slotsTakenBy(tx, holder, schedule)).some((slot) => slot.id === id))
