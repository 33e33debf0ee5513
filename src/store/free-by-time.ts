/**
 * The free Slots of many Schedules in the order of time, whoever's the Slots are that are met on the way: one range of
 * slot_starts and one round trip. Cheap where the Schedules asked for are no small part of all and a visit fits into one Slot;
 * of few among many it finds little and says how far it saw.
 */
import type { Db } from './db.ts'
import {
  asLines,
  columnsOfMany,
  type FirstWindow,
  type FreeTime,
  inWindow,
  rowsOf,
  seconds,
  sorted,
  takenTime,
  underNothing,
} from './free-time.ts'
import { sessionNow } from './session-slots.ts'
import { prepared } from './sql.ts'

type Place = { readonly schedule: string; readonly starts: number }

export type FreeByTime = FreeTime & {
  /** Where the look ended, in Unix seconds: all that is free before this Schedule's Slot is there. Undefined: to the end of the window. */
  readonly last?: Place
}

/** `limit` Slots are looked at, free or not; the stored text comes with the first `bodies` that are free. */
export async function freeByTime(db: Db, window: FirstWindow & { readonly bodies: number; readonly claims: boolean }): Promise<FreeByTime> {
  const { schedules, from, until, behind, limit, bodies, claims } = window
  const [found] = await db.query<{ lines: string | null }>(
    prepared(claims ? withClaims : withoutClaims, [schedules.join(' '), from, until, behind, limit, bodies]),
  )
  const rows = rowsOf(found?.lines)
  return { ...sorted(rows), last: rows.find(({ kind }) => kind === 'last') }
}

/** `is true`: a hashed look for each Slot, where the planner would make it a join that compares each with every name. */
const textWith = (claims: string): string => `
  with scanned as materialized (
    select id, schedule, status, starts, ends, held_until, body_text, session, overbooked from slot where ${inWindow('schedule')} and status is not null
     order by starts, schedule, id limit $5),
  free as materialized (
    select id, schedule, starts, ends, case when row_number() over (order by starts, schedule, id) <= $6 then body_text end as body, ${sessionNow('slot')} as session
      from scanned slot
     where (schedule in (select unnest(string_to_array($1, ' ')))) is true and (status = 'free' or (status = 'busy-tentative' and held_until <= now() and ${underNothing})))
  select 'plan' as kind, version::text as id, schedule, null::float8 as starts, null::float8 as ends, null::text as body, null::text as session
    from schedule_plan where schedule in (select schedule from free)
  union all
  select 'free', id, schedule, ${seconds('starts')}, ${seconds('ends')}, body, session from free
  ${claims}
  union all
  (select 'last', id, schedule, ${seconds('starts')}, null, null, null from scanned offset $5 - 1 limit 1)`

const withoutClaims = asLines(textWith(''), columnsOfMany)
const withClaims = asLines(textWith(`union all ${takenTime('sc.schedule in (select schedule from free)')}`), columnsOfMany)
