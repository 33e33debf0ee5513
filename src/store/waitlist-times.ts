/**
 * What the log of changes means for the waitlist: which entries to look at again, and which Slots came free and are still
 * to be offered.
 */
import type { Position } from './changes.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

type Named = { readonly type: string; readonly id: string; readonly kind: string; readonly at: Date }

/** Of changed Appointments those that wait, or have their place on the list or an offer. */
export async function entriesTouched(db: Db, changes: readonly Named[]): Promise<string[]> {
  const ids = [...new Set(changes.flatMap(({ type, id }) => (type === 'Appointment' ? [id] : [])))]
  if (ids.length === 0) return []
  const rows = await db.query<{ id: string }>(
    prepared(
      `select id from unnest($1::text[]) id
        where exists (select 1 from appointment a where a.id = id.id and a.status = 'waitlist' and not a.deleted)
           or exists (select 1 from waitlist_entry e where e.appointment = id.id)
           or exists (select 1 from waitlist_offer o where o.entry = id.id and o.state = 'live') order by id`,
      [ids],
    ),
  )
  return rows.map(({ id }) => id)
}

/** All that wait: what a server finds that has had no waitlist so far. Read through once in the life of a database. */
export async function allWaiting(db: Db): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared(`select id from appointment where status = 'waitlist' and not deleted order by id`, []),
  )
  return rows.map(({ id }) => id)
}

/** The Patients among these changes who are on the list. */
export async function waitingPatients(db: Db, changes: readonly Named[]): Promise<string[]> {
  const ids = [...new Set(changes.flatMap(({ type, id }) => (type === 'Patient' ? [id] : [])))]
  if (ids.length === 0) return []
  const rows = await db.query<{ patient: string }>(
    prepared('select distinct patient from waitlist_entry where patient = any($1::text[]) order by patient', [ids]),
  )
  return rows.map(({ patient }) => patient)
}

/** Booked visits among these changes of patients who are on the list. */
export async function bookedByWaiting(db: Db, changes: readonly Named[]): Promise<{ appointment: string; patients: string[] }[]> {
  const ids = [...new Set(changes.flatMap(({ type, id }) => (type === 'Appointment' ? [id] : [])))]
  if (ids.length === 0) return []
  return db.query<{ appointment: string; patients: string[] }>(
    prepared(
      `select a.id as appointment, array_agg(distinct e.patient) as patients
         from appointment a, unnest(a.terms) term join waitlist_entry e on term = '@Patient/' || e.patient
        where a.id = any($1::text[]) and a.status = 'booked' and not a.deleted group by a.id order by a.id`,
      [ids],
    ),
  )
}

/** Slots that are free now and still to come are to be offered. Of Slots made from rules, those that somebody may wait for. */
export async function addFreedTimes(tx: Tx, changes: readonly Named[], now: string, bulkMax: number): Promise<void> {
  const slots = [...new Set(changes.flatMap(({ type, id, kind }) => (type === 'Slot' && kind !== 'delete' ? [id] : [])))]
  if (slots.length > 0)
    await tx.query(
      prepared(
        `insert into waitlist_time (slot)
         select id from slot where id = any($1::text[]) and status = 'free' and not deleted and starts > $2::timestamptz order by starts, id
         on conflict do nothing`,
        [slots, now],
      ),
    )
  for (const { id, at } of changes.filter(({ kind }) => kind === 'slots')) await addMadeTimes(tx, id, at, now, bulkMax)
}

async function addMadeTimes(tx: Tx, schedule: string, at: Date, now: string, limit: number): Promise<void> {
  await tx.query(
    prepared(
      `with span as (
        select min(e.earliest) as earliest, max(e.latest) as latest
          from waitlist_entry e where e.key in (select unnest(p.terms) from schedule_plan p where p.schedule = $1 union all select 'any'))
      insert into waitlist_time (slot, made)
      select s.id, true from span, slot s
       where s.schedule = $1 and s.status = 'free' and s.starts > $3::timestamptz and s.starts >= span.earliest and s.starts < span.latest
         and s.updated >= $2::timestamptz and not s.deleted order by s.starts, s.id limit $4::int
      on conflict do nothing`,
      [schedule, at.toISOString(), now, limit],
    ),
  )
}

export type TimeRow = { readonly slot: string; readonly holder: string | null }

export async function addTime(tx: Tx, slot: string, holder: string | null): Promise<void> {
  await tx.query(
    prepared('insert into waitlist_time (slot, holder) values ($1, $2) on conflict (slot) do update set holder = excluded.holder', [
      slot,
      holder,
    ]),
  )
}

/** The oldest first. */
export async function timesToOffer(db: Db, limit: number): Promise<string[]> {
  const rows = await db.query<{ slot: string }>(prepared('select slot from waitlist_time order by made, at, slot limit $1::int', [limit]))
  return rows.map(({ slot }) => slot)
}

/** Times made from rules for which nobody waits any more are let go, all at once. */
export async function dropUnwanted(db: Db): Promise<void> {
  if ((await db.query(prepared('select 1 from waitlist_time where made limit 1', []))).length === 0) return
  await db.query(
    prepared(
      `delete from waitlist_time t using slot s, schedule_plan p
        where t.made and s.id = t.slot and p.schedule = s.schedule and not exists (
          select 1 from unnest(p.terms || array['any']) term join waitlist_entry e on e.key = term
           where e.waiting and e.earliest <= s.starts and e.latest > s.starts)`,
      [],
    ),
  )
}

/** Takes a time off the list of those to be offered. Undefined: somebody else has. */
export async function takeTimeToOffer(tx: Tx, slot: string): Promise<TimeRow | undefined> {
  const [row] = await tx.query<TimeRow>(prepared('delete from waitlist_time where slot = $1 returning slot, holder', [slot]))
  return row
}

/** Whether this is a follower's first round. */
export const isFirst = ({ xid, pos }: Position): boolean => xid === '0' && pos === '0'
