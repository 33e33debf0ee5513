/**
 * Audit rows as they stand, for whoever checks them against the seals: what each sealed range holds now, what lies outside
 * every range, and what is not sealed yet. The caller's transaction is one snapshot in UTC.
 */
import { instantOf, rowsHash, type SealedRange } from './audit-seals.ts'
import type { Db } from './db.ts'

export type RangeNow = { readonly number: string; readonly count: string; readonly hash: string }

/**
 * Seals of one era that follow on each other, in order. Rows are read once for all of them and dealt out by where their
 * transaction falls; those before `dropped` (microseconds) are left out.
 */
export async function rangesNow(db: Db, seals: readonly SealedRange[], dropped: string | null): Promise<RangeNow[]> {
  const [first, last] = [seals[0], seals.at(-1)]
  if (!first || !last) return []
  return db.query<RangeNow>({
    text: `with sealed as (select number, n from unnest($1::text[]) with ordinality s (number, n)),
           held as (
             select width_bucket(e.xid, $2::bigint[]) as n, count(*) as count, ${rowsHash('e')} as hash
               from audit_event e
              where e.era = $3::int and e.xid >= $4::bigint and e.xid < $5::bigint and ${notDropped('$6')}
              group by 1)
           select s.number, coalesce(h.count, 0)::text as count, h.hash
             from sealed s left join held h on h.n = s.n order by s.n`,
    values: [seals.map(({ number }) => number), seals.map(({ from }) => from), first.era, first.from, last.upto, dropped],
  })
}

const notDropped = (place: string): string => `(${place}::bigint is null or e.at >= ${instantOf(place)})`

export type Sealed = { readonly era: number; readonly from: string; readonly upto: string }

/** Rows that no sealed range holds and that cannot be waiting for a seal: of no era, of no transaction, of a dropped month. */
export async function strayRows(db: Db, sealed: readonly Sealed[], tail: Sealed, dropped: string | null): Promise<number> {
  const [row] = await db.query<{ count: string }>({
    text: `select count(*)::text as count from audit_event e
            where not ${notDropped('$1')}
               or not (e.era = $2::int and e.xid >= $3::bigint and e.xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
                  and not exists (select from unnest($4::int[], $5::bigint[], $6::bigint[]) s (era, f, u)
                                   where e.era = s.era and e.xid >= s.f and e.xid < s.u)`,
    values: [
      ...[dropped, tail.era, tail.from],
      ...[sealed.map(({ era }) => era), sealed.map(({ from }) => from), sealed.map(({ upto }) => upto)],
    ],
  })
  return Number(row?.count)
}

/** Rows that wait for a seal, and when the oldest of them was written. */
export async function unsealedTail(db: Db, era: number, from: string): Promise<{ count: number; oldest: Date | null }> {
  const [row] = await db.query<{ count: string; oldest: Date | null }>({
    text: 'select count(*)::text as count, min(at) as oldest from audit_event where era = $1::int and xid >= $2::bigint',
    values: [era, from],
  })
  return { count: Number(row?.count), oldest: row?.oldest ?? null }
}
