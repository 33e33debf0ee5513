/**
 * The rows of Slots that are written by hand, locked in the order that everybody keeps (`store/lock-visits.ts`): whoever takes or
 * gives time with them has a turn, then their claims, and only then the Slots. docs/decisions/0030
 */
import type { Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockVisits } from '../store/lock-visits.ts'
import { type LockedRow, lockResources } from '../store/resource-sets.ts'
import { lockFreeSlots, lockTimesByHand, type SlotTime } from '../store/slots-by-hand.ts'
import { standsOpen } from './make-slots.ts'
import { wantedOf } from './write-slot.ts'

export type SlotWrite = {
  readonly id: string
  readonly does: 'write' | 'patch' | 'remove'
  /** What a write makes of it. What a patch makes of it nobody knows before. */
  readonly resource?: Resource
}

/** Whether it may take time, or lie over that of others: it is not enough then to find the Slot free. */
export const mayTakeTime = (house: House, { does, resource }: SlotWrite): boolean =>
  does === 'patch' || (does === 'write' && !(resource && standsOpen(house, resource)))

/** The current rows of those that are there, held until the transaction ends, with all that writing them locks. */
export async function lockSlotsInTurn(tx: Tx, house: House, writes: readonly SlotWrite[]): Promise<Map<string, LockedRow>> {
  const ids = writes.map(({ id }) => id)
  const free = writes.some((write) => mayTakeTime(house, write)) ? undefined : await lockFreeSlots(tx, ids)
  if (free) return free
  const times = timesOf(house, writes)
  await lockVisits(tx, { visits: [], patients: [], actors: [], ...turnOf(times) })
  await lockTimesByHand(tx, times, true)
  return lockResources(tx, 'Slot', ids)
}

/** Whose turn it is where Slots are written with other things: the claims of the Slots are locked after it (`lockTimesByHand`). */
export const turnOf = (times: readonly SlotTime[]): { slots: string[]; schedules: string[] } => ({
  slots: times.map(({ id }) => id),
  schedules: times.flatMap(({ schedule }) => schedule ?? []),
})

export function timesOf(house: House, writes: readonly SlotWrite[]): SlotTime[] {
  return writes.map(({ id, does, resource }) => {
    if (!resource) return { id, claims: does === 'patch' }
    const { schedule, status, start, end, isOver } = wantedOf(house, resource)
    return { id, claims: !isOver && (status === 'busy' || status === 'busy-tentative'), schedule, start, end }
  })
}
