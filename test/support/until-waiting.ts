/** Statements that stand still before what another transaction has locked: a test waits for them, then does what they wait for. */
import type { Pool } from '../../src/store/db.ts'
import { eventually } from './house.ts'

/** Until just so many statements of the pool's database wait for a lock. Postgres's own workers do not count. */
export async function untilWaiting(pool: Pool, count: number): Promise<void> {
  const text = `select count(*)::int as waiting from pg_stat_activity
                 where datname = current_database() and backend_type = 'client backend' and wait_event_type = 'Lock'`
  await eventually(60_000, async () => (await pool.query<{ waiting: number }>({ text, values: [] }))[0]?.waiting === count)
}
