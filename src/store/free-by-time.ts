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
  isLapsed,
  rowsOf,
  seconds,
  sorted,
  type TimeRow,
  takenTime,
  underNothing,
} from './free-time.ts'
import { sessionNow } from './session-slots.ts'
import { prepared } from './sql.ts'

type Place = { readonly schedule: string; readonly starts: number }

export type FreeByTime = FreeTime & {
  /**
   * Where the look ended, in Unix seconds: all that is free before this Schedule's Slot is there. Undefined: to the end of the
   * window.
   */
  readonly last?: Place
}

/** The look ends with the free Slot that makes `limit`, or where `looked` Slots were seen, free or not. */
export type TimeWindow = FirstWindow & { readonly looked: number; readonly bodies: boolean; readonly claims: boolean }

export async function freeByTime(db: Db, window: TimeWindow): Promise<FreeByTime> {
  const { schedules, from, until, behind, looked, limit, bodies, claims } = window
  const texts = claims ? withClaims : withoutClaims
  const rows = async (text: string): Promise<TimeRow[]> => {
    const [found] = await db.query<{ lines: string | null }>(
      prepared(text, [schedules.join(' '), from, until, behind, looked, limit, bodies]),
    )
    return rowsOf(found?.lines)
  }
  const unheld = await rows(texts.unheld)
  const found = unheld.some(({ kind }) => kind === 'lapsed') ? await rows(texts.withLapsed) : unheld
  const seen = found.filter(({ kind }) => kind !== 'taken')
  const last = seen.find(({ kind }) => kind === 'last') ?? (seen.length === limit ? seen.at(-1) : undefined)
  return { ...sorted(found), last }
}

/**
 * Nothing in `found` needs all its rows at once, so that the index is read no further than to the last free Slot that is wanted:
 * a window over an order would be sorted first. `is true`: a hashed look for each Slot, where the planner would make it a join
 * that compares each with every name.
 */
const textWith = (kind: string, isFree: string, claims: string): string =>
  asLines(
    `with found as materialized (
      select case when seen > $5 then 'last' ${kind} else 'free' end as kind, id, schedule, starts, ends, session, body_text
        from (select row_number() over () as seen, slot.* from (
                select id, schedule, status, starts, ends, held_until, session, overbooked, body_text from slot
                 where ${inWindow('schedule')} and status is not null order by starts, schedule, id limit $5::int + 1) slot) slot
       where seen > $5 or (${isFree} and (schedule in (select unnest(string_to_array($1, ' ')))) is true)
       limit $6::int)
    select kind, id, schedule, ${seconds('starts')} as starts, ${seconds('ends')} as ends, case when $7::boolean then body_text end as body,
           ${sessionNow('found')} as session, (select version::text from schedule_plan p where p.schedule = found.schedule) as version
      from found
    ${claims}`,
    columnsOfMany,
  )

/** What is claimed is read as far as the Slots that were found go. */
const claimsOfFound = `union all select taken.*, null from (${takenTime('sc.schedule in (select schedule from found)', 'sc.schedule, ', '(select max(ends) from found)')}) taken`

/** As with one Schedule: what lies over lapsed holds is looked at only where there are any. */
const textsWith = (claims: string): { readonly unheld: string; readonly withLapsed: string } => ({
  unheld: textWith(`when status <> 'free' then 'lapsed'`, `(status = 'free' or ${isLapsed})`, claims),
  withLapsed: textWith('', `(status = 'free' or (${isLapsed} and ${underNothing}))`, claims),
})
const withoutClaims = textsWith('')
const withClaims = textsWith(claimsOfFound)
