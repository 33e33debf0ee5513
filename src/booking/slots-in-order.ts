/**
 * Several Slots that somebody names for one visit, as the visit takes them: it starts in the first.
 * Left out: which Schedules take part (`joint-of-slots.ts`).
 */
import { fault } from '../base/fault.ts'
import type { House } from '../store/house.ts'
import { namedSlots } from '../store/named-slots.ts'

/** Of one Schedule by their times; of several as they are named, the first being where it starts. Throws not-found. */
export async function slotsInOrder(house: House, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length < 2) return ids
  const rows = await namedSlots(house.pool, ids)
  const missing = ids.find((id) => !rows.some((row) => row.id === id))
  if (missing !== undefined) throw fault('not-found', `There is no Slot/${missing}.`, 'slot')
  return new Set(rows.map((row) => row.schedule)).size > 1 ? ids : rows.map((row) => row.id)
}
