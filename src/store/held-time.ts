/**
 * What a holder has: its claims, its day places, and the Slots that it took. Confirmed when a hold is booked, given back
 * when a visit is cancelled or moved.
 */
import type { Tx } from './db.ts'
import { isLastPlaceOf, isPlaceOf } from './hold-places.ts'
import type { ActorTime } from './overflow.ts'
import { isUnderLanes, lane, namedBy, settling } from './session-slots.ts'
import { everyStatus, statusChange } from './slot-status.ts'
import { prepared } from './sql.ts'
import { type GivenBack, givenBackIn } from './transaction.ts'

/** How many claims an Appointment was given when its time was taken. */
export async function claimCount(tx: Tx, appointment: string): Promise<number> {
  const [row] = await tx.query<{ claims: number }>(prepared('select claims from appointment where id = $1', [appointment]))
  return row?.claims ?? 0
}

/**
 * Turns a hold's claims into a booking's, or into those of a hold that ends at `until`: whether they are seats of a session;
 * undefined if it has lapsed meanwhile. `count` is how many claims the hold was given: a booking that came after its end may
 * have cleared away some of them already.
 */
export async function confirmClaims(
  tx: Tx,
  holder: string,
  { count, until }: { readonly count: number; readonly until?: string },
): Promise<{ seats: boolean } | undefined> {
  const rows = await tx.query<{ seats: number | null }>(
    prepared('update claim set expires = $2::timestamptz where appointment = $1 and expires > now() returning seats', [
      holder,
      until ?? null,
    ]),
  )
  return rows.length === count ? { seats: rows.some(({ seats }) => seats !== null) } : undefined
}

/** The Slots that `holder` took stay tentative until then. Nobody is shown until when, so they are no new versions. */
export async function holdSlots(tx: Tx, holder: string, until: string): Promise<void> {
  await tx.query(
    prepared(
      `with mine as (select id from slot where taken_by = $1 and status = 'busy-tentative' order by id for update)
      update slot s set held_until = $2::timestamptz from mine where s.id = mine.id`,
      [holder, until],
    ),
  )
}

/** The Slots that `holder` took get the status of a booking instead of a hold. */
export async function confirmSlots(tx: Tx, holder: string, at: string): Promise<void> {
  await tx.query(
    prepared(
      `with mine as (select * from slot where taken_by = $1 and status = 'busy-tentative' order by id for update),
      ${statusChange('mine', `'busy'::text`, '$1', 'null::timestamptz', '$2::text')}
      select 1`,
      [holder, at],
    ),
  )
}

/**
 * Locks what `holder` has and every Slot that it lies over, whoever took it, so that `giveBackTime` in the next statement
 * sees what was decided about them before: of two that give back at once, the second sees what the first left to it. Whoever
 * lies over it in an overflow lane stays there meanwhile: what is given back becomes theirs.
 */
export async function lockTaken(tx: Tx, holder: string): Promise<void> {
  await tx.query(
    prepared(
      `with own as materialized (
        select resource, period, appointment = $1 as mine from claim
         where appointment = any(array(
           select $1::text
           union
           select lying.appointment from claim mine cross join lateral (select ${lane('mine.resource')} as resource offset 0) up cross join lateral (
             select appointment from claim c where c.resource = up.resource and c.period && mine.period offset 0) lying
            where mine.appointment = $1))
         order by resource, period for update),
      places as materialized (select 1 from hold_place where ${isPlaceOf('$1')} order by owner, place for update),
      span as (
        select sc.schedule, lower(own.period) as lower, upper(own.period) as upper from own join schedule_claim sc on sc.resource = split_part(own.resource, '#', 1) where own.mine
        union
        select other.schedule, b.starts, b.ends
          from slot b join schedule_claim mine on mine.schedule = b.schedule join schedule_claim other on other.resource = mine.resource
         where $1 like 'Slot/%' and b.id = substr($1, 6) and b.status = 'busy-unavailable' and b.taken_by is null),
      mine as (
        select id from slot where taken_by = $1
        union
        (${namedBy('$1')})
        union
        select s.id from span join schedule_plan p on p.schedule = span.schedule join slot s on s.schedule = p.schedule and s.status = any(${everyStatus})
           and s.starts < span.upper and s.ends > span.lower and s.starts > span.lower - p.longest)
      select 1 from slot where id in (select id from mine) and (select count(*) from places) >= 0 order by id for update`,
      [holder],
    ),
  )
}

/** The Slots of the actors' Schedules under the claims that `holder` ($1) has in overflow lanes: it need not name them any more. */
const underItsLanes = `
  select s.id from claim c join schedule_claim sc on sc.resource = split_part(c.resource, '#', 1) join schedule_plan p on p.schedule = sc.schedule
   cross join lateral (
     select id from slot where slot.schedule = sc.schedule and slot.status = any(${everyStatus}) and slot.starts > lower(c.period) - p.longest
        and slot.starts < upper(c.period) and slot.ends > lower(c.period) offset 0) s
   where c.appointment = $1 and c.resource like '%#%'`

/**
 * Gives back what `holder` took: its claims and day places go, and each of its Slots is free again, unless another live
 * claim or a block lies over it, which then takes it on. A Slot that its Schedule's rules no longer make is deleted.
 * Gives the times that somebody lies over in an overflow lane: `claimUnderLanes` gives them to that visit.
 * The caller has called `lockTaken` in the statement before.
 */
export async function giveBackTime(tx: Tx, holder: string, at: string): Promise<readonly ActorTime[]> {
  const overbooked = await tx.query<ActorTime & GivenBack>(
    prepared(
      `with gone as (delete from claim where appointment = $1 returning resource, period, session, seats),
      places as (delete from visit_cap where appointment = $1 returning 1),
      held as (delete from hold_place where ${isLastPlaceOf('$1')} returning 1),
      mine as (
        select * from slot
         where id = any(array(select id from slot where taken_by = $1 union all (${namedBy('$1')}) union all (${underItsLanes})))
           and (taken_by = $1 or session is not null or overbooked) and not deleted
         order by id for update),
      ${settling('$1', '$2::text')}
      select resource as actor, lower(period)::text as "from", upper(period)::text as until,
             date_part('epoch', lower(period)) * 1000 as begins, date_part('epoch', upper(period)) * 1000 as ends, case when seats is not null then session end as session
        from gone
       where ${isUnderLanes('gone', '$1')} order by resource, period`,
      [holder, at],
    ),
  )
  givenBackIn(tx).push(...overbooked)
  return overbooked
}
