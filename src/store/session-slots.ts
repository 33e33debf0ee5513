/**
 * The Slots of group sessions. A session's own Slots, those that its visits name, carry its name as long as one of its seats
 * is taken; they stay free until the last one is, and say in the extension `slot-capacity` how many are. All other Slots
 * under its time are taken as by any visit.
 */
import { overflowLanesMax } from '../base/limits.ts'
import type { Tx } from './db.ts'
import { deletion, everyStatus, statusChange } from './slot-status.ts'
import { prepared } from './sql.ts'

const live = (claim: string): string => `(${claim}.expires is null or ${claim}.expires > now())`

/** `Practitioner/1#4`: the first lane has no number. */
export const lastLane = overflowLanesMax + 1

/** Rows: an actor's overflow lanes. */
export const lane = (resource: string): string => `${resource} || '#' || generate_series(2, ${lastLane})`

/** Whether a visit of an overflow lane, `except`'s own left out, lies over the time of a claim. */
export const isUnderLanes = (claim: string, except = `''`): string => `exists (
    select from generate_series(2, ${lastLane}) n cross join lateral (
      select from claim l where l.resource = ${claim}.resource || '#' || n and l.period && ${claim}.period and l.appointment <> ${except} offset 0) lying)`

/** Whether a live claim keeps a Slot from others: not where the Slot is its session's own and a seat is left. */
export const bearsOn = (
  slotSession: string,
  claim = 'c',
): string => `(${claim}.seats is null or ${claim}.session is distinct from ${slotSession}
  or (select count(distinct o.seat) from claim o where o.resource = ${claim}.resource and o.session = ${claim}.session and ${live('o')}) >= ${claim}.seats)`

/** The session whose own a Slot is; null where none of its seats is taken any more. Looked up only where there is a name. */
export const sessionNow = (slot: string): string => `case when ${slot}.session is not null and exists (
    select 1 from schedule_claim seated join claim o on o.resource = seated.resource and o.session = ${slot}.session and ${live('o')}
     where seated.schedule = ${slot}.schedule) then ${slot}.session end`

/** The ids of the Slots that the Appointment `holder` names, as it is stored; of an offer that keeps a seat those of the session. */
export const namedBy = (holder: string): string => `
  select substr(term, length('slot=Slot/') + 1) as id from appointment a, unnest(a.terms) term
   where ${holder} like 'Appointment/%' and a.id = substr(${holder}, length('Appointment/') + 1) and term like 'slot=Slot/%'
  union all
  select s.id from claim c join schedule_claim sc on sc.resource = c.resource
   cross join lateral (
     select id from slot where slot.schedule = sc.schedule and slot.status = any(${everyStatus}) and slot.session = c.session
        and slot.starts >= lower(c.period) - (select longest from schedule_plan p where p.schedule = sc.schedule)
        and slot.starts < upper(c.period)) s
   where ${holder} like 'Communication/%' and c.appointment = ${holder} and c.seats is not null`

/**
 * CTEs that give each Slot of the CTE `mine` (locked) to whom it belongs now that `except` has nothing any more: to a session
 * whose seats are all taken, to another live claim, to a block, else it is free. One that its Schedule's rules no longer make
 * is deleted once nobody has it; a session's stays, and takes nobody else in.
 */
