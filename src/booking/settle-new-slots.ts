/**
 * Who makes a Slot looks for claims once it is there (`settleBeside`), and who books looks for new Slots after its claims
 * (`refuse_unseen`). Left are those who were killed between the two, and Slots that rules make, which wait for no booking: one
 * that was under way then has left them reading free. Nobody could have booked them, the claim stands; this makes them read so
 * too. Followed in the log of changes, so that none is passed by, whatever wrote the Slot and whoever was killed.
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
