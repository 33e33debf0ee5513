/**
 * Claims of visits that name somebody of whom it was not known, when they were written, whom they take up: a PractitionerRole
 * that is another Practitioner's from now on, a Location that is a room from now on.
 */
import type { Tx } from './db.ts'
import { lane, lastLane } from './session-slots.ts'
import { settleUnderActors } from './slots.ts'
import { prepared } from './sql.ts'

export type VisitNaming = {
  readonly id: string
  readonly status: string
  readonly starts: Date
  readonly ends: Date
  readonly heldUntil: Date | null
  readonly body: string
}

/** The Appointments that name `actor` (`Type/id`) and are not over, whatever their status. */
export async function visitsNaming(tx: Tx, actor: string, now: string): Promise<VisitNaming[]> {
  return tx.query<VisitNaming>(
    prepared(
      `select id, status, starts, ends, held_until as "heldUntil", body::text as body from appointment
        where terms @> array['actor=' || $1::text] and not deleted and ends > $2::timestamptz order by id`,
      [actor, now],
    ),
  )
}

export type StandIn = { readonly holder: string; readonly from: string; readonly until: string; readonly expires: string | undefined }

/** Who is to be taken up by whom from now on. */
export type TakenUp = StandIn & { readonly resource: string }

/**
 * What is claimed in the name of one of these Schedules itself, in whatever lane, which had nobody who can be in one place only
 * and now has: for each holder whom it takes up besides.
 */
export async function heldBySchedules(tx: Tx, schedules: readonly string[], now: string): Promise<TakenUp[]> {
  const rows = await tx.query<{ resource: string; holder: string; from: Date; until: Date; expires: Date | null }>(
    prepared(
      `select distinct on (sc.resource, c.appointment) sc.resource, c.appointment as holder, lower(c.period) as "from", upper(c.period) as until, c.expires
         from schedule_claim sc
        cross join lateral (select 'Schedule/' || sc.schedule as name offset 0) own
        cross join lateral (select own.name as resource union all select ${lane('own.name')}) up
        cross join lateral (select appointment, period, expires from claim where claim.resource = up.resource offset 0) c
        where sc.schedule = any($1::text[]) and sc.resource <> own.name and upper(c.period) > $2::timestamptz and (c.expires is null or c.expires > now())
        order by sc.resource, c.appointment`,
      [schedules, now],
    ),
  )
  return rows.map(({ resource, holder, from, until, expires }) => ({
    resource,
    holder,
    from: from.toISOString(),
    until: until.toISOString(),
    expires: expires?.toISOString(),
  }))
}

/** Whatever these have stays theirs until the transaction ends: who gives it back is waited for, or waits. */
export async function lockClaimsOf(tx: Tx, holders: readonly string[]): Promise<void> {
  await tx.query(prepared('select 1 from claim where appointment = any($1::text[]) order by resource, period for update', [holders]))
}

/**
 * Gives each visit a claim on `resource`, with the period, seats and end of those that it has, in a lane where it lies over others
 * (`claim_in_lanes`), and settles the free Slots that come to lie under one. A hold that has run out goes (`take-time.ts`). Gives back the holders for whom there is no room: where there are any the transaction must roll back.
 */
export async function claimFor(
  tx: Tx,
  { resource, visits, client, at }: { resource: string; visits: readonly StandIn[]; client: string; at: string },
): Promise<string[]> {
  const refused = await claimAlone(tx, resource, visits, client)
  if (refused.length > 0) return refused
  const over = await claimOver(tx, resource, visits)
  if (over.length > 0) return over
  await settleUnderActors(tx, [{ actor: resource, from: at, until: 'infinity' }], at)
  return []
}

async function claimAlone(tx: Tx, resource: string, visits: readonly StandIn[], client: string): Promise<string[]> {
  const rows = await tx.query<{ holder: string }>(
    prepared(
      `with gone as (
        delete from claim where expires <= now() and ctid = any(array(
          select ctid from claim where resource = $1 and expires <= now() order by period for update))
        returning resource, period),
      cleared as materialized (
        select claim_under_lanes(resource, period, ${lastLane}) from (select resource, period from gone order by period offset 0) each),
      wanted as (
        select asked.holder, coalesce(own.session, asked.holder) as session, coalesce(own.seat, 1) as seat, own.seats,
               coalesce(own.period, tstzrange(asked."from", asked.until)) as period,
               coalesce(own.expires, asked.expires) as expires, coalesce(own.client, $3) as client
          from jsonb_to_recordset($2::jsonb) as asked (holder text, "from" timestamptz, until timestamptz, expires timestamptz)
          left join lateral (
            select distinct on (session, seat) session, seat, seats, period, expires, client from claim c
             where c.appointment = asked.holder
             order by session, seat, c.resource) own on true
         where not exists (select from claim c where c.appointment = asked.holder and (split_part(c.resource, '#', 1) = $1 or c.resource like '%#%'))),
      made as (
        insert into claim (resource, session, seat, seats, period, appointment, expires, client)
        select $1, session, seat, seats, period, holder, expires, client from (select count(*) from cleared) first, wanted
         order by lower(period), holder on conflict do nothing returning appointment, seat),
      counted as (
        update appointment a set claims = a.claims + m.n from (select appointment, count(*)::int as n from made group by 1) m
         where m.appointment = 'Appointment/' || a.id)
      select distinct holder from wanted w
       where not exists (select from made where made.appointment = w.holder and made.seat = w.seat) order by holder`,
      [resource, JSON.stringify(visits), client],
    ),
  )
  return rows.map(({ holder }) => holder)
}

/** Those that lie over others: the claim in a lane is one more, what is claimed under it counts for nothing. */
async function claimOver(tx: Tx, resource: string, visits: readonly StandIn[]): Promise<string[]> {
  const rows = await tx.query<{ holder: string }>(
    prepared('select distinct holder from claim_in_lanes($1, $2::text[], $3) holder order by holder', [
      resource,
      visits.map(({ holder }) => holder),
      lastLane,
    ]),
  )
  return rows.map(({ holder }) => holder)
}
