/**
 * What many new Slots have to know at once: which Schedules have no plan for them yet, and who has their time already.
 * The same questions for one Slot: `plans.ts` and `time-over-slots.ts`.
 */
import { Fault } from '../base/fault.ts'
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type NewSlot = { readonly id: string; readonly schedule: string; readonly start: string; readonly end: string }

export type Holder = { readonly holder: string; readonly status: string; readonly until: Date | null }

/** What new Slots find: by Slot, what lies over its time; and those whose Schedule has no plan yet, or none for Slots so long. */
export type Ground = { readonly over: ReadonlyMap<string, Holder>; readonly beyond: ReadonlySet<string> }

/** Over a time lies the holder of a live claim, kept there until the transaction ends, or a block. */
export async function groundOf(db: Db, slots: readonly NewSlot[]): Promise<Ground> {
  const rows = await db.query<Holder & { id: string }>(
    prepared(
      `with sent as materialized (
        select * from jsonb_to_recordset($1::jsonb) s (id text, schedule text, start timestamptz, "end" timestamptz)),
      lying as materialized (
        select sent.id, held.holder, held.status, held.until, 1 as place
          from sent cross join lateral (
            select c.appointment as holder, case when c.expires is null then 'busy' else 'busy-tentative' end as status, c.expires as until
              from schedule_claim sc join claim c on c.resource = sc.resource and c.period && tstzrange(sent.start, sent."end")
             where sc.schedule = sent.schedule and (c.expires is null or c.expires > now())
             order by c.expires desc nulls first, c.appointment limit 1 for key share of c) held
        union all
        select sent.id, blocked.holder, 'busy-unavailable', null, 2
          from sent cross join lateral (
            select 'Slot/' || b.id as holder
              from schedule_claim sc join schedule_claim other on other.resource = sc.resource join schedule_plan p on p.schedule = other.schedule
              join slot b on b.schedule = other.schedule and b.status = 'busy-unavailable' and b.taken_by is null and not b.deleted
               and b.starts < sent."end" and b.ends > sent.start and b.starts > sent.start - p.longest
             where sc.schedule = sent.schedule order by b.id limit 1) blocked)
      (select distinct on (id) id, holder, status, until from lying order by id, place)
      union all
      select sent.id, null, null, null from sent left join schedule_plan p on p.schedule = sent.schedule
       where p.schedule is null or p.longest < sent."end" - sent.start`,
      [JSON.stringify(slots)],
    ),
  )
  return {
    over: new Map(rows.flatMap(({ id, ...holder }): [string, Holder][] => (holder.holder === null ? [] : [[id, holder]]))),
    beyond: new Set(rows.flatMap(({ id, holder }) => (holder === null ? [id] : []))),
  }
}

/**
 * Waits for whoever is taking the time of one of these Slots just now: their claims, not committed yet, hold up ours, which
 * never come about. After it, a statement sees what they took. A transaction of its own that is always undone.
 */
export async function outwaitClaimsOver(db: Db, waiter: string, slots: readonly NewSlot[]): Promise<void> {
  const waited = db.query(
    prepared(
      `with tried as (
        insert into claim (resource, session, seat, period, appointment, client)
        select sc.resource, $1::text, row_number() over (partition by sc.resource order by s.start, s.id), tstzrange(s.start, s."end"), $1::text, ''
          from jsonb_to_recordset($2::jsonb) s (id text, schedule text, start timestamptz, "end" timestamptz)
          join schedule_claim sc on sc.schedule = s.schedule order by sc.resource, s.start, s.id
        on conflict do nothing returning 1)
       select refuse_visit('waited') where (select count(*) from tried) >= 0`,
      [waiter, JSON.stringify(slots)],
    ),
  )
  await waited.catch((error: unknown) => {
    if (!(error instanceof Fault && error.kind === 'conflict')) throw error
  })
}
