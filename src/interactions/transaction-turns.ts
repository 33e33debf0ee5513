/**
 * The turns that a transaction takes at its beginning, whatever the order of its entries: for the visits that it changes, and for
 * the Slots that are to be somebody's by hand.
 */
import type { Actor } from '../access/actor.ts'
import { mayTakeTime, type SlotWrite, timesOf } from '../booking/slots-in-turn.ts'
import { visitsInTurn } from '../booking/visits-in-turn.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockTimesByHand } from '../store/slots-by-hand.ts'
import type { Bodies } from './transaction-bodies.ts'
import type { Target } from './transaction-targets.ts'

/** Whether its Slots had theirs: those that are free and stay so need none, and what is only deleted is locked when it is its turn. */
export async function takeTurns(tx: Tx, house: House, actor: Actor, targets: readonly Target[], bodies: Bodies): Promise<boolean> {
  const visits = targets.filter(({ type, does }) => type === 'Appointment' && does !== 'delete')
  const changed = visits.flatMap((visit) => (visit.does === 'create' ? [] : visit.ids))
  const ids = visits.length < 2 ? [] : changed
  const writes = slotWrites(targets, bodies)
  const times = writes.some((write) => mayTakeTime(house, write)) ? timesOf(house, writes) : []
  if (ids.length === 0 && times.length === 0) return false
  const resources = ids.length === 0 ? [] : visits.flatMap(({ entry }) => bodies.get(entry.index)?.submitted?.resource ?? [])
  await visitsInTurn(tx, house, { ids, resources, patient: ids.length === 0 ? undefined : actor.patient, slots: times })
  // Visits claim time before they lock Slots: of a transaction with both the Slots are locked when they are due.
  if (times.length > 0) await lockTimesByHand(tx, times, !targets.some(({ type }) => type === 'Appointment'))
  return times.length > 0
}

/** One whose references wait for what others write is taken for one of which nobody knows yet what it is to be. */
export const slotWrites = (targets: readonly Target[], bodies: Bodies): SlotWrite[] =>
  targets
    .filter(({ type }) => type === 'Slot')
    .flatMap(({ does, ids, entry }) => {
      const resource = bodies.get(entry.index)?.submitted?.resource
      const how = does === 'delete' ? 'remove' : resource ? 'write' : 'patch'
      return ids.map((id): SlotWrite => ({ id, does: how, resource }))
    })
