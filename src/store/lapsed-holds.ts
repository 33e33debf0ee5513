/**
 * Time that was kept for a while which is over: Appointments and Slots whose end the sweep has still to write down. Nobody is
 * in anybody's way by then (docs/booking.md).
 */
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

/** Holds whose time is over. Another process may be ending one of them: whoever does looks again under the lock. */
export async function lapsedHolds(db: Db, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared('select id from appointment where held_until <= now() order by held_until, id limit $1', [limit]),
  )
  return rows.map((row) => row.id)
}

/** Slots taken by hand for a while (the older FHIR flow) whose while is over. */
export async function lapsedSlots(db: Db, limit: number): Promise<string[]> {
  const rows = await db.query<{ holder: string }>(
    prepared(
      `select taken_by as holder from slot
        where taken_by like 'Slot/%' and status = 'busy-tentative' and held_until <= now()
       union
       select appointment from claim where expires <= now() and appointment like 'Slot/%'
        order by holder limit $1`,
      [limit],
    ),
  )
  return rows.map((row) => row.holder.slice('Slot/'.length))
}

/** Whether `holder` has time that has not run out. */
export async function stillTakes(tx: Tx, holder: string): Promise<boolean> {
  const rows = await tx.query(
    prepared('select 1 from claim where appointment = $1 and (expires is null or expires > now()) limit 1', [holder]),
  )
  return rows.length > 0
}
