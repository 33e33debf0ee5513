/**
 * Visits that are moved, each whole in one statement: the new time is claimed, the old one given back, their Slots follow, and
 * the Appointment is written with what changed and who did it. Like bookings, moves that are asked for at one moment and want
 * nobody at the same time share a statement; one that wants the time another has is refused in it, and tried in a transaction.
 *
 * The order is load-bearing. The Appointment is locked, then its patients, then the new time is claimed while the old one is
 * still had, so that of two who want each other's time neither waits for the other: both are refused. A visit's old and new
 * claims are of one session, which clashes with itself nowhere; their seats are told apart by turns of 1 and 2. All Slots, old
 * and new, are locked in one order, and only then is it asked whether anybody else is in those that are left.
 *
 * Left out: whatever is not plain, seats of sessions, overflow lanes, Slots that its rules no longer make or that pass to
 * others. Nothing is written then, and the caller moves the visit in a transaction (`booking/move/move-in-transaction.ts`).
 */
import { Fault } from '../base/fault.ts'
import { visitsForOneRun, visitsTogetherMax } from '../base/limits.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import { purposeCase } from './audit-rows.ts'
import type { Pool, Statement } from './db.ts'
import { isNumberTaken } from './pg-errors.ts'
import { auditedTime, type PlacedVisit, rowColumns, rowText, usesOf } from './place-visits.ts'
import { stamped, type Written } from './resources.ts'
import { lastLane } from './session-slots.ts'
import { prepared } from './sql.ts'
import { isOfOthers, lapsedGone, ofTheirSchedules, slotsUnderClaims } from './take-time.ts'
import { lanes, together } from './together.ts'
import { retried } from './transaction.ts'

/** `version`: as of which it was judged. */
export type MovingVisit = PlacedVisit & { readonly version: string }

type Moved = Written | undefined
type Move = (visit: MovingVisit) => Promise<Moved>

/** What its Slots say from now on, and who says whose they were. */
const slotsTurned = `
  turned as materialized (
    select distinct on (id) * from (
      select t.id, t.version, t.updated, t.body, 'busy' as becomes, t.holder as taker, t.at, t.needed
        from touched t join checked on checked.holder = t.holder where checked.ok and t.takeable and t.taken_by is distinct from t.holder
      union all
      select l.id, l.version, l.updated, l.body, 'free', null, l.at, false from leaving l join checked on checked.holder = l.holder where checked.ok) every
     order by id, needed desc),
  taken as (
    update slot s set status = t.becomes, version = s.version + 1, updated = t.at::timestamptz, taken_by = t.taker, held_until = null,
           body = s.body || jsonb_build_object('status', t.becomes, 'meta', coalesce(s.body->'meta', '{}') ||
                    jsonb_build_object('versionId', (s.version + 1)::text, 'lastUpdated', t.at))
      from turned t where s.id = t.id and s.id = any(array(select id from turned))
    returning s.id, s.version, t.at),
  slot_superseded as (
    insert into slot_history (id, version, updated, deleted, body) select id, version, updated, false, body from turned)`

const exchange = `
  sent as materialized (
    select * from jsonb_to_recordset($1::jsonb) as sent (holder text, visit text, judged bigint, claims text[], "from" timestamptz, until timestamptz,
             start timestamptz, "end" timestamptz, needed text[], client text, at text, alone text[], named text[], audit uuid, interaction text, action text,
             person text, address text, purpose text, emergency text[])
     limit ${visitsTogetherMax}),
  seen as materialized (
    select id, version, updated, body, terms from appointment
     where id = any(array(select visit from sent)) and status = 'booked' and not deleted order by id for update),
  had as materialized (
    select c.* from sent join seen on seen.id = sent.visit and seen.version = sent.judged cross join lateral (
      select appointment as holder, resource, seat, seats, period, expires from claim where appointment = sent.holder for update) c),
  plain as materialized (
    select sent.* from sent where exists (select from had where had.holder = sent.holder)
       and not exists (select from had where had.holder = sent.holder and (seats is not null or expires is not null or resource like '%#%'))),
  ${ofTheirSchedules('plain')},
  clear as materialized (
    select refuse_overlap(patient, start, "end", array[visit]) from (
      select patient, start, "end", visit from (select count(*) from theirs) first, plain cross join unnest(alone) patient order by patient, start offset 0) each),
  wanted as materialized (
    select holder, resource, tstzrange("from", until) as period, client,
           case when exists (select from had where had.holder = plain.holder and seat = 1) then 2 else 1 end as seat
      from (select count(*) from theirs) first, (select count(*) from clear) second, plain cross join unnest(claims) resource),
  ${lapsedGone()},
  claimed as (
    insert into claim (resource, session, seat, period, appointment, client)
    select resource, holder, seat, period, holder, client from (select count(*) from cleared) first, wanted
     order by resource, period
    on conflict do nothing returning appointment),
  won as materialized (
    select plain.*, case claims.won when cardinality(plain.claims) then true when 0 then false else refuse_visit('taken') end as won
      from plain cross join lateral (select count(*)::int as won from claimed where appointment = plain.holder) claims),
  winners as materialized (select holder from won where won),
  given as (delete from claim where appointment = any(array(select holder from winners)) returning 1),
  places as (delete from visit_cap where appointment = any(array(select holder from winners)) returning 1),
  held as (delete from hold_place where holder = any(array(select holder from winners)) returning 1),
  near as materialized (
    select span.holder, span."from", span.until, span.is_new, bearing.schedule, plan.longest
      from (select won.holder, resource, "from", until, true as is_new from won cross join unnest(claims) resource where won
            union all
            select had.holder, resource, lower(period), upper(period), false from had where holder = any(array(select holder from winners))) span
     cross join lateral (select schedule from schedule_claim where resource = span.resource offset 0) bearing
     cross join lateral (select longest from schedule_plan p where p.schedule = bearing.schedule offset 0) plan),
  ${slotsUnderClaims},
  locked as materialized (
    select id, schedule, version, updated, body, status, taken_by, held_until, starts, ends, session, overbooked, rule from slot
     where id = any(array(
       select under.id from (select count(*) from current) first, under
       union
       select s.id from winners cross join lateral (select id from slot where taken_by = winners.holder offset 0) s))
     order by id for update),
  touched as materialized (
    select distinct on (won.holder, locked.id) won.holder, won.at, won.start, won."end", locked.id = any(won.needed) as needed, locked.*,
           locked.status = 'free' or locked.taken_by is not distinct from won.holder or locked.held_until <= now() as takeable
      from won join near on near.holder = won.holder and near.is_new
      join locked on locked.schedule = near.schedule and locked.starts < near.until and locked.ends > near."from"
     where won.won),
  leaving as materialized (
    select locked.*, won.holder, won.at, locked.status = 'busy' and session is null and overbooked is not true and rule is distinct from 'outside' as plain
      from locked join won on won.holder = locked.taken_by and won.won
     where not exists (select from touched t where t.holder = won.holder and t.id = locked.id)),
  checked as materialized (
    select won.*, case when not won.won then false
      when (select count(*) from touched t where t.holder = won.holder and needed and takeable) = cardinality(won.needed)
       and not exists (select from touched t where t.holder = won.holder and status = 'busy-unavailable' and taken_by is null
                          and starts < t."end" and ends > t.start)
       and not exists (select from leaving l where l.holder = won.holder and not plain)
       and nobody_else_in(array(select id from leaving l where l.holder = won.holder), won.holder)
       and nobody_over(won.holder, ${lastLane})
      then true else refuse_visit('taken') end as ok
      from won)`

