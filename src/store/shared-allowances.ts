/**
 * Allowances that all processes on one database share (`base/allowances.ts` is for one process). A process fetches a share of
 * what somebody may have and spends it without asking again, so most requests cost no round trip. All of them together never
 * let more through than the allowance; near its end they may let through a share less.
 */
import type { Allowances, Wait } from '../base/allowances.ts'
import { allowanceShares, allowancesRemembered } from '../base/limits.ts'
import type { Db, Pool } from './db.ts'
import { prepared } from './sql.ts'

type Share = { left: number; readonly untilMs: number }

export function sharedAllowances(pool: Pool, kind: string, perMinute: number): Allowances {
  const share = Math.max(1, Math.floor(perMinute / allowanceShares))
  const shares = new Map<string, Share>()
  const fetching = new Map<string, Promise<Wait>>()
  const spend = (name: string, nowMs: number, cost: number): boolean => {
    const mine = shares.get(name)
    if (!mine || mine.left < cost || mine.untilMs <= nowMs) return false
    mine.left -= cost
    return true
  }
  const fetchOne = async (name: string, nowMs: number, cost: number): Promise<Wait> => {
    const count = Math.max(share, cost)
    const wait = await fetchShare(pool, `${kind}:${name}`, count, perMinute)
    if (wait > 0) return wait
    shares.delete(name)
    shares.set(name, { left: count, untilMs: nowMs + 60_000 })
    const [oldest] = shares.size > allowancesRemembered ? shares.keys() : []
    if (oldest !== undefined) shares.delete(oldest)
    return 0
  }
  const fetchAndSpend = async (name: string, nowMs: number, cost: number): Promise<Wait> => {
    while (!spend(name, nowMs, cost)) {
      const known = fetching.get(name)
      const fetched = known ?? fetchOne(name, nowMs, cost).finally(() => fetching.delete(name))
      if (!known) fetching.set(name, fetched)
      const wait = await fetched
      if (wait > 0) return wait
    }
    return 0
  }
  return {
    perMinute,
    take: (name, nowMs, cost = 1) => {
      const paid = Math.min(cost, perMinute)
      return spend(name, nowMs, paid) ? 0 : fetchAndSpend(name, nowMs, paid)
    },
  }
}

/** The same rule as in memory, by the database's clock: what was taken is whole again when its minute's part is over. */
async function fetchShare(db: Db, name: string, count: number, perMinute: number): Promise<Wait> {
  const ms = (count * 60_000) / perMinute
  const [row] = await db.query<{ wait: number }>(
    prepared(
      `with taken as (
        insert into rate_allowance as a (name, whole_at) values ($1, now() + $2::float8 * interval '1 ms')
        on conflict (name) do update set whole_at = greatest(a.whole_at, now()) + $2::float8 * interval '1 ms'
         where greatest(a.whole_at, now()) + $2::float8 * interval '1 ms' <= now() + interval '60001 ms'
        returning 1)
      select case when exists (select 1 from taken) then 0
                  else greatest(1, coalesce((select date_part('epoch', whole_at - now()) * 1000 + $2::float8 - 60000 from rate_allowance where name = $1), 1))
             end::float8 as wait`,
      [name, ms],
    ),
  )
  return row?.wait ?? 0
}

/** Whoever may have a full minute's worth anyway. */
export async function forgetAllowances(db: Db): Promise<void> {
  await db.query(prepared('delete from rate_allowance where whole_at < now()', []))
}
