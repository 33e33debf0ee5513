/**
 * The Slots that visits stand in: those that an Appointment names, and whether any visit is still to come in a Schedule's.
 */
import type { Db } from './db.ts'
import { lane, sessionNow } from './session-slots.ts'
import { prepared } from './sql.ts'

export type NamedSlot = {
  readonly id: string
  readonly schedule: string
  readonly starts: Date
  readonly ends: Date
  readonly status: string
  readonly takenBy: string | null
  readonly client: string | null
}

/** The Slots an Appointment names, as far as they exist, with the client that has taken one by hand. */
export async function namedSlots(db: Db, ids: readonly string[]): Promise<NamedSlot[]> {
  return db.query<NamedSlot>(
    prepared(
      `select s.id, s.schedule, s.starts, s.ends, s.status, s.taken_by as "takenBy",
              (select min(c.client) from claim c where c.appointment = 'Slot/' || s.id and s.taken_by = c.appointment) as client
         from slot s where s.id = any($1::text[]) and not s.deleted order by s.starts, s.id`,
      [ids],
    ),
  )
}

/** Whether a visit still to end is booked into the Schedule's own Slots, whoever has them: it may be under a block, or over another visit. */
export async function hasLiveVisits(db: Db, schedule: string, now: string): Promise<boolean> {
  const rows = await db.query(
    prepared(
      `select 1 from slot s join appointment a on s.taken_by = 'Appointment/' || a.id and a.terms @> array['slot=Slot/' || s.id]
        where s.schedule = $1 and s.status in ('busy', 'busy-tentative') and s.ends > $2::timestamptz
       union all
       select 1 from slot s where s.schedule = $1 and s.ends > $2::timestamptz and ${sessionNow('s')} is not null
       union all
       select 1 from schedule_claim sc
        cross join lateral (select sc.resource as name union all select ${lane('sc.resource')}) up
        cross join lateral (
          select appointment from claim c
           where c.resource = up.name and c.period && tstzrange($2::timestamptz, null) and (c.expires is null or c.expires > now()) offset 0) held
         join appointment a on held.appointment = 'Appointment/' || a.id
        cross join lateral (select substr(term, length('slot=Slot/') + 1) as id from unnest(a.terms) term where term like 'slot=Slot/%' offset 0) named
         join slot s on s.id = named.id and s.schedule = sc.schedule
        where sc.schedule = $1 and a.ends > $2::timestamptz limit 1`,
      [schedule, now],
    ),
  )
  return rows.length > 0
}
