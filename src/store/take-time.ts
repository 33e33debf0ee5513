/**
 * Taking time: claims, and the Slots that they make unavailable. These are parts of a statement; `place-visits.ts` adds the
 * Appointments of new visits to them.
 *
 * The order is load-bearing. Lapsed claims go first and the insert reads from that delete, because the parts of one `with`
 * have no order of their own. Claims are inserted sorted and `on conflict do nothing`: plain inserts deadlock under a
 * stampede. People who can be in one place only are locked before all that, sorted too. Slots are locked sorted, also those
 * that are already taken, so that a cancellation running beside us either sees our claim or leaves us the Slot.
 */
import { Fault } from '../base/fault.ts'
import { visitsTogetherMax } from '../base/limits.ts'
import type { Tx } from './db.ts'
import { lastLane } from './session-slots.ts'
import { everyStatus } from './slot-status.ts'
import { prepared } from './sql.ts'
import { givenBackIn } from './transaction.ts'

export type TimeTaken = {
  /** `Appointment/1`, or `Slot/1` for a Slot set busy by hand. */
  readonly holder: string
  /** What it takes up, sorted, at least one: `Practitioner/1`, `Location/room-2` … */
  readonly claims: readonly string[]
  /** The claimed span, buffers included; half-open, ISO 8601. */
  readonly from: string
  readonly until: string
  /** The visit itself, without buffers. */
  readonly start: string
  readonly end: string
  /** Slots that must be free (or the holder's own) for this to stand. */
  readonly needed: readonly string[]
  /** PractitionerRoles and Locations beside the Slots' Schedules, for whom it claims what they stand for. */
  readonly named?: readonly string[]
  /** A hold's end. */
  readonly expires?: string
  /** Seats of a group session instead of time of one's own: taken in a transaction, by `take-seats.ts`. */
  readonly seating?: Seating
  /** `Patient/1`: none of them may have another visit meanwhile, but those of `besides` (the ids of Appointments). */
  readonly alone?: readonly string[]
  readonly besides?: readonly string[]
  /** It is taken again, in the transaction that has given it back under a visit that was booked over it (`stayingIn`). */
  readonly stays?: boolean
  readonly client: string
  readonly at: string
}

export type Seating = {
  /** `sessionOf` of scheduling/session.ts */
  readonly session: string
  /** How many seats the session has. */
  readonly seats: number
  /** How many of them the visit takes. */
  readonly places: number
  /** `Patient/1`: each of them sits in a session once. */
  readonly patients: readonly string[]
}

/** Parts of the statement that seats of a session write otherwise (`take-seats.ts`). */
export type Manner = {
  /** Further columns of what is asked. */
  readonly asked: string
  /** Rows of `wanted`, one for each claim. */
  readonly wanted: string
  /** Columns of a claim, and their values out of `wanted`. */
  readonly columns: string
  readonly values: string
  /** Of what has run out and is in the way: what stays there all the same. */
  readonly kept?: string
  /** How many claims make a visit. */
  readonly count: string
  readonly near: string
  readonly locked: string
  /** Whether a Slot that lies under the time stands in nobody's way. */
  readonly takeable: string
  /** Whether such a Slot is now the holder's. */
  readonly changes: string
}

/** Whoever was booked over it has the Slot since then; the claims are won all the same. */
export const handedOn = `(stays and overbooked and status = 'busy')`

export const ownTime: Manner = {
  asked: '',
  wanted: `select holder, resource, tstzrange("from", until) as period, expires, client from asked cross join unnest(claims) resource`,
  columns: 'resource, session, period, appointment, expires, client',
  values: 'resource, holder, period, holder, expires, client',
  count: 'cardinality(asked.claims)',
  near: '',
  locked: '',
  takeable: `(status = 'free' or taken_by = holder or held_until <= now() or ${handedOn})`,
  changes: `'Slot/' || id <> near.holder`,
}

/**
 * CTEs: what stood in the way of the CTE `wanted` and whose time is over goes, in one order, but for what is `kept`. Whatever claims
 * comes after `cleared`. Of time that somebody was booked over they have then what nobody else has.
 */
