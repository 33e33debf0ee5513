/**
 * What many new Slots have to know at once: which Schedules have no plan for them yet, and who has their time already.
 * The same questions for one Slot: `plans.ts` and `time-over-slots.ts`.
 */
import type { Tx } from './db.ts'
import { prepared } from './sql.ts'

export type NewSlot = { readonly id: string; readonly schedule: string; readonly start: string; readonly end: string }

/** Those whose Schedule has no plan, or one that says that no Slot of it is so long. */
export async function slotsBeyondPlans(tx: Tx, slots: readonly NewSlot[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    prepared(
      `select s.id from jsonb_to_recordset($1::jsonb) s (id text, schedule text, start timestamptz, "end" timestamptz)
         left join schedule_plan p on p.schedule = s.schedule
        where p.schedule is null or p.longest < s."end" - s.start order by s.id`,
      [JSON.stringify(slots)],
    ),
  )
  return new Set(rows.map(({ id }) => id))
}

export type Holder = { readonly holder: string; readonly status: string; readonly until: Date | null }

/** By Slot, what lies over its time: the holder of a live claim, kept there until the transaction ends, or a block. */
export async function holdersOver(tx: Tx, slots: readonly NewSlot[]): Promise<Map<string, Holder>> {
  const rows = await tx.query<Holder & { id: string }>(
    prepared(
      `with sent as materialized (
        select * from jsonb_to_recordset($1::jsonb) s (id text, schedule text, start timestamptz, "end" timestamptz)),
      held as (
        select sent.id, c.appointment as holder, case when c.expires is null then 'busy' else 'busy-tentative' end as status, c.expires as until, 1 as place
          from sent join schedule_claim sc on sc.schedule = sent.schedule
          join claim c on c.resource = sc.resource and c.period && tstzrange(sent.start, sent."end")
         where c.expires is null or c.expires > now()
         for key share of c),
      blocked as (
        select sent.id, 'Slot/' || b.id as holder, 'busy-unavailable' as status, null::timestamptz as until, 2 as place
          from sent join schedule_claim sc on sc.schedule = sent.schedule join schedule_claim other on other.resource = sc.resource
          join schedule_plan p on p.schedule = other.schedule
          join slot b on b.schedule = other.schedule and b.status = 'busy-unavailable' and b.taken_by is null and not b.deleted
           and b.starts < sent."end" and b.ends > sent.start and b.starts > sent.start - p.longest)
      select distinct on (id) id, holder, status, until from (select * from held union all select * from blocked) found
       order by id, place, until desc nulls first, holder`,
      [JSON.stringify(slots)],
    ),
  )
  return new Map(rows.map(({ id, ...holder }) => [id, holder]))
}

/**
 * Waits for whoever is taking the time of one of these Slots just now: their claims, not committed yet, hold up ours, which
 * are given back at once. After it, a statement sees what they took.
 */
export async function outwaitClaimsOver(tx: Tx, waiter: string, slots: readonly NewSlot[]): Promise<void> {
  await tx.query(
    prepared(
      `insert into claim (resource, session, seat, period, appointment, client)
       select sc.resource, $1 || '?', row_number() over (partition by sc.resource order by s.start, s.id), tstzrange(s.start, s."end"), $1 || '?', ''
         from jsonb_to_recordset($2::jsonb) s (id text, schedule text, start timestamptz, "end" timestamptz)
         join schedule_claim sc on sc.schedule = s.schedule order by sc.resource, s.start, s.id
       on conflict do nothing`,
      [waiter, JSON.stringify(slots)],
    ),
  )
  await tx.query(prepared(`delete from claim where appointment = $1 || '?'`, [waiter]))
}
