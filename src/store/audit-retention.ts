/**
 * Months of the audit: made before their first row comes, and dropped whole once they are older than is kept. Both are
 * functions of the database's owner (migration audit-partitions): the application's role can change no row.
 */
import { rangesNow } from './audit-check.ts'
import { instantOf, lastSeal, sealsOver } from './audit-seals.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

/** Makes the partitions of this month and the next, and of every month whose rows came before it had one. */
export async function ensureAuditPartitions(db: Db, month: string): Promise<void> {
  const months = await db.query<{ month: string }>(
    prepared(
      `select m::text as month from (
         select $1::date as m union select ($1::date + interval '1 month')::date
         union select date_trunc('month', at at time zone 'UTC')::date from audit_event_rest) months order by m`,
      [month],
    ),
  )
  // Each alone: a statement that reads the rest cannot take rows out of it.
  for (const { month } of months) await db.query(prepared('select audit_partition($1::date)', [month]))
}

export type Droppable = {
  readonly rows: string
  /** Of them, those that are under no seal yet. */
  readonly unsealed: string
}

/** What stands before an instant (microseconds), given as what is sealed by now. */
async function rowsBefore(tx: Tx, before: string, sealed: { readonly era: number; readonly upto: string }): Promise<Droppable> {
  const [row] = await tx.query<Droppable>({
    text: `select count(*)::text as rows, (count(*) filter (where (era, xid) >= ($2::int, $3::bigint)))::text as unsealed
             from audit_event where at < ${instantOf('$1')}`,
    values: [before, sealed.era, sealed.upto],
  })
  return row ?? { rows: '0', unsealed: '0' }
}

/** What is left of a seal's rows when those before the instant are gone. */
export type Remainder = { readonly seal: string; readonly count: string; readonly hash: string | null }

export type Dropped = { readonly months: readonly string[]; readonly rows: string; readonly remaining: readonly Remainder[] }

/**
 * Drops the months that were over by an instant (microseconds; the first of a month); undefined where there is none, or
 * where one of their rows is not sealed yet. The caller is the sealer, in UTC.
 */
export async function dropMonthsBefore(tx: Tx, before: string): Promise<Dropped | undefined> {
  const last = await lastSeal(tx)
  const { rows, unsealed } = await rowsBefore(tx, before, last ?? { era: 0, upto: '0' })
  if (rows === '0' || unsealed !== '0') return undefined
  const remaining: Remainder[] = []
  for (const seal of await sealsOver(tx, before))
    for (const { number, count, hash } of await rangesNow(tx, [seal], before)) remaining.push({ seal: number, count, hash })
  const months = await tx.query<{ month: string }>(prepared(`select audit_drop_before(${instantOf('$1')}) as month`, [before]))
  return { months: months.map(({ month }) => month), rows, remaining }
}
