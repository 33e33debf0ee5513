/**
 * Which Slot is meant where none is named: by a Schedule and a start (ISiK), or by a start alone of a visit that stands
 * (it stays on its Schedule). docs/operations.md.
 */
import type { Actor } from '../access/actor.ts'
import { mayWhole } from '../access/may.ts'
import { deleted, fault } from '../base/fault.ts'
import { spanOf, timestampText } from '../fhir/date-time.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { slotStartingAt } from '../store/slot-lookups.ts'

/** The Slot of the Schedule that starts then, a free one first. */
export async function slotAt(house: House, actor: Actor, schedule: string, start: string): Promise<string> {
  const instant = spanOf(start)?.lower
  if (instant === undefined) throw fault('value', 'The start is an instant such as 2026-11-23T09:00:00Z.', 'start')
  const slot = await slotStartingAt(house.pool, schedule, timestampText(instant))
  if (slot !== undefined) return slot
  await assertScheduleIsThere(house, actor, schedule, 'schedule')
  throw fault('business-rule', 'No Slot of this Schedule starts at that time.', 'start')
}

/** A Schedule may be a patient's own: whoever may not see every one is not told whether there is one, or was. */
function seesEverySchedule(actor: Actor): boolean {
  const { patient, keptFrom, emergency } = actor
  return mayWhole(actor, 'r', 'Schedule').allowed && patient === undefined && !keptFrom && !emergency
}

/** Asked where nothing was found of it. Throws `not-found`, `gone`. */
export async function assertScheduleIsThere(house: House, actor: Actor, id: string, expression: string): Promise<void> {
  if (!seesEverySchedule(actor)) return
  const stored = await currentResource(house.pool, 'Schedule', id)
  if (!stored) throw fault('not-found', `There is no Schedule/${id}.`, expression)
  if (stored.body === null) throw deleted(`Schedule/${id}`, expression)
}
