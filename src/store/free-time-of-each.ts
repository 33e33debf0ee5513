/**
 * All free time of some Schedules in a window, in one statement whatever their number: for visits that take several of
 * them at once. One row a Schedule; Slots that reach into the window from before are there too, since a visit may start
 * inside one. A hold whose time is over counts as gone, and so does whatever `own` holds, which is about to give it back.
 */
import type { Db } from './db.ts'
import { underNothing } from './free-time.ts'
import { sessionNow } from './session-slots.ts'
import { prepared } from './sql.ts'

export type FreeTimeOfOne = {
  readonly schedule: string
  /** Of the Schedule's plan, as of this very statement. */
  readonly version: string
  /** JSON: `[id, starts, ends, session]`, Unix milliseconds, by start; `session` where it is a group's of which a seat is left. */
  readonly free: string
  /** JSON: `[starts, ends, session]` of the live claims of its actors. */
  readonly taken: string
}

export type EachWindow = {
  readonly schedules: readonly string[]
  readonly from: string
  readonly until: string
  /** Slots of one Schedule. */
  readonly each: number
  /** `Appointment/1`, `Slot/1`. */
  readonly own: readonly string[]
}

export async function freeTimeOfEach(db: Db, { schedules, from, until, each, own }: EachWindow): Promise<FreeTimeOfOne[]> {
  return db.query<FreeTimeOfOne>(prepared(text, [schedules, from, until, each, own]))
}

const milliseconds = (instant: string): string => `(date_part('epoch', ${instant}) * 1000)::bigint`

const inWindow = `slot.schedule = p.schedule and starts > $2::timestamptz - p.longest and starts < $3::timestamptz and ends > $2::timestamptz`

/** `own` is looked up by its holder, since taken Slots have no index by time alone. */
const text = `
  select p.schedule, p.version::text as version,
    (select coalesce(json_agg(json_build_array(id, ${milliseconds('starts')}, ${milliseconds('ends')}, session) order by starts, id), '[]')::text from (
       (select id, starts, ends, ${sessionNow('slot')} as session from slot where ${inWindow} and status = 'free' order by starts, id limit $4)
       union all
       (select id, starts, ends, ${sessionNow('slot')} from slot
         where ${inWindow} and status = 'busy-tentative' and held_until <= now() and taken_by <> all($5::text[]) and ${underNothing}
         limit $4)
       union all
       (select id, starts, ends, null from slot where taken_by = any($5::text[]) and ${inWindow} and not deleted limit $4)) slots) as free,
    (select coalesce(json_agg(json_build_array(${milliseconds('lower(c.period)')}, ${milliseconds('upper(c.period)')}, case when c.seats is not null then c.session end)), '[]')::text
       from schedule_claim sc join claim c on c.resource = sc.resource
      where sc.schedule = p.schedule and c.period && tstzrange($2::timestamptz - interval '1 day', $3::timestamptz + interval '1 day')
        and (c.expires is null or c.expires > now()) and c.appointment <> all($5::text[])) as taken
    from schedule_plan p where p.schedule = any($1::text[])`