const textOf = (columns: readonly string[]): string => `with ${exchange}, ${slotsTurned},
  superseded as (
    insert into appointment_history (id, version, updated, deleted, body)
    select seen.id, seen.version, seen.updated, false, seen.body from seen join checked on checked.visit = seen.id where checked.ok),
  written as (
    update appointment a set version = a.version + 1, updated = c.at::timestamptz, ${columns.map((name) => `${name} = v.${name}`).join(', ')},
           body = ${stamped('v.body', 'a.id', 'a.version + 1', 'c.at')}
      from jsonb_populate_recordset(null::appointment, $2::jsonb) v, checked c
     where a.id = v.id and c.visit = v.id and c.ok and a.id = any(array(select visit from checked where ok))
    returning a.id, a.version, a.body, a.terms),
  changed as (
    insert into change (at, type, id, version, kind)
    select c.at::timestamptz, 'Appointment', written.id, written.version, 'update' from written join checked c on c.visit = written.id
    union all
    select at::timestamptz, 'Slot', id, version, 'update' from taken),
  shown as (
    select c.*, array(select distinct substr(term, length('@Patient/') + 1) from unnest(seen.terms || written.terms) term
                       where term like '@Patient/%' order by 1) as patients
      from written join checked c on c.visit = written.id join seen on seen.id = written.id),
  audited as (
    insert into audit_event (id, at, interaction, action, client, person, address, purpose, patients, entity)
    select audit, at::timestamptz, interaction, action, client, person, address, ${purposeCase('purpose', 'emergency', 'patients')}, patients, holder
      from shown where cardinality(patients) > 0)
  select id, version::text as version, body::text as body from written`

const movers = new WeakMap<Pool, Move>()

/** With whoever else moves a visit just now; each stands or falls by itself. Undefined, and nothing written: it is not plain, or the time was taken. */
export function moveTogether(pool: Pool, definitions: Definitions, visit: MovingVisit): Promise<Moved> {
  const known = movers.get(pool)
  if (known) return known(visit)
  const move = together<MovingVisit, Moved>({
    lanes,
    most: visitsTogetherMax,
    company: visitsForOneRun,
    run: (visits) => moveVisits(pool, definitions, visits),
    alone: ({ time }) => [{ of: time.holder }, ...usesOf(time)],
  })
  movers.set(pool, move)
  return move(visit)
}

/** A refusal undoes the whole statement: then each is tried alone. */
async function moveVisits(pool: Pool, definitions: Definitions, visits: readonly MovingVisit[]): Promise<readonly Moved[]> {
  const rows = await retried(() => pool.query<Written>(moveStatement(definitions, visits)).catch(undone))
  if (rows) return visits.map(({ write }) => rows.find(({ id }) => id === write.id))
  if (visits.length === 1) return [undefined]
  return Promise.all(visits.map(async (visit) => (await moveVisits(pool, definitions, [visit]))[0]))
}

/** Whatever the reason, it is told where the visit is moved in a transaction. */
const undone = (error: unknown): undefined => {
  if (
    isNumberTaken(error) ||
    isOfOthers(error) ||
    (error instanceof Fault && (error.kind === 'conflict' || error.kind === 'business-rule'))
  )
    return undefined
  throw error
}

const texts = new Map<string, string>()

function moveStatement(definitions: Definitions, visits: readonly MovingVisit[]): Statement {
  const columns = visits[0] ? rowColumns(definitions, visits[0].write) : []
  const key = columns.join()
  const text = texts.get(key) ?? textOf(columns)
  texts.set(key, text)
  return prepared(text, [
    JSON.stringify(visits.map(({ write, time, version }) => ({ ...auditedTime(write, time), visit: write.id, judged: version }))),
    `[${visits.map(({ write }) => rowText(definitions, write)).join(',')}]`,
  ])
}
