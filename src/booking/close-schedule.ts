/**
 * A Schedule that is deleted: it has no visits that are still to come, and its Slots go with it. What they had in their own name
 * (set busy by hand, a block) goes back to whoever else may have that time. Slots that are over stay: they are records.
 */
import { fault } from '../base/fault.ts'
import { lockStandIn } from '../store/claimable-actors.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { hasLiveVisits } from '../store/named-slots.ts'
import { removeSlots, slotsOfSchedule } from '../store/slots-of-schedule.ts'
import { releaseVisit } from './cancel.ts'
import { lockSlotsInTurn } from './slots-in-turn.ts'

/** Whoever books on it just then is waited for, or waits and finds no Slot. Throws `conflict`. */
export async function closeSchedule(tx: Tx, house: House, schedule: string, at: string): Promise<void> {
  await lockStandIn(tx, `Schedule/${schedule}`)
  if (await hasLiveVisits(tx, schedule, at))
    throw fault('conflict', 'The Schedule has visits that are still to come: move or cancel them first.', 'Schedule')
  const slots = await slotsOfSchedule(tx, schedule, at)
  const own = slots.filter(({ hasTime }) => hasTime).map(({ id }) => id)
  if (own.length > 0)
    await lockSlotsInTurn(
      tx,
      house,
      own.map((id) => ({ id, does: 'remove' })),
    )
  // One after the other: of two blocks the second has what lay under the first, until it goes too.
  for (const id of own) {
    await releaseVisit(tx, `Slot/${id}`, at)
    await removeSlots(tx, [id], at)
  }
  const others = slots.filter(({ hasTime }) => !hasTime).map(({ id }) => id)
  if (others.length > 0) await removeSlots(tx, others, at)
}
