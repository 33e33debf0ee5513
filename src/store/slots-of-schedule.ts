/**
 * The Slots of a Schedule that is deleted. Left out: what they give back (`booking/close-schedule.ts`).
 */
import type { Tx } from './db.ts'
import { deletion, everyStatus } from './slot-status.ts'
import { prepared } from './sql.ts'

/** Those that are not over. `hasTime`: in its own name, set busy by hand or a block. */
export async function slotsOfSchedule(tx: Tx, schedule: string, now: string): Promise<{ id: string; hasTime: boolean }[]> {
  return tx.query<{ id: string; hasTime: boolean }>(
    prepared(
      `select id, (taken_by = 'Slot/' || id or (status = 'busy-unavailable' and taken_by is null)) is true as "hasTime"
         from slot where schedule = $1 and status = any(${everyStatus}) and ends > $2::timestamptz order by id`,
      [schedule, now],
    ),
  )
}

/** Their rules may make them again. */
export async function removeSlots(tx: Tx, ids: readonly string[], at: string): Promise<void> {
  await tx.query(
    prepared(
      `with mine as (select * from slot where id = any($1::text[]) and not deleted order by id for update),
      ${deletion('mine', '$2::text')}
      select 1`,
      [ids, at],
    ),
  )
}
