/**
 * A booking that began before a new Slot was there, and claimed its time after the Slot was looked at (`settleBeside`), has
 * left it reading free. Nobody could have booked it, the claim stands; this makes it read so too. Followed in the log of
 * changes, so that none is passed by, whatever wrote the Slot and whoever was killed.
 */
import { moveFollower, takeFollower } from '../store/changes.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { newSlotsAfter } from '../store/new-slots.ts'
import { settleUnderClaims } from '../store/slots.ts'
import { inTransaction } from '../store/transaction.ts'

const follower = 'new-slots'

export async function settleNewSlots(house: House): Promise<void> {
  while (await inTransaction(house.pool, (tx) => settleInTx(tx, house)));
}

/** True where there may be more. */
async function settleInTx(tx: Tx, house: House): Promise<boolean> {
  const position = await takeFollower(tx, follower)
  const next = position && (await newSlotsAfter(tx, position))
  if (!next) return false
  const at = house.clock.now().toISOString()
  for (const found of next.found) await settleUnderClaims(tx, { ...found, at })
  await moveFollower(tx, follower, next.last)
  return true
}