export const lapsedGone = (kept = 'false'): string => `lapsed as (
    delete from claim where expires <= now() and ctid = any(array(
      select c.place from (select * from wanted order by resource, period offset 0) wanted cross join lateral (
        select ctid as place from claim
         where resource = wanted.resource and period && wanted.period and expires <= now() and not (${kept}) order by period for update offset 0) c))
    returning resource, period),
  cleared as materialized (
    select claim_under_lanes(resource, period, ${lastLane}) from (select resource, period from lapsed order by resource, period offset 0) each)`

/**
 * CTEs: the ids of the Slots that lie `under` the times of `near`, and `current`, which comes before they are locked: after the
 * claims of those who `won` no other Slots lie there, else it is a serialization failure, and the statement runs anew.
 */
export const slotsUnderClaims = `under as materialized (
    select s.id from near cross join lateral (
      select id from slot
       where slot.schedule = near.schedule and slot.status = any(${everyStatus}) and slot.starts > near."from" - near.longest
         and slot.starts < near.until and slot.ends > near."from" offset 0) s),
  current as materialized (
    select refuse_unseen(array_agg(resource), array_agg("from"), array_agg(until), array(select id from under))
      from won cross join unnest(claims) resource where won)`

/**
 * CTE: the Slots' Schedules, and who is named, are of those whom the times of `sent` claim, and stay so until the transaction
 * ends; else `isOfOthers`. It comes before all that others may wait for.
 */
export const ofTheirSchedules = (sent: string): string => `theirs as materialized (
    select refuse_if_others(needed, claims, named)
      from (select needed, claims, named from ${sent} where needed <> '{}' or named <> '{}' order by needed offset 0) each)`

/**
 * CTEs `checked` (each time of `$1`, with `ok`: the claims stand and the Slots allow it) and `taken` (the Slots that
 * changed). `$1` is a JSON list of `most` TimeTaken; `more` names what else each of them holds.
 * Each look into a table is a lateral one: its index is used, whatever the planner believes about a list of JSON.
 */
export const takingTime = (more = '', manner: Manner = ownTime, most = visitsTogetherMax): string => `
  sent as materialized (
    select *, case when expires is null then 'busy' else 'busy-tentative' end as becomes
      from jsonb_to_recordset($1::jsonb) as asked (holder text, claims text[], "from" timestamptz, until timestamptz,
             start timestamptz, "end" timestamptz, needed text[], expires timestamptz, client text, at text,
             alone text[], besides text[], named text[], stays boolean${manner.asked}${more})
     limit ${most}),
  ${ofTheirSchedules('sent')},
  clear as materialized (
    select refuse_overlap(patient, start, "end", besides) from (
      select patient, start, "end", array_append(coalesce(besides, '{}'), substr(holder, length('Appointment/') + 1)) as besides
        from (select count(*) from theirs) first, sent cross join unnest(sent.alone) patient order by patient, start offset 0) each),
  asked as materialized (
    select sent.* from (select count(*) from theirs) first, (select count(*) from clear) second, sent),
  wanted as materialized (
    ${manner.wanted}),
  ${lapsedGone(manner.kept)},
  claimed as (
    insert into claim (${manner.columns})
    select ${manner.values} from (select count(*) from cleared) first, wanted
     order by resource, period
    on conflict do nothing returning appointment),
  won as materialized (
    select asked.*, case claims.won when ${manner.count} then true when 0 then false else refuse_visit('taken') end as won
      from asked cross join lateral (select count(*)::int as won from claimed where appointment = asked.holder) claims),
  near as materialized (
    select won.holder, won.needed, won."from", won.until, won.start, won."end", won.becomes, won.expires, won.at, won.stays, schedule, longest${manner.near}
      from won
     cross join lateral (select distinct schedule from schedule_claim where resource = any(won.claims) offset 0) bearing
     cross join lateral (select longest from schedule_plan p where p.schedule = bearing.schedule offset 0) plan
     where won.won),
  ${slotsUnderClaims},
  locked as materialized (
    select id, schedule, version, updated, body, status, taken_by, held_until, starts, ends, overbooked${manner.locked} from slot
     where id = any(array(select under.id from (select count(*) from current) first, under))
     order by id for update),
  touched as materialized (
    select near.holder, near.becomes, near.expires, near.at, near.start, near."end", id = any(near.needed) as needed,
           id, version, updated, body, status, taken_by, held_until, starts, ends, ${manner.takeable} and ${manner.changes} as changes,
           ${manner.takeable} as takeable
      from near join locked on locked.schedule = near.schedule and locked.starts < near.until and locked.ends > near."from"),
  checked as materialized (
    select won.*, case when not won.won then false
      when (select count(*) from touched where touched.holder = won.holder and touched.needed and takeable) = cardinality(won.needed)
       and not exists (select 1 from touched where touched.holder = won.holder and status = 'busy-unavailable' and taken_by is null
                          and 'Slot/' || id <> won.holder and starts < touched."end" and ends > touched.start)
      then true else refuse_visit('taken') end as ok
      from won),
  taking as materialized (
    select distinct on (id) touched.* from touched join checked on checked.holder = touched.holder
     where checked.ok and changes order by id, needed desc),
  taken as (
    update slot s set status = t.becomes, version = s.version + 1, updated = t.at::timestamptz, taken_by = t.holder, held_until = t.expires,
           body = s.body || jsonb_build_object('status', t.becomes, 'meta', coalesce(s.body->'meta', '{}') ||
                    jsonb_build_object('versionId', (s.version + 1)::text, 'lastUpdated', t.at))
      from taking t where s.id = t.id
    returning s.id, s.version, t.at),
  slot_superseded as (
    insert into slot_history (id, version, updated, deleted, body)
    select id, version, updated, false, body from taking)`

