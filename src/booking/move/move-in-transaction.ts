/**
 * A move as a transaction, for whatever is not plain (`move-in-one-statement.ts`): it takes its turn, gives the old time
 * back, takes the new one, and writes the Appointment. If the new time cannot be had, nothing of it stands.
 */
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { claimKey, remember } from '../../store/idempotency.ts'
import { lockVisits, type Turn } from '../../store/lock-visits.ts'
import { replaceResource } from '../../store/resources.ts'
import { takeTimeOrSeats } from '../../store/take-seats.ts'
import { type Changed, lockedAppointment, releaseVisit } from '../cancel.ts'
import { takeDayPlaces } from '../day-places.ts'
import { LostRace } from '../lost-race.ts'
import { auditOverride } from '../override.ts'
import { releaseSlotTakenByHand } from '../write-slot.ts'
import type { Judgement } from './judge-move.ts'
import { aloneIn, dayPlacesOf, timeTakenBy, writeOf } from './move-writes.ts'

export const moveAttemptsMax = 5

/** Somebody else wrote the Appointment between the look and the lock: all is judged again. */
export class ChangedMeanwhile extends Error {}

/** Throws LostRace, ChangedMeanwhile. */
export async function moveInTx(tx: Tx, house: House, judgement: Judgement): Promise<Changed> {
  const { input } = judgement
  if (input.once) await claimKey(tx, input.once)
  const goOn = await input.alongside?.begin(tx)
  await lockVisits(tx, turnOf([judgement]))
  await goOn?.()
  const at = house.clock.now().toISOString()
  await leaveInTx(tx, judgement, at)
  await takeDayPlaces(tx, dayPlacesOf(judgement))
  const changed = await arriveInTx(tx, house, judgement, at)
  if (input.once) await remember(tx, input.once, { appointment: changed.id, version: changed.version }, at)
  return changed
}

/** Whom those who move lock, before anything is given back. */
export const turnOf = (judgements: readonly Judgement[]): Turn => ({
  visits: judgements.flatMap(({ input }) => [input.id, ...(input.alongside?.visits ?? [])]),
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
