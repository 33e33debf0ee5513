/**
 * Slots that are new, or stand at another time, and free: found in the log of changes once nobody is left whose statement
 * began before they were there. A booking that did cannot have seen them, whatever it claimed since; every later one does.
 *
 * That is asked of the snapshots that are still in use (`backend_xmin`), not of the transactions that still run: a booking
 * may take its snapshot first and its number last. https://www.postgresql.org/docs/current/monitoring-stats.html
 */
import { newSlotChangesMax } from '../base/limits.ts'
import type { Position } from './changes.ts'
import type { Tx } from './db.ts'
import { prepared } from './sql.ts'

/** Where on a Schedule free Slots have come. */
export type NewSlots = { readonly schedule: string; readonly from: string; readonly until: string }

/** What follows a position, and how far that reaches; undefined where nothing does. The caller has the follower's row. */
export async function newSlotsAfter(tx: Tx, after: Position): Promise<{ last: Position; found: readonly NewSlots[] } | undefined> {
  const [row] = await tx.query<{ xid: string | null; pos: string | null; found: NewSlots[] }>(
    prepared(
      `with oldest as materialized (
        select (pg_current_xact_id()::text::numeric - coalesce(max(age(backend_xmin)), 0))::text::xid8 as xid
          from pg_stat_activity where backend_xmin is not null and datname = current_database()),
      passed as materialized (
        select c.xid, c.pos, c.type, c.id, c.version, c.kind, c.at from change c
         where (c.xid, c.pos) > ($1::xid8, $2::bigint) and c.xid < (select xid from oldest)
         order by c.xid, c.pos limit ${newSlotChangesMax}),
      fresh as (
        select s.schedule, min(s.starts) as "from", max(s.ends) as until
          from passed cross join lateral (select schedule, starts, ends, status from slot where id = passed.id offset 0) s
         where passed.type = 'Slot' and s.status = 'free' and s.ends > now()
           and (passed.kind = 'create' or (passed.kind = 'update' and exists (
                 select 1 from slot_history h where h.id = passed.id and h.version = passed.version - 1
                    and (h.deleted or (h.body->>'start')::timestamptz <> s.starts or (h.body->>'end')::timestamptz <> s.ends
                         or h.body#>>'{schedule,reference}' not like '%Schedule/' || s.schedule))))
         group by s.schedule
        union all
        select distinct id, now(), 'infinity'::timestamptz from passed where kind = 'slots')
      select (select xid::text from passed order by xid desc, pos desc limit 1) as xid,
             (select pos::text from passed order by xid desc, pos desc limit 1) as pos,
             coalesce((select jsonb_agg(jsonb_build_object('schedule', schedule, 'from', "from", 'until', until) order by schedule) from fresh), '[]') as found`,
      [after.xid, after.pos],
    ),
  )
  return row?.xid && row.pos ? { last: { xid: row.xid, pos: row.pos }, found: row.found } : undefined
}
