/**
 * Which of several times cannot be had, as far as claims and blocks tell: asked before a series is taken, so that each clash
 * can be named. Nothing is promised by it; the claims decide when the time is taken (`take-time.ts`).
 */
import { seriesVisitsMax } from '../base/limits.ts'
import type { Db } from './db.ts'
import { prepared } from './sql.ts'
import type { TimeTaken } from './take-time.ts'

export type TimeAskedFor = Pick<TimeTaken, 'claims' | 'from' | 'until' | 'start' | 'end'> & {
  readonly id: number
  /** The group session that it would be a seat of: that one's claims are in nobody's way. */
  readonly session?: string
}

/** The ids of the times that are taken by anybody but `own` (`Appointment/1`, `Slot/1`), or blocked. */
export async function clashesOf(db: Db, times: readonly TimeAskedFor[], own: readonly string[]): Promise<ReadonlySet<number>> {
  const rows = await db.query<{ id: number }>(
    prepared(
      `with asked as materialized (
        select * from jsonb_to_recordset($1::jsonb) as asked (id int, claims text[], "from" timestamptz, until timestamptz,
               start timestamptz, "end" timestamptz, session text)
         limit ${seriesVisitsMax})
      select id from asked
       where exists (
         select 1 from unnest(asked.claims) one cross join lateral (
           select 1 from claim
            where resource = one and period && tstzrange(asked."from", asked.until) and (expires is null or expires > now())
              and session is distinct from asked.session and appointment <> all($2::text[]) offset 0) taken)
          or exists (
         select 1 from unnest(asked.claims) one
           join schedule_claim sc on sc.resource = one
           join schedule_plan p on p.schedule = sc.schedule
          cross join lateral (
            select 1 from slot
             where schedule = sc.schedule and status = 'busy-unavailable' and taken_by is null and not deleted
               and starts < asked."end" and ends > asked.start and starts > asked.start - p.longest offset 0) blocked)`,
      [JSON.stringify(times), own],
    ),
  )
  return new Set(rows.map(({ id }) => id))
}
