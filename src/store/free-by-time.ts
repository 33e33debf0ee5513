/**
 * The free Slots of many Schedules in the order of time, whoever's the Slots are that are met on the way: one range of
 * slot_starts and one round trip. Cheap where the Schedules asked for are no small part of all and a visit fits into one Slot;
 * of few among many it finds little and says how far it saw.
 */
import { statementsTogetherMax } from '../base/limits.ts'
import type { Pool } from './db.ts'
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
import { lanes, together } from './together.ts'

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

export async function freeByTime(pool: Pool, window: TimeWindow): Promise<FreeByTime> {
  const look = looksOf(pool)[window.claims ? 'claims' : 'noClaims']
  const unheld = await look.unheld(window)
  const found = unheld.some(({ kind }) => kind === 'lapsed') ? await look.withLapsed(window) : unheld
  const seen = found.filter(({ kind }) => kind !== 'taken')
  const last = seen.find(({ kind }) => kind === 'last') ?? (seen.length === window.limit ? seen.at(-1) : undefined)
  return { ...sorted(found), last }
}

type Look = (window: TimeWindow) => Promise<TimeRow[]>
type Looks = Record<'claims' | 'noClaims', Record<'unheld' | 'withLapsed', Look>>

const looks = new WeakMap<Pool, Looks>()

function looksOf(pool: Pool): Looks {
  const known = looks.get(pool)
  if (known) return known
  const pair = (claims: string): Looks['claims'] => {
    const texts = textsWith(claims)
    return { unheld: lookBy(pool, texts.unheld), withLapsed: lookBy(pool, texts.withLapsed) }
  }
  const made = { claims: pair(claimsOfFound), noClaims: pair('') }
  looks.set(pool, made)
  return made
}

/** Those who ask at once share a statement, and the names of their Schedules where they ask for the same ones. */
function lookBy(pool: Pool, text: string): Look {
  return together({
    lanes,
    most: statementsTogetherMax,
    run: async (asks: readonly TimeWindow[]) => {
      const names = asks.map(({ schedules }) => schedules.join(' '))
      const lists = [...new Set(names)]
      const found = await pool.query<{ place: number; lines: string | null }>(
        prepared(text, [
          lists,
          names.map((list) => lists.indexOf(list) + 1),
          asks.map(({ from }) => from),
          asks.map(({ until }) => until),
          asks.map(({ behind }) => behind),
          asks.map(({ looked }) => looked),
          asks.map(({ limit }) => limit),
          asks.map(({ bodies }) => bodies),
        ]),
      )
      const answers = asks.map((): TimeRow[] => [])
      for (const { place, lines } of found) answers[place - 1] = rowsOf(lines)
      return answers
    },
  })
}

/** What each asker asks: `list` is the place of its Schedules' names among the lists. */
const asked = `unnest($2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::int[], $7::int[], $8::boolean[])
  with ordinality as asked (list, "from", until, behind, looked, most, bodies, place)`

/** Each name with its list's place. They are hashed once, however many ask. */
const names = `select list, name from unnest($1::text[]) with ordinality lists (names, list) cross join unnest(string_to_array(names, ' ')) name`

/**
 * Nothing in `found` needs all its rows at once, so that the index is read no further than to the last free Slot that is wanted:
 * a window over an order would be sorted first. `is true`: a hashed look for each Slot, where the planner would make it a join
 * that compares each with every name.
 */
const textWith = (kind: string, isFree: string, claims: string): string => `
  select asked.place::int as place, each.lines from ${asked} cross join lateral (${asLines(
    `with found as materialized (
      select case when seen > asked.looked then 'last' ${kind} else 'free' end as kind, id, schedule, starts, ends, session, body_text
        from (select row_number() over () as seen, slot.* from (
                select id, schedule, status, starts, ends, held_until, session, overbooked, body_text from slot
                 where ${inWindow('schedule', 'asked."from"', 'asked.until', 'asked.behind')} and status is not null
                 order by starts, schedule, id limit asked.looked + 1) slot) slot
       where seen > asked.looked or (${isFree} and ((asked.list::bigint, schedule) in (${names})) is true)
       limit asked.most)
    select kind, id, schedule, ${seconds('starts')} as starts, ${seconds('ends')} as ends, case when asked.bodies then body_text end as body,
           ${sessionNow('found')} as session, (select version::text from schedule_plan p where p.schedule = found.schedule) as version
      from found
    ${claims}`,
    columnsOfMany,
  )}) each`

/** What is claimed is read as far as the Slots that were found go. */
const claimsOfFound = `union all select taken.*, null from (${takenTime('sc.schedule in (select schedule from found)', 'sc.schedule, ', 'asked."from"', '(select max(ends) from found)')}) taken`

/** As with one Schedule: what lies over lapsed holds is looked at only where there are any. */
const textsWith = (claims: string): { readonly unheld: string; readonly withLapsed: string } => ({
  unheld: textWith(`when status <> 'free' then 'lapsed'`, `(status = 'free' or ${isLapsed})`, claims),
  withLapsed: textWith('', `(status = 'free' or (${isLapsed} and ${underNothing}))`, claims),
})
