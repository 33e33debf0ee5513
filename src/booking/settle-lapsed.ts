/**
 * Ends holds whose time is over: the Appointment is cancelled and its Slots read free again, with no one asking.
 * Nobody waits for it: find, hold and book treat such a hold as gone already.
 */
import { lapsedHoldsPerSweepMax } from '../base/limits.ts'
import type { Resource } from '../fhir/resource.ts'
import { awaitsApproval } from '../scheduling/approval.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import { giveBackTime, lockTaken } from '../store/held-time.ts'
import type { House } from '../store/house.ts'
import { lapsedHolds, lapsedSlots, stillTakes } from '../store/lapsed-holds.ts'
import { claimUnderLanes } from '../store/overflow.ts'
import { lockResource } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { cancelInTx, heldUntil } from './cancel.ts'
import { oneByOne } from './one-by-one.ts'

/** One sweep; gives how many it ended. `audit` makes the row for each. */
export async function settleLapsed(house: House, audit: () => AuditRow): Promise<number> {
  const what = 'a hold whose time is over could not be ended; it is tried again'
  const holds = await lapsedHolds(house.pool, lapsedHoldsPerSweepMax)
  const ended = await oneByOne(house, what, holds, (id) => inTransaction(house.pool, (tx) => endHold(tx, house, id, audit())))
  const slots = await lapsedSlots(house.pool, lapsedHoldsPerSweepMax)
  return ended + (await oneByOne(house, what, slots, (id) => inTransaction(house.pool, (tx) => endSlotHold(tx, house, id))))
}

/** Looks again under the lock: it may have been taken anew, for longer. */
async function endSlotHold(tx: Tx, house: House, id: string): Promise<void> {
  await lockTaken(tx, `Slot/${id}`)
  if (await stillTakes(tx, `Slot/${id}`)) return
  const at = house.clock.now().toISOString()
  await claimUnderLanes(tx, await giveBackTime(tx, `Slot/${id}`, at), at)
}

const lapsedReason = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason', code: 'other', display: 'Other' }],
}

/** Looks again under the lock: it may have been booked, renewed, released or deleted meanwhile. */
async function endHold(tx: Tx, house: House, id: string, audit: AuditRow): Promise<void> {
  const row = await lockResource(tx, 'Appointment', id)
  if (!row?.body) return
  const resource = JSON.parse(row.body) as Resource
  const until = heldUntil(resource)
  if (resource.status !== 'pending' || until === undefined || until > house.clock.now().getTime()) return
  const text = awaitsApproval(resource) ? 'The clinic has not answered in time.' : 'The hold ran out.'
  await cancelInTx(tx, house, { id, reason: { ...lapsedReason, text }, audit, assertMay: () => {} })
}
