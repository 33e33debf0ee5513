/**
 * Taking time: claims, the Slots that they make unavailable, and the Appointment, in one statement each.
 *
 * The order inside `placeVisit` is load-bearing. Lapsed claims go first and the insert reads from that delete, because the
 * parts of one `with` have no order of their own. Claims are inserted sorted and `on conflict do nothing`: plain inserts
 * deadlock under a stampede. Slots are locked, also those that are already taken, so that a cancellation running beside us
 * either sees our claim or leaves us the Slot.
 */
import { Fault } from '../base/fault.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import { auditInsert, patientsIn } from './audit-rows.ts'
import type { Db, Statement, Tx } from './db.ts'
import type { ResourceWrite } from './resources.ts'
import { searchColumns, stamped } from './resources.ts'
import { everyStatus } from './slot-status.ts'
import type { Params } from './sql.ts'
import { params, prepared } from './sql.ts'

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
  /** A hold's end. */
  readonly expires?: string
  readonly client: string
  readonly at: string
}

/** CTEs `won` (the claims stand), `checked` (and the Slots allow it) and `taken` (the Slots that changed). */
function takeTime(p: Params, time: TimeTaken): string {
  // Said one by one: of an array the planner thinks that it has ten elements, and plans every booking anew.
  const resources = time.claims.map((resource) => p.add(resource, 'text'))
  const wanted = `(values ${resources.map((resource) => `(${resource})`).join(', ')}) as want (resource)`
  const from = p.add(time.from, 'timestamptz')
  const until = p.add(time.until, 'timestamptz')
  const period = `tstzrange(${from}, ${until})`
  const at = p.add(time.at, 'text')
  const now = `${at}::timestamptz`
  const holder = p.add(time.holder, 'text')
  const expires = p.add(time.expires ?? null, 'timestamptz')
  const client = p.add(time.client, 'text')
  const needed = p.add(time.needed, 'text[]')
  const start = p.add(time.start, 'timestamptz')
  const end = p.add(time.end, 'timestamptz')
  const status = p.add(time.expires ? 'busy-tentative' : 'busy', 'text')
  const takeable = (s: string): string => `(${s}.status = 'free' or ${s}.taken_by = ${holder} or ${s}.held_until <= now())`
  return `
  lapsed as (
    delete from claim c using ${wanted}
     where c.expires <= now() and c.resource = want.resource and c.period && ${period}
    returning 1),
  claimed as (
    insert into claim (resource, session, period, appointment, expires, client)
    select want.resource, ${holder}, ${period}, ${holder}, ${expires}, ${client}
      from (select count(*) from lapsed) first, ${wanted}
     order by want.resource
    on conflict do nothing returning 1),
  won as (
    select case
      when (select count(*) from claimed) = ${resources.length} then true
      when (select count(*) from claimed) = 0 then false
      else refuse_visit('taken') end as won),
  near as materialized (
    select p.schedule, ${from} - p.longest as earliest
      from won, schedule_plan p
     where won.won and p.schedule in (select c.schedule from schedule_claim c where c.resource in (${resources.join(', ')}))),
  touched as (
    select s.id, s.version, s.updated, s.body, s.status, s.taken_by, s.held_until, s.starts, s.ends
      from near join slot s on s.schedule = near.schedule and s.status = any(${everyStatus})
       and s.starts > near.earliest and s.starts < ${until} and s.ends > ${from}
     order by s.id for update of s),
  checked as (
    select case when not won.won then false
      when (select count(*) from touched t where t.id = any(${needed}) and ${takeable('t')}) = cardinality(${needed})
       and not exists (select 1 from touched t where t.status = 'busy-unavailable' and t.taken_by is null and 'Slot/' || t.id <> ${holder}
                          and t.starts < ${end} and t.ends > ${start})
      then true else refuse_visit('taken') end as ok
      from won),
  taken as (
    update slot s set status = ${status}, version = s.version + 1, updated = ${now}, taken_by = ${holder}, held_until = ${expires},
           body = s.body || jsonb_build_object('status', ${status}, 'meta', coalesce(s.body->'meta', '{}') ||
                    jsonb_build_object('versionId', (s.version + 1)::text, 'lastUpdated', ${at}))
      from touched t, checked
     where checked.ok and s.id = t.id and 'Slot/' || t.id <> ${holder} and ${takeable('t')}
    returning s.id, s.version),
  slot_superseded as (
    insert into slot_history (id, version, updated, deleted, body)
    select t.id, t.version, t.updated, false, t.body from touched t join taken on taken.id = t.id)`
}

/** Books or holds: the whole of a new visit. False, and nothing written, if the time was taken. Its own transaction on a Db. */
export async function placeVisit(db: Db, definitions: Definitions, visit: { write: ResourceWrite; time: TimeTaken }): Promise<boolean> {
  return db.query<{ placed: boolean }>(placeStatement(definitions, visit)).then(([row]) => row?.placed === true, refusedAs(false))
}

function placeStatement(definitions: Definitions, { write, time }: { write: ResourceWrite; time: TimeTaken }): Statement {
  const p = params()
  const taking = takeTime(p, time)
  const id = p.add(write.id, 'text')
  const text = p.add(write.text, 'jsonb')
  const at = p.add(write.at, 'text')
  const columns: [string, string][] = [
    ...searchColumns(definitions, write.type, write.index, p),
    ...Object.entries(write.columns ?? {}).map(([name, value]): [string, string] => [name, p.add(value)]),
  ]
  return prepared(
    `with ${taking},
    written as (
      insert into appointment (id, version, updated, body, ${columns.map(([name]) => name).join(', ')})
      select ${id}, 1, ${at}::timestamptz, ${stamped(text, id, '1', at)}, ${columns.map(([, value]) => value).join(', ')}
        from checked where checked.ok
      returning id, version, terms),
    changed as (
      insert into change (at, type, id, version, kind)
      select ${at}::timestamptz, 'Appointment', id, version, 'create' from written
      union all
      select ${at}::timestamptz, 'Slot', id, version, 'update' from taken),
    shown as (select ${patientsIn('terms')} as patients, 'Appointment/' || id as entity from written),
    audited as (${auditInsert(p, write.audit, 'shown')})
    select exists (select 1 from written) as placed`,
    p.values,
  )
}

/** Takes time for an Appointment that is already there, or for a Slot by hand. False, and nothing written, if it was taken. */
export async function takeTimeFor(tx: Tx, time: TimeTaken): Promise<boolean> {
  const p = params()
  const text = `with ${takeTime(p, time)},
    changed as (
      insert into change (at, type, id, version, kind) select ${p.add(time.at, 'timestamptz')}, 'Slot', id, version, 'update' from taken)
    select (select ok from checked) as placed`
  return tx.query<{ placed: boolean }>(prepared(text, p.values)).then(([row]) => row?.placed === true, refusedAs(false))
}

/** `refuse_visit` undid the statement: the caller is told as an answer, not as an error. In a transaction it must roll back. */
const refusedAs =
  <T>(answer: T) =>
  (error: unknown): T => {
    if (error instanceof Fault && error.kind === 'conflict') return answer
    throw error
  }
