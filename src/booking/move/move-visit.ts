/**
 * Moves a visit to another time in place: the Appointment keeps its id, its old time is given back and the new one taken, or
 * the old one stands (docs/booking.md). The same way an Appointment that takes no time yet (proposed, waitlist) is booked.
 * docs/decisions/0010-a-moved-visit-keeps-its-id.md
 *
 * The steps, each a file of this folder: what is asked (`move-input.ts`); whether it may be, and what the visit will be then
 * (`judge-move.ts`, `visit-after-move.ts`); what that takes and writes (`move-writes.ts`); and the doing, in one statement where
 * nothing else changes with it, else in a transaction. Several of a series move together (`move-series.ts`); an
 * AppointmentResponse moves one in its own transaction (`move-to-agreed.ts`).
 */
import type { House } from '../../store/house.ts'
import { inTransaction } from '../../store/transaction.ts'
import type { Changed } from '../cancel.ts'
import { mayTakeAnother } from '../joint-visit.ts'
import { LostRace } from '../lost-race.ts'
import { refusedWithNextTimes } from '../next-times.ts'
import { withOwnNumber } from '../own-number.ts'
import { judgeMove } from './judge-move.ts'
import { moveInOneStatement } from './move-in-one-statement.ts'
import { ChangedMeanwhile, moveAttemptsMax, moveInTx } from './move-in-transaction.ts'
import type { MoveInput } from './move-input.ts'

/** Throws: not-found, gone, required, business-rule, conflict (with up to three next times). */
export const moveVisit = (house: House, input: MoveInput): Promise<Changed> => withOwnNumber(() => moveOnce(house, input))

async function moveOnce(house: House, input: MoveInput): Promise<Changed> {
  for (let attempt = 1; ; attempt++) {
    const judgement = await judgeMove(house, input)
    const { move, wish } = judgement
    if (!move.visit.free) throw await refusedWithNextTimes(house, wish)
    const moved = await moveInOneStatement(house, judgement)
    if (moved) return moved
    try {
      return await inTransaction(house.pool, (tx) => moveInTx(tx, house, judgement))
    } catch (error) {
      const lost = error instanceof LostRace
      if (lost && mayTakeAnother(move.groups, attempt)) continue
      if (lost) throw await refusedWithNextTimes(house, wish)
      if (!(error instanceof ChangedMeanwhile) || attempt >= moveAttemptsMax) throw error
    }
  }
}
