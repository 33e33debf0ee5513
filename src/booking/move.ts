/**
 * Moves a visit to another time in place: the Appointment keeps its id, and in one transaction its old time is given back
 * and the new one taken. If the new time cannot be had, the old one stands (CONTRACT §6.5). The same way an Appointment that
 * takes no time yet (proposed, waitlist) is booked. docs/decisions/0010-a-moved-visit-keeps-its-id.md
 */
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { claimKey, remember } from '../store/idempotency.ts'
import { lockVisits, type Turn } from '../store/lock-visits.ts'
import { replaceResource } from '../store/resources.ts'
import { takeTimeOrSeats } from '../store/take-seats.ts'
import { inTransaction } from '../store/transaction.ts'
import { type Changed, lockedAppointment, releaseVisit } from './cancel.ts'
import { takeDayPlaces } from './day-places.ts'
import { mayTakeAnother } from './joint-visit.ts'
import { type Judgement, judgedMove } from './judged-move.ts'
import { LostRace } from './lost-race.ts'
import { moveAtOnce } from './move-at-once.ts'
import type { MoveInput } from './moved-visit.ts'
import { aloneIn, dayPlacesOf, timeTakenBy, writeOf } from './moving-row.ts'
import { auditOverride } from './override.ts'
import { withOwnNumber } from './own-number.ts'
import { taken } from './visit-in-slot.ts'
import { releaseSlotTakenByHand } from './write-slot.ts'

/** Throws: not-found, gone, required, business-rule, conflict (with up to three next times). */
export const moveVisit = (house: House, input: MoveInput): Promise<Changed> => withOwnNumber(() => moveOnce(house, input))

async function moveOnce(house: House, input: MoveInput): Promise<Changed> {
  for (let attempt = 1; ; attempt++) {
    const judgement = await judgedMove(house, input)
    const { move, wish } = judgement
    if (!move.visit.free) throw await taken(house, wish)
    const moved = await moveAtOnce(house, judgement)
    if (moved) return moved
    try {
      return await inTransaction(house.pool, (tx) => moveInTx(tx, house, judgement))
    } catch (error) {
      const lost = error instanceof LostRace
      if (lost && mayTakeAnother(move.groups, attempt)) continue
      if (lost) throw await taken(house, wish)
      if (!(error instanceof ChangedMeanwhile) || attempt >= moveAttemptsMax) throw error
    }
  }
}

export const moveAttemptsMax = 5

/** Somebody else wrote the Appointment between the look and the lock: all is judged again. */
export class ChangedMeanwhile extends Error {}

/** Throws LostRace, ChangedMeanwhile. */
export async function moveInTx(tx: Tx, house: House, judgement: Judgement): Promise<Changed> {
  const { input } = judgement
  if (input.once) await claimKey(tx, input.once)
  await input.alongside?.(tx)
  await lockVisits(tx, turnOf([judgement]))
  const at = house.clock.now().toISOString()
  await leaveInTx(tx, judgement, at)
  await takeDayPlaces(tx, dayPlacesOf(judgement))
  const changed = await arriveInTx(tx, house, judgement, at)
  if (input.once) await remember(tx, input.once, { appointment: changed.id, version: changed.version }, at)
  return changed
}

/** Whom those who move lock, before anything is given back. */
export const turnOf = (judgements: readonly Judgement[]): Turn => ({
  visits: judgements.map(({ input }) => input.id),
  patients: judgements.flatMap(({ asked }) => aloneIn(asked).alone ?? []),
  actors: judgements.flatMap(({ move }) => move.time.claims),
})

/** Its old time is given back; the Appointment is held until the transaction ends. Throws ChangedMeanwhile. */
export async function leaveInTx(tx: Tx, { input, move }: Judgement, at: string): Promise<void> {
  const { row } = await lockedAppointment(tx, input.id, input.assertMay)
  if (row.version !== move.version) throw new ChangedMeanwhile()
  await releaseVisit(tx, `Appointment/${input.id}`, at)
  if (input.heldFor) await releaseVisit(tx, input.heldFor, at)
  if (move.takenByHand) await releaseSlotTakenByHand(tx, input.slot, input.client, at)
}

/** Its new time is taken, and it is written. Throws LostRace, so that a refusal undoes what came before it. */
export async function arriveInTx(tx: Tx, house: House, judgement: Judgement, at: string): Promise<Changed> {
  const { input, move } = judgement
  if (!(await takeTimeOrSeats(tx, timeTakenBy(judgement, at)))) throw new LostRace(input.id)
  const written = await replaceResource(tx, house.definitions, writeOf(house, judgement, at))
  if (input.override) await auditOverride(tx, house, input.override, move.resource)
  return { id: written.id, version: written.version, text: written.body }
}