export const settling = (except: string, at: string, changed = 'true'): string => `
  seated as (
    select m.id, count(distinct c.seat)::int as booked, max(c.seats) as seats, min(c.expires) as until, min(c.appointment) as holder
      from mine m
      join schedule_claim sc on sc.schedule = m.schedule
      join claim c on c.resource = sc.resource and c.session = m.session
     where m.session is not null and c.appointment <> ${except} and ${live('c')}
     group by m.id),
  heir as (
    select distinct on (m.id) m.id, c.appointment, c.expires
      from mine m
      join schedule_claim sc on sc.schedule = m.schedule
     cross join lateral (select sc.resource union all select ${lane('sc.resource')} where m.overbooked) up (resource)
      join claim c on c.resource = up.resource and c.period && tstzrange(m.starts, m.ends)
     where c.appointment <> ${except} and ${live('c')} and (m.session is null or c.session <> m.session)
     order by m.id, c.expires desc nulls first, c.appointment),
  over as (
    select distinct m.id from mine m join schedule_claim sc on sc.schedule = m.schedule
     cross join lateral (select ${lane('sc.resource')}) up (resource)
      join claim c on c.resource = up.resource and c.period && tstzrange(m.starts, m.ends) and c.appointment <> ${except}
     where m.overbooked),
  block as (
    select distinct on (m.id) m.id, 'Slot/' || b.id as slot
      from mine m
      join schedule_claim sc on sc.schedule = m.schedule
      join schedule_claim other on other.resource = sc.resource
      join schedule_plan p on p.schedule = other.schedule
      join slot b on b.schedule = other.schedule and b.status = 'busy-unavailable' and b.taken_by is null and not b.deleted
       and b.starts < m.ends and b.ends > m.starts and b.starts > m.starts - p.longest
     where 'Slot/' || b.id <> ${except}
     order by m.id, b.id),
  settled as (
    select m.*, seated.id is not null as is_session, over.id is not null as is_over, seated.seats, coalesce(seated.booked, 0) as booked,
           case when own.full and seated.until is null then 'busy'
                when own.full then 'busy-tentative'
                when heir.id is not null and heir.expires is null then 'busy'
                when heir.id is not null then 'busy-tentative'
                when block.id is not null then 'busy-unavailable'
                when own.closed then 'busy' else 'free' end as new_status,
           case when own.full then seated.holder when heir.id is not null then heir.appointment when block.id is not null then block.slot
                when own.closed then seated.holder end as new_holder,
           case when own.full then seated.until else heir.expires end as new_until
      from mine m left join seated on seated.id = m.id left join heir on heir.id = m.id left join block on block.id = m.id left join over on over.id = m.id
     cross join lateral (select coalesce(seated.booked >= seated.seats, false) as full,
                                seated.id is not null and m.rule is not distinct from 'outside' as closed) own),
  ${statusChange(
    'settled',
    'm.new_status',
    'm.new_holder',
    'm.new_until',
    at,
    `(m.new_status <> 'free' or m.rule is distinct from 'outside') and ${changed}`,
    {
      body: `case when m.session is null then s.body else slot_with_seats(s.body, m.seats, m.booked) end
        - case when m.overbooked and not m.is_over then 'overbooked' else '' end`,
      session: 'case when m.is_session then m.session end',
      overbooked: 'm.overbooked and m.is_over',
    },
  )},
  ${deletion('settled', at, `m.new_status = 'free' and m.rule = 'outside'`)}`

const seatsSay = `(s.status is distinct from m.new_status or s.held_until is distinct from m.new_until
  or s.session is distinct from case when m.is_session then m.session end or slot_with_seats(s.body, m.seats, m.booked) <> s.body)`

/**
 * Slots of a session get the status that its seats give them now; those of no session stay as they are. `session`: they become
 * its own.
 */
export async function settleSessionSlots(
  tx: Tx,
  { slots, session, at }: { readonly slots: readonly string[]; readonly session?: string; readonly at: string },
): Promise<void> {
  await tx.query(
    prepared(
      `with mine as (
        select id, schedule, version, updated, body, starts, ends, rule, overbooked, coalesce($2::text, session) as session from slot
         where id = any($1::text[]) and not deleted and coalesce($2::text, session) is not null order by id for update),
      ${settling(`''`, '$3::text', seatsSay)}
      select 1`,
      [slots, session ?? null, at],
    ),
  )
}

/**
 * The sessions of a Schedule after its rules have changed: they have as many seats as their service says now, and their Slots
 * the status that goes with it. `seats` is by service, `HealthcareService/1`, and by the empty name for a visit of none.
 */
export async function settleSessions(
  tx: Tx,
  { schedule, seats, at }: { readonly schedule: string; readonly seats: Readonly<Record<string, number>>; readonly at: string },
): Promise<void> {
  const rows = await tx.query<{ id: string }>(
    prepared(
      `with own as (
        select id, session from slot where schedule = $1 and session is not null and starts >= $3::text::timestamptz),
      sized as (
        update claim c set seats = told.seats::int
          from schedule_claim sc, own, jsonb_each_text($2::jsonb) told (service, seats)
         where sc.schedule = $1 and c.resource = sc.resource and c.session = own.session
           and told.service = split_part(own.session, ' ', 2) and c.seats <> told.seats::int returning 1)
      select id from own order by id`,
      [schedule, JSON.stringify(seats), at],
    ),
  )
  if (rows.length > 0) await settleSessionSlots(tx, { slots: rows.map(({ id }) => id), at })
}
