/**
 * Slots looked up otherwise than by FHIR's search: by when they start on a Schedule, by what they are kept for, and the text of
 * those that were found.
 */
import { findRowsMax } from '../base/limits.ts'
import { instantOf } from '../fhir/resource.ts'
import type { Db } from './db.ts'
import { everyStatus } from './slot-status.ts'
import { prepared } from './sql.ts'

/** Bodies by id, of those that are still there. */
export async function slotBodies(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ id: string; body: string }>(
    prepared('select id, body_text as body from slot where id = any($1::text[]) and not deleted', [ids]),
  )
  return new Map(rows.map((row) => [row.id, row.body]))
}

/** The Slot of a Schedule that starts just then, the free one first where there are several. */
export async function slotStartingAt(db: Db, schedule: string, start: string): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>(
    prepared(
      `select id from slot where schedule = $1 and status = any(${everyStatus}) and starts = $2::timestamptz
        order by (status = 'free') desc, id limit 1`,
      [schedule, start],
    ),
  )
  return row?.id
}

/** The same for several starts (Unix milliseconds), in one statement: by start; those at which none starts are not in it. */
export async function slotsStartingAt(db: Db, schedule: string, starts: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const rows = await db.query<{ start: number; id: string }>(
    prepared(
      `select distinct on (starts) id, date_part('epoch', starts) * 1000 as start
         from unnest($2::timestamptz[]) asked (at) cross join lateral (
           select id, starts, status from slot
            where schedule = $1 and status = any(${everyStatus}) and starts = asked.at offset 0) s
        order by starts, (status = 'free') desc, id limit 1000`,
      [schedule, starts.map(instantOf)],
    ),
  )
  return new Map(rows.map(({ start, id }) => [start, id]))
}

/** Free Slots that name a type of appointment, and none of these words (`appointment-type=system|code`). */
export async function slotsOfOtherTypes(
  db: Db,
  { schedules, from, until, words }: { schedules: readonly string[]; from: string; until: string; words: readonly string[] },
): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared(
      `select id from slot
        where schedule = any($1::text[]) and status = any(array['free','busy-tentative']) and starts >= $2::timestamptz and starts < $3::timestamptz
          and not terms && $4::text[] and exists (select 1 from unnest(terms) term where term like 'appointment-type=%')
        order by id limit $5`,
      [schedules, from, until, words, findRowsMax],
    ),
  )
  return rows.map((row) => row.id)
}
