/**
 * A change of a Schedule looked at before it is made: the plan that it would give is worked out from what is stored and
 * what is proposed, and compared with the plan there is. Nothing is written.
 */
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { horizonDaysMax, previewVisitsMax, slotsPerScheduleMax } from '../base/limits.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { type Orphan, orphansOf, type SlotChanges, slotChanges } from '../scheduling/preview-change.ts'
import { planOf, type SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { House } from '../store/house.ts'
import { gatherParts } from '../store/plan-parts.ts'
import { plansOf } from '../store/plans.ts'
import { madeSlots, type VisitToCome, visitsToCome } from '../store/visits-to-come.ts'
import { planFrom } from './plans.ts'
import { assertFewSlots, horizonEnd } from './regenerate-slots.ts'

export type Preview = {
  readonly before: SchedulePlan
  readonly after: SchedulePlan
  readonly slots: SlotChanges
  readonly visits: number
  readonly orphans: readonly Orphan<VisitToCome>[]
}

/** `changed`: the Schedule as it would be, with its id. Throws: value, business-rule, too-costly, not-found. */
export async function previewChange(house: House, changed: Resource): Promise<Preview> {
  const schedule = String(changed.id)
  const now = house.clock.now().getTime()
  const [row] = await plansOf(house.pool, [schedule])
  if (!row) throw fault('not-found', `There is no Schedule/${schedule}.`, 'Schedule')
  const before = planFrom(house, schedule, row.version, row.plan)
  const after = planOf(await gatherParts(house.pool, JSON.stringify(changed), house.base), { timeZone: house.defaultTimeZone })
  assertFewSlots(after, now)
  const visits = await visitsToCome(house.pool, schedule, instantOf(now), previewVisitsMax + 1)
  if (visits.length > previewVisitsMax)
    throw fault('too-costly', `More than ${previewVisitsMax} visits stand on this Schedule: preview a change of fewer.`, 'Schedule')
  const made = await madeSlots(house.pool, schedule, instantOf(now), slotsPerScheduleMax * 2)
  const span = { start: now, end: Math.min(horizonEnd(after, now), now + horizonDaysMax * dayMs) }
  return { before, after, slots: slotChanges(made, after, span), visits: visits.length, orphans: orphansOf(before, after, visits) }
}
