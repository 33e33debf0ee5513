/**
 * How a stretch of a Schedule's time stands, as of one statement: its Slots whatever their status, what is claimed of its
 * actors and by whom, the blocks over them, and the places of its days that are taken. For whoever asks why; never in the
 * way of a search or a booking.
 */
import { type AuditRow, auditInsert } from './audit-rows.ts'
import type { Db } from './db.ts'
import { underNothing } from './free-time.ts'
import { lane, sessionNow } from './session-slots.ts'
import { everyStatus } from './slot-status.ts'
import { params, prepared } from './sql.ts'

/** Instants are Unix milliseconds. */
export type TimeStandRow = {
  readonly version: string
  readonly slots: readonly { id: string; start: number; end: number; free: boolean; made: boolean; session: string | null }[]
  readonly claims: readonly {
    resource: string
    holder: string
    start: number
    end: number
    until: number | null
    from: number | null
    to: number | null
    session: string | null
  }[]
  readonly blocks: readonly { slot: string; start: number; end: number }[]
  readonly places: readonly { date: string; kind: string; places: number[] }[]
}

const ms = (instant: string): string => `date_part('epoch', ${instant}) * 1000`
const list = (row: string, from: string): string => `coalesce((select jsonb_agg(${row}) from (${from}) one), '[]')`

const slots = `
  select slot.id, ${ms('starts')} as start, ${ms('ends')} as "end", rule is not null as made, ${sessionNow('slot')} as session,
         (status = 'free' or status = 'busy-tentative' and held_until <= now() and ${underNothing}) is true as free
    from slot where slot.schedule = $1 and slot.status = any(${everyStatus}) and not slot.deleted
     and slot.starts > $2::timestamptz - (select longest from schedule_plan where schedule = $1) and slot.starts < $3::timestamptz
   order by starts, id limit $4`

const claims = `
  select distinct sc.resource, c.appointment as holder, ${ms('lower(c.period)')} as start, ${ms('upper(c.period)')} as "end",
         ${ms('c.expires')} as until, ${ms('a.starts')} as "from", ${ms('a.ends')} as "to", case when c.seats is not null then c.session end as session
    from schedule_claim sc cross join lateral (select sc.resource union all select ${lane('sc.resource')}) up (resource)
    join claim c on c.resource = up.resource
    left join appointment a on c.appointment like 'Appointment/%' and a.id = substr(c.appointment, length('Appointment/') + 1)
   where sc.schedule = $1 and c.period && tstzrange($2::timestamptz - interval '1 day', $3::timestamptz + interval '1 day')
     and (c.expires is null or c.expires > now())
   order by start, holder, sc.resource`

const blocks = `
  select distinct b.id as slot, ${ms('b.starts')} as start, ${ms('b.ends')} as "end"
    from schedule_claim sc join schedule_claim other on other.resource = sc.resource join schedule_plan p on p.schedule = other.schedule
    join slot b on b.schedule = other.schedule and b.status = 'busy-unavailable' and b.taken_by is null and not b.deleted
     and b.starts < $3::timestamptz and b.ends > $2::timestamptz and b.starts > $2::timestamptz - p.longest
   where sc.schedule = $1 order by start, slot`

const places = `
  select local_date::text as date, kind, array_agg(place) as places from visit_cap
   where schedule = $1 and local_date between ($2::timestamptz at time zone 'UTC')::date - 1 and ($3::timestamptz at time zone 'UTC')::date + 1
     and (expires is null or expires > now())
   group by local_date, kind order by local_date, kind`

/** Undefined: there is no such Schedule. `until` is where the last Slot may start; at most `limit` of them. */
export async function timeStand(
  db: Db,
  window: { schedule: string; from: string; until: string; limit: number },
): Promise<TimeStandRow | undefined> {
  const [row] = await db.query<TimeStandRow>(
    prepared(
      `select p.version::text as version, ${list('one', slots)} as slots, ${list('one', claims)} as claims,
              ${list('one', blocks)} as blocks, ${list('one', places)} as places
         from schedule_plan p
        where p.schedule = $1 and exists (select 1 from schedule where id = $1 and not deleted)`,
      [window.schedule, window.from, window.until, window.limit],
    ),
  )
  return row
}

/** Writes down that it is shown which Appointments take up a Schedule's time, and what else was looked up of a patient. */
export async function auditAppointments(
  db: Db,
  audit: AuditRow,
  shown: { readonly entity: string; readonly appointments: readonly string[]; readonly patients: readonly string[] },
): Promise<void> {
  const p = params()
  const [entity, ids, patients] = [p.add(shown.entity, 'text'), p.add(shown.appointments, 'text[]'), p.add(shown.patients, 'text[]')]
  await db.query(
    prepared(
      `with shown as (
         select ${entity} as entity, array(
           select substr(term, 10) from appointment, unnest(terms) term where id = any(${ids}) and term like '@Patient/%'
           union select unnest(${patients}) order by 1) as patients)
       ${auditInsert(p, audit, 'shown')}`,
      p.values,
    ),
  )
}
