/**
 * The Appointments of a series, by its first: they name it, and the search parameter `originating-appointment` has indexed them.
 */
import { seriesVisitsMax } from '../base/limits.ts'
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

/** Replaced visits keep their number, so there may be more of them than the series has visits. */
const membersReadMax = 10 * seriesVisitsMax

/** The bodies of those that are still to begin and have not been given up, in the order of their times. */
export async function visitsToComeOfSeries(db: Db, first: string, now: string): Promise<string[]> {
  const rows = await db.query<{ body: string }>(
    prepared(
      `select body::text as body from (
         select id, body, status, starts, deleted from appointment where terms @> array['originating-appointment=Appointment/' || $1::text]
         union all
         select id, body, status, starts, deleted from appointment where id = $1) visit
        where not deleted and status in ('booked', 'pending') and starts > $2::timestamptz
        order by starts, id limit ${membersReadMax}`,
      [first, now],
    ),
  )
  return rows.map(({ body }) => body)
}