export const forHolder = (taking: string): string => `with ${taking},
  changed as (insert into change (at, type, id, version, kind) select at::timestamptz, 'Slot', id, version, 'update' from taken)
  select ok as placed from checked`

const ownTimeForHolder = forHolder(takingTime())

/**
 * Takes time of its own for an Appointment that is already there, or for a Slot by hand. False, and nothing written, if it was
 * taken.
 */
export async function takeTimeFor(tx: Tx, time: TimeTaken): Promise<boolean> {
  return placedBy(tx, ownTimeForHolder, stayingIn(tx, time))
}

/** Whether it `stays`. Of a session no more seats than were given back. */
export function stayingIn(tx: Tx, time: TimeTaken): TimeTaken {
  const { claims, from, until, seating } = time
  const again = givenBackIn(tx).filter(
    ({ actor, begins, ends, session }) =>
      claims.includes(actor) && begins < Date.parse(until) && Date.parse(from) < ends && session === (seating?.session ?? null),
  )
  const seats = again.filter(({ actor }) => actor === again[0]?.actor).length
  return seats > 0 && seats >= (seating?.places ?? 1) ? { ...time, stays: true } : time
}

export async function placedBy(tx: Tx, text: string, time: object): Promise<boolean> {
  const rows = tx.query<{ placed: boolean }>(prepared(text, [JSON.stringify([time])]))
  return rows.then(([row]) => row?.placed === true, refusedAs(false))
}

/** `refuse_visit` undid the statement: the caller is told as an answer, not as an error. In a transaction it must roll back. */
export const refusedAs =
  <T>(answer: T) =>
  (error: unknown): T => {
    if (error instanceof Fault && error.kind === 'conflict') return answer
    throw error
  }

/** What `takingTime` asks first, for a time that is taken otherwise. Throws `business-rule`, or that it `isOfOthers`. */
export async function assertAlone(tx: Tx, { alone = [], start, end, besides = [], needed, claims, named = [] }: TimeTaken): Promise<void> {
  await tx.query(
    prepared(
      `with theirs as materialized (select refuse_if_others($5::text[], $6::text[], $7::text[])),
       clear as materialized (
         select refuse_overlap(patient, $2::timestamptz, $3::timestamptz, $4::text[])
           from (select count(*) from theirs) first, (select patient from unnest($1::text[]) patient order by patient offset 0) each)
       select from (select count(*) from theirs) first, (select count(*) from clear) second`,
      [alone, start, end, besides, needed, claims, named],
    ),
  )
}

/** A Slot's Schedule, or who is named, has come to be somebody's whom the time does not claim: it must be judged again. */
export const isOfOthers = (error: unknown): boolean =>
  error instanceof Fault && error.kind === 'transient' && error.issues[0]?.expression === 'Slot.schedule'
