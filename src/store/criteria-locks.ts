/**
 * Conditional writes that could each make what the other looks for take turns.
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
import type { Tx } from './db.ts'
import { prepared } from './sql.ts'

/**
 * Held until the transaction ends, and taken in one order whatever the order of `names`. The next statement sees what others
 * have committed.
 */
export async function lockCriteria(tx: Tx, names: readonly string[]): Promise<void> {
  await tx.query(
    prepared(
      `select pg_advisory_xact_lock(key)
         from (select distinct hashtextextended(name, 11) as key from unnest($1::text[]) as name order by key offset 0) keys`,
      [names],
    ),
  )
}
