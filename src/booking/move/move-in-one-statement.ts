/**
 * A move in one round trip, with those that are asked for at the same moment (`store/move-visits.ts`): where nothing but the
 * Appointment, its time and its Slots must change together. Left out: telling why not, which `move-visit.ts` does.
 */
import type { House } from '../../store/house.ts'
import { moveTogether } from '../../store/move-visits.ts'
import { hasNumbers } from '../../store/number-values.ts'
import type { Changed } from '../cancel.ts'
import type { Judgement } from './judge-move.ts'
import { dayPlacesOf, timeTakenBy, writeOf } from './move-writes.ts'

/** Undefined, and nothing written: it takes a transaction, or the time is gone. */
export async function moveInOneStatement(house: House, judgement: Judgement): Promise<Changed | undefined> {
  if (!isPlain(judgement) || hasNumbers(house.definitions, 'Appointment')) return undefined
  const at = house.clock.now().toISOString()
  const write = writeOf(house, judgement, at)
  const visit = { write, time: timeTakenBy(judgement, at), version: judgement.move.version }
  const moved = await moveTogether(house.pool, house.definitions, visit)
  return moved && { id: moved.id, version: moved.version, text: moved.body }
}

/** Of a request that waits for its answer the time has an end; what somebody keeps for it, or took by hand, is given up beside it. */
const isPlain = (judgement: Judgement): boolean => {
  const { input, move } = judgement
  return (
    !(input.once ?? input.alongside ?? input.heldFor ?? input.leaving ?? input.override ?? move.time.seating ?? move.time.expires) &&
    !move.takenByHand &&
    dayPlacesOf(judgement).length === 0
  )
}
