/**
 * The order in which everybody who moves visits locks: the Appointments, then their patients, then claims and Slots. Of one
 * patient's visits that are moved at one moment none then waits for another that waits for it.
 */
import type { Tx } from './db.ts'
import { prepared } from './sql.ts'

/** `visits` are bare ids, `patients` whole references; until the transaction ends. `refuse_overlap` locks the same. */
export async function lockVisits(tx: Tx, visits: readonly string[], patients: readonly string[]): Promise<void> {
  await tx.query(
    prepared(
      `with seen as materialized (select id from appointment where id = any($1::text[]) order by id for update)
      select pg_advisory_xact_lock(hashtextextended(patient, 14))
        from (select count(*) from seen) first, (select distinct patient from unnest($2::text[]) patient order by patient offset 0) each`,
      [visits, patients],
    ),
  )
}
