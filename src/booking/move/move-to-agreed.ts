/**
 * Moves a visit to the time that both sides want, in the transaction of the answer that agreed to it. Whoever proposed it and
 * whoever accepts it are the clinic and the patient, so notice and approval are nobody's to ask any more; every other rule binds
 * the new time, and where it cannot be had the answer is refused and the old time stands.
 */
import { fault } from '../../base/fault.ts'
import { instantOf, type Resource } from '../../fhir/resource.ts'
import type { Agreed } from '../../scheduling/appointment-response.ts'
import type { AuditRow } from '../../store/audit-rows.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { isNumberTaken } from '../../store/pg-errors.ts'
import { slotStartingAt } from '../../store/slot-lookups.ts'
import { poolOf } from '../../store/transaction.ts'
import { IdIsTaken, TimeIsTaken } from '../change.ts'
import { LostRace } from '../lost-race.ts'
import { scheduleOfVisit } from '../schedule-of-visit.ts'
import { judgeMove } from './judge-move.ts'
import { moveInTx } from './move-in-transaction.ts'
import type { MoveInput } from './move-input.ts'

type Moving = {
  readonly visit: Resource
  readonly agreed: Agreed
  /** Who takes part, with what they have said. */
  readonly participant: readonly unknown[]
  readonly client: string
  readonly audit: AuditRow
}

/** Throws: business-rule, TimeIsTaken. */
export async function moveToAgreed(tx: Tx, asItIs: House, moving: Moving): Promise<void> {
  // All is read as the transaction sees it, which has the visit locked.
  const house: House = { ...asItIs, pool: poolOf(tx) }
  const judgement = await judgeMove(house, await moveInput(house, moving))
  if (!judgement.move.visit.free) throw new TimeIsTaken(judgement.wish, 'AppointmentResponse.start')
  try {
    await moveInTx(tx, house, judgement)
  } catch (error) {
    if (error instanceof LostRace) throw new TimeIsTaken(judgement.wish, 'AppointmentResponse.start')
    throw isNumberTaken(error) ? new IdIsTaken() : error
  }
}

async function moveInput(house: House, { visit, agreed, participant, client, audit }: Moving): Promise<MoveInput> {
  const schedule = await scheduleOfVisit(house, visit)
  const slot = schedule && (await slotStartingAt(house.pool, schedule, instantOf(agreed.start)))
  if (!slot)
    throw fault(
      'business-rule',
      'No Slot of its Schedule starts at that time: move the visit with $reschedule.',
      'AppointmentResponse.start',
    )
  return {
    id: String(visit.id),
    slot,
    minutes: Math.round((agreed.end - agreed.start) / 60_000),
    statuses: ['booked', 'pending'],
    agreed: agreed.isSettled,
    proposalFrom: ({ slot: _slot, ...before }) => ({ ...before, participant }) as Resource,
    client,
    online: false,
    audit,
    assertMay: () => {},
  }
}
