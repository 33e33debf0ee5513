/**
 * Overflow lanes: a visit that staff books over others claims `Practitioner/1#2` (or #3 …) instead of `Practitioner/1`, so it
 * clashes with nobody but those who were booked over them before. The Slots keep their holder and are marked `overbooked`;
 * should that holder leave, they pass to the visit of the lane and are offered to nobody. Nor is its time on any other Schedule:
 * what nobody has of it in the first lane is claimed there in its name (`claim_under_lanes`), at once and whenever somebody leaves.
 */
import { fault } from '../base/fault.ts'
import { overflowLanesMax } from '../base/limits.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import type { Db, Tx } from './db.ts'
import type { PlacedVisit } from './place-visits.ts'
import { insertResource } from './resources.ts'
import { lastLane } from './session-slots.ts'
import { everyStatus, statusChange } from './slot-status.ts'
import { settleUnderActors } from './slots.ts'
import { prepared } from './sql.ts'
import { assertAlone, type TimeTaken } from './take-time.ts'

export type SlotUnder = { readonly id: string; readonly start: number; readonly end: number; readonly isBlocked: boolean }

/** The Slots of a Schedule under a time, whoever has them. Times are Unix milliseconds. */
export async function slotsUnder(db: Db, { schedule, start, end }: { schedule: string; start: string; end: string }): Promise<SlotUnder[]> {
  return db.query<SlotUnder>(
    prepared(
      `select id, date_part('epoch', starts) * 1000 as start, date_part('epoch', ends) * 1000 as "end", status = 'busy-unavailable' as "isBlocked"
         from slot
        where schedule = $1 and status = any(${everyStatus}) and starts < $3::timestamptz
          and ends > $2::timestamptz and starts > $2::timestamptz - (select longest from schedule_plan where schedule = $1)
        order by starts, id`,
      [schedule, start, end],
    ),
  )
}

/**
 * Books over what is there. False if a block lies there by now; throws `business-rule` where every lane is taken. The caller has
 * had its turn (`lock-visits.ts`). All claims come before the Slots, in the lane and under it, as everybody takes them.
 */
export async function placeOverflow(tx: Tx, definitions: Definitions, { write, time }: PlacedVisit): Promise<boolean> {
  await assertAlone(tx, time)
  const claimed = await claimLane(tx, time)
  if (claimed === 0) throw fault('business-rule', `No more than ${overflowLanesMax} visits are booked over others at one time.`, 'overbook')
  if (claimed !== time.claims.length) return false
  const under = await takeUnderLanes(
    tx,
    time.claims.map((actor) => ({ actor, from: time.from, until: time.until })),
  )
  if (!(await mark(tx, time))) return false
  await settleUnderActors(tx, under, time.at)
  return (await insertResource(tx, definitions, write)) !== undefined
}

/** Time of an actor in the first lane, buffers included. */
export type ActorTime = { readonly actor: string; readonly from: string; readonly until: string }

/** What nobody has of these times is whose overflow lanes lie there, on every Schedule of the actors. */
export async function claimUnderLanes(tx: Tx, times: readonly ActorTime[], at: string): Promise<void> {
  if (times.length > 0) await settleUnderActors(tx, await takeUnderLanes(tx, times), at)
}

/** The claims alone, of all actors. Gives those times of which something was left to take. */
async function takeUnderLanes(tx: Tx, times: readonly ActorTime[]): Promise<readonly ActorTime[]> {
  return tx.query<ActorTime>(
    prepared(
      `select actor, "from", until
         from (select * from jsonb_to_recordset($1::jsonb) as given (actor text, "from" text, until text) order by actor, "from"::timestamptz offset 0) each
        where claim_under_lanes(actor, tstzrange("from"::timestamptz, until::timestamptz), $2) > 0`,
      [JSON.stringify(times), lastLane],
    ),
  )
}

/** The lowest lane that is free for all whom the visit takes up; 0 where none is. */
async function claimLane(tx: Tx, { claims, from, until, holder, client }: TimeTaken): Promise<number> {
  const rows = await tx.query(
    prepared(
      `with lane as (
        select n from generate_series(2, $6::int) n
         where not exists (select 1 from unnest($1::text[]) r join claim c on c.resource = r || '#' || n and c.period && tstzrange($2::timestamptz, $3::timestamptz))
         order by n limit 1)
      insert into claim (resource, session, period, appointment, client)
      select r || '#' || n, $4, tstzrange($2::timestamptz, $3::timestamptz), $4, $5 from lane, unnest($1::text[]) r order by 1
      on conflict do nothing returning 1`,
      [claims, from, until, holder, client, lastLane],
    ),
  )
  return rows.length
}

/**
 * False where a Slot is gone or blocked. One that has come free meanwhile is the visit's, and so is a session's that has seats left,
 * on whichever Schedule: nobody else sits down. The other Slots, which may be settled after it, are locked with them, all in one order.
 */
async function mark(tx: Tx, { needed, claims, from, until, holder, at }: TimeTaken): Promise<boolean> {
  const locked = await tx.query<{ id: string; open: boolean; shared: boolean }>(
    prepared(
      `select id, status <> 'busy-unavailable' as open, session is not null as shared from slot
        where not deleted and id = any(array(
          select unnest($1::text[])
          union
          select under.id from schedule_claim sc join schedule_plan p on p.schedule = sc.schedule cross join lateral (
            select id from slot s where s.schedule = sc.schedule and s.status = any(${everyStatus}) and s.starts > $3::timestamptz - p.longest
               and s.starts < $4::timestamptz and s.ends > $3::timestamptz offset 0) under
           where sc.resource = any($2::text[])))
        order by id for update`,
      [needed, claims, from, until],
    ),
  )
  const rows = locked.filter(({ id }) => needed.includes(id))
  if (rows.length !== needed.length || !rows.every(({ open }) => open)) return false
  const marked = locked.filter(({ id, shared }) => shared || needed.includes(id)).map(({ id }) => id)
  await tx.query(
    prepared(
      `with mine as (select * from slot where id = any($1::text[]) order by id),
      ${statusChange(
        'mine',
        `case when s.status = 'free' then 'busy' else s.status end`,
        `case when s.status = 'free' then $2 else s.taken_by end`,
        's.held_until',
        '$3::text',
        'true',
        {
          body: `s.body || '{"overbooked": true}'`,
          session: 's.session',
          overbooked: 'true',
        },
      )}
      select 1`,
      [marked, holder, at],
    ),
  )
  return true
}
