/**
 * Slots that are written by hand lock in the order of everybody: claims, then Slots by their ids, the row that is written among
 * them. One that is free and is to stay so takes nothing, gives nothing back and covers nothing, and nobody wants the time of
 * one that is over: its row is all there is to lock.
 */
import type { Tx } from './db.ts'
import type { LockedRow } from './resource-sets.ts'
import { lane } from './session-slots.ts'
import { everyStatus } from './slot-status.ts'
import { prepared } from './sql.ts'
import { lapsedGone } from './take-time.ts'

/** Their rows, as `lockResources` gives them, where whichever of them is there is free or over; undefined, and nothing locked, where one is not. */
export async function lockFreeSlots(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedRow> | undefined> {
  const rows = await tx.query<LockedRow & { id: string | null; open: boolean }>(
    prepared(
      `with all_open as materialized (
        select coalesce(bool_and(coalesce(status, 'free') = 'free' or ends <= now()), true) as open from slot where id = any($1::text[])),
      locked as materialized (
        select t.id, t.version::text as version, t.updated, t.deleted, t.body::text as body,
               coalesce((select min(h.version) from slot_history h
                          where h.id = t.id and h.xmin = pg_current_xact_id_if_assigned()::xid), t.version)::text as begun
          from slot t where t.id = any(array(select id from unnest($1::text[]) id where (select open from all_open)))
         order by t.id for update of t)
      select all_open.open, locked.* from all_open left join locked on true`,
      [ids],
    ),
  )
  if (!rows[0]?.open) return undefined
  return new Map(rows.flatMap(({ id, open: _open, ...row }) => (id === null ? [] : [[id, row] as const])))
}

/** What a Slot is to be; `claims`: it is to be somebody's by hand. Without a Schedule the time is that at which it stands. */
export type SlotTime = {
  readonly id: string
  readonly claims: boolean
  readonly schedule?: string
  readonly start?: string
  readonly end?: string
}

/**
 * Locks the claims that the Slots have, and keeps the time that they are to claim from others until the transaction ends: whoever
 * is taking it just now is waited for, before any Slot is locked. `slotsToo`: then all Slots under these times are.
 */
export async function lockTimesByHand(tx: Tx, times: readonly SlotTime[], slotsToo: boolean): Promise<void> {
  const [row] = await tx.query<{ kept: number }>(
    prepared(
      `with sent as materialized (
        select * from jsonb_to_recordset($1::jsonb) as sent (id text, claims boolean, schedule text, start timestamptz, "end" timestamptz)),
      times as materialized (
        select sent.id, sent.claims, coalesce(sent.schedule, s.schedule) as schedule, coalesce(sent.start, s.starts) as starts, coalesce(sent."end", s.ends) as ends
          from sent left join lateral (select schedule, starts, ends from slot where slot.id = sent.id offset 0) s on true),
      own as materialized (
        select 1 from claim
         where appointment = any(array(
           select 'Slot/' || id from sent
           union
           select lying.appointment from sent cross join lateral (select resource, period from claim c where c.appointment = 'Slot/' || sent.id offset 0) mine
            cross join lateral (select ${lane('mine.resource')} as resource offset 0) up cross join lateral (
              select appointment from claim c where c.resource = up.resource and c.period && mine.period offset 0) lying))
         order by resource, period for update),
      wanted as materialized (
        select times.id, sc.resource, tstzrange(times.starts, times.ends) as period
          from (select count(*) from own) first, times join schedule_claim sc on sc.schedule = times.schedule
         where times.claims and times.ends > now()),
      ${lapsedGone()},
      kept as (
        insert into claim (resource, session, period, appointment, client)
        select resource, 'Slot/' || id || '?', period, 'Slot/' || id || '?', '' from (select count(*) from cleared) first, wanted
         order by resource, period
        on conflict do nothing returning 1),
      spans as (
        select schedule, starts, ends from times
        union
        select s.schedule, s.starts, s.ends from sent join slot s on s.id = sent.id),
      under as (
        select id from sent
        union
        select s.id from sent join slot s on s.taken_by = 'Slot/' || sent.id
        union
        select s.id from spans
         cross join lateral (
           select spans.schedule
           union
           select other.schedule from schedule_claim mine join schedule_claim other on other.resource = mine.resource where mine.schedule = spans.schedule) bearing
         cross join lateral (select longest from schedule_plan p where p.schedule = bearing.schedule offset 0) plan
         cross join lateral (
           select id from slot where slot.schedule = bearing.schedule and slot.status = any(${everyStatus}) and slot.starts > spans.starts - plan.longest
              and slot.starts < spans.ends and slot.ends > spans.starts offset 0) s),
      locked as materialized (
        select 1 from slot where id = any(array(select under.id from (select count(*) from kept) first, under where $2::boolean)) order by id for update)
      select (select count(*)::int from kept) as kept, (select count(*) from locked) as locked`,
      [JSON.stringify(times), slotsToo],
    ),
  )
  // Gone again, they still hold up whoever wants that time, as long as the transaction runs.
  if (row && row.kept > 0)
    await tx.query(prepared('delete from claim where appointment = any($1::text[])', [times.map(({ id }) => `Slot/${id}?`)]))
}
