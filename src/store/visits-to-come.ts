/**
 * What stands on a Schedule from now on: visits in its Slots, and the Slots that its rules have made.
 */
import type { Db } from './db.ts'
import { everyStatus } from './slot-status.ts'
import { prepared } from './sql.ts'

/** Instants are Unix milliseconds. */
export type VisitToCome = {
  readonly id: string
  readonly start: number
  readonly end: number
  readonly body: string
  /** It stands in Slots that the rules have made, and still wanted when they were last asked. */
  readonly made: boolean
}

const ms = (instant: string): string => `date_part('epoch', ${instant}) * 1000`

/** Visits that take time in the Schedule's own Slots and end after `now`, in the order of their starts. */
export async function visitsToCome(db: Db, schedule: string, now: string, limit: number): Promise<VisitToCome[]> {
  return db.query<VisitToCome>(
    prepared(
      `with taken as materialized (
         select distinct substr(c.appointment, length('Appointment/') + 1) as id
           from schedule_claim sc join claim c on c.resource = sc.resource
          where sc.schedule = $1 and c.appointment like 'Appointment/%' and upper(c.period) > $2::timestamptz
            and (c.expires is null or c.expires > now()))
       select a.id, ${ms('a.starts')} as start, ${ms('a.ends')} as "end", a.body::text as body,
              not exists (select 1 from unnest(a.terms) term join slot s on s.id = substr(term, length('slot=Slot/') + 1)
                           where term like 'slot=Slot/%' and s.schedule = $1 and (s.deleted or s.rule is null or s.rule = 'outside')) as made
         from taken join appointment a on a.id = taken.id
        where not a.deleted and a.ends > $2::timestamptz and a.status in ('pending', 'booked', 'arrived', 'checked-in')
          and exists (select 1 from unnest(a.terms) term join slot s on s.id = substr(term, length('slot=Slot/') + 1)
                       where term like 'slot=Slot/%' and s.schedule = $1)
        order by a.starts, a.id limit $3`,
      [schedule, now, limit],
    ),
  )
}

/** The Slots that the rules have made and still want, whatever their status. */
export async function madeSlots(
  db: Db,
  schedule: string,
  from: string,
  limit: number,
): Promise<{ id: string; start: number; end: number; free: boolean }[]> {
  return db.query<{ id: string; start: number; end: number; free: boolean }>(
    prepared(
      `select id, ${ms('starts')} as start, ${ms('ends')} as "end", status = 'free' as free
         from slot where schedule = $1 and status = any(${everyStatus})
          and starts >= $2::timestamptz and rule is not null and not deleted
        order by starts, id limit $3`,
      [schedule, from, limit],
    ),
  )
}
