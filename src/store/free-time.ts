/**
 * Free time as rows: the free Slots of one Schedule or of many, in the order (start, Schedule), and what is claimed there.
 * A hold whose time is over counts as gone at once. What is bookable is `scheduling/visits.ts`'s to say.
 */
import type { Db, Pool } from './db.ts'
import { queryTogether } from './query-together.ts'
import { bearsOn, lane, sessionNow } from './session-slots.ts'
import { prepared } from './sql.ts'

/** Times are Unix seconds: a Date a row would cost more than the rest of it. */
export type FreeRow = {
  readonly id: string
  readonly schedule: string
  readonly starts: number
  readonly ends: number
  /** The stored text, where it was asked for. */
  readonly body: string | null
  /** The group session whose own it is, of which a seat is left. */
  readonly session: string | null
}
/** `session`: whose seats have the time, where it is a group's. */
export type TakenRow = { readonly schedule: string; readonly starts: number; readonly ends: number; readonly session: string | null }
export type FreeTime = {
  /** Versions of the Schedules' plans as of this very statement. */
  readonly plans: ReadonlyMap<string, string>
  readonly free: readonly FreeRow[]
  /** Live claims of the Schedules' actors, `schedule` being the Schedule they bear on. */
  readonly taken: readonly TakenRow[]
}

/** Another's claim or a block may lie over a hold, and takes its place once the hold is over. */
export const underNothing = `slot.overbooked is not true and not exists (
             select 1 from schedule_claim sc cross join lateral (select sc.resource union all select ${lane('sc.resource')}) up (resource)
               join claim c on c.resource = up.resource and c.period && tstzrange(slot.starts, slot.ends)
              where sc.schedule = slot.schedule and (c.expires is null or c.expires > now()) and ${bearsOn('slot.session')})
           and not exists (
             select 1 from schedule_claim sc join schedule_claim other on other.resource = sc.resource join schedule_plan p on p.schedule = other.schedule
               join slot b on b.schedule = other.schedule and b.status = 'busy-unavailable' and b.taken_by is null
                and b.starts < slot.ends and b.ends > slot.starts and b.starts > slot.starts - p.longest
              where sc.schedule = slot.schedule)`

/** One Schedule: one range of slot_time, its plan's version and its claims in the same statement. */
export async function freeTimeOfOne(
  pool: Pool,
  { schedule, from, until, limit, bodies = false, claims = true }: WindowOfOne,
): Promise<FreeTime> {
  const texts = (bodies ? timeWithBodies : timeAlone)[claims ? 'claims' : 'noClaims']
  const rows = async (text: string): Promise<TimeRow[]> => {
    const [found] = await queryTogether<{ lines: string | null }>(pool, prepared(text, [schedule, from, until, limit]))
    return rowsOf(found?.lines, schedule)
  }
  const found = await rows(texts.unheld)
  return sorted(found.some(({ kind }) => kind === 'lapsed') ? await rows(texts.withLapsed) : found)
}

type WindowOfOne = {
  readonly schedule: string
  readonly from: string
  readonly until: string
  readonly limit: number
  readonly bodies?: boolean
  readonly claims?: boolean
}

const slotRange = `select id, schedule, starts, ends, body_text, session from slot where schedule = $1::text and starts >= $2::timestamptz and starts < $3::timestamptz`

const planOfOne = `
  select 'plan' as kind, version::text as id, null::float8 as starts, null::float8 as ends, null::text as body, null::text as session
    from schedule_plan where schedule = $1::text`

const freeOfOne = (body: string, slots: string): string => `
  (select 'free', id, ${seconds('starts')}, ${seconds('ends')}, ${body}, ${sessionNow('slot')} from (${slots}) slot)`

const freeSlots = `${slotRange} and status = 'free' order by starts, id limit $4::int`
export const isLapsed = `status = 'busy-tentative' and held_until <= now()`
const lapsedSlots = `${slotRange} and ${isLapsed} and ${underNothing} order by starts, id limit $4::int`

/** Whether a hold's time is over that still stands in its Slot, which it does for a second. */
const lapsedOfOne = `
  (select 'lapsed', '', null, null, null, null from (${slotRange} and ${isLapsed} limit 1) slot)`

const columnsOfOne = ['kind', 'id', 'starts', 'ends', 'session', 'body'] as const
export const columnsOfMany = [...columnsOfOne, 'schedule', 'version'] as const

/** All rows as one value: fifty rows of six columns cost the client more than their search. A stored text has no line break. */
export function asLines(rows: string, columns: readonly (keyof TimeRow)[] = columnsOfOne): string {
  const line = columns.map((column) => `coalesce(${column}::text, '')`).join(` || E'\\t' || `)
  return `select string_agg(${line}, E'\\n') as lines from (${rows}) found`
}

/** The rows that `asLines` made of those columns; `schedule` where they do not say it. */
export const rowsOf = (lines: string | null | undefined, schedule = ''): TimeRow[] =>
  lines ? lines.split('\n').map((line) => rowOf(line, schedule)) : []

function rowOf(line: string, known: string): TimeRow {
  const [kind = '', id = '', starts = '', ends = '', session = '', body = '', schedule = known, version] = line.split('\t')
  return {
    kind: kind as TimeRow['kind'],
    id,
    schedule,
    starts: Number(starts),
    ends: Number(ends),
    session: session === '' ? null : session,
    body: body === '' ? null : body,
    version,
  }
}

/**
 * `unheld`: free Slots, and whether there are lapsed holds besides. To begin to look at what lies over those costs a third of the
 * statement even where there is none, so that is left to another, `withLapsed`.
 */
const textsOfOne = (body: string, claims: string): { readonly unheld: string; readonly withLapsed: string } => {
  const all = `(${freeSlots}) union all (${lapsedSlots}) order by starts, id limit $4::int`
  return {
    unheld: asLines(`${planOfOne} union all ${freeOfOne(body, freeSlots)} union all ${lapsedOfOne} ${claims}`),
    withLapsed: asLines(`${planOfOne} union all ${freeOfOne(body, all)} ${claims}`),
  }
}

const timesOfOne = (body: string) => ({
  claims: textsOfOne(body, `union all ${takenTime('sc.schedule = $1::text', '')}`),
  noClaims: textsOfOne(body, ''),
})
const timeWithBodies = timesOfOne('body_text')
const timeAlone = timesOfOne('null')

export type FirstFree = {
  /** By (start, Schedule), each with its first start in Unix seconds. */
  readonly first: readonly { readonly schedule: string; readonly starts: number }[]
  /** Up to where the look went; undefined: to the end of the window. */
  readonly upTo?: { readonly schedule: string; readonly starts: number }
}

export type FirstWindow = { schedules: readonly string[]; from: string; until: string; behind: string; limit: number }

/** At the very start of the window only Schedules behind this one count. */
export const inWindow = (schedule: string, from = '$2::timestamptz', until = '$3::timestamptz', behind = '$4'): string =>
  `starts >= ${from} and starts < ${until} and (starts > ${from} or ${schedule} > ${behind})`

/** Which of many Schedules are free first: one look into the index for each, however many others there are. */
export async function firstFreeBySchedule(db: Db, window: FirstWindow): Promise<FirstFree> {
  const first = await db.query<{ schedule: string; starts: number }>(
    prepared(
      `select schedule, ${seconds('min(starts)')} as starts from (
         select one.schedule, free.starts from unnest($1::text[]) one (schedule)
          cross join lateral (
            select starts from slot where schedule = one.schedule and status = 'free' and ${inWindow('one.schedule collate "C"')}
             order by starts, id limit 1) free
         union all
         select schedule, starts from slot
          where schedule = any($1::text[]) and status = 'busy-tentative' and held_until <= now() and ${inWindow('schedule')}) free
       group by schedule order by min(starts), schedule collate "C" limit $5`,
      [window.schedules, window.from, window.until, window.behind, window.limit],
    ),
  )
  return { first, upTo: first.length === window.limit ? first.at(-1) : undefined }
}

/** Many Schedules: the first `each` free Slots of every one, so that little is read however long the window is. */
export async function freeTimeOfMany(
  db: Db,
  window: { schedules: readonly string[]; from: string; until: string; each: number; claims: boolean },
): Promise<FreeTime> {
  return sorted(
    await db.query<TimeRow>(
      prepared(
        `select 'plan' as kind, version::text as id, schedule, null::float8 as starts, null::float8 as ends, null::text as body, null::text as session
           from schedule_plan where schedule = any($1::text[])
         union all
         (select 'free', s.id, one.schedule, ${seconds('s.starts')}, ${seconds('s.ends')}, null, ${sessionNow('s')}
           from unnest($1::text[]) one (schedule)
           cross join lateral (
             select id, schedule, starts, ends, session from slot
              where schedule = one.schedule and status = 'free' and starts >= $2::timestamptz and starts < $3::timestamptz
              order by starts, id limit $4) s)
         union all
         (select 'free', id, schedule, ${seconds('starts')}, ${seconds('ends')}, null, ${sessionNow('slot')} from slot
           where schedule = any($1::text[]) and status = 'busy-tentative' and starts >= $2::timestamptz and starts < $3::timestamptz
             and held_until <= now() and ${underNothing})
         ${window.claims ? `union all ${takenTime('sc.schedule = any($1::text[])')}` : ''}`,
        [window.schedules, window.from, window.until, window.each],
      ),
    ),
  )
}

export function seconds(instant: string): string {
  return `date_part('epoch', ${instant})`
}

/** `schedule`: the column that says which; empty where only one is meant. */
export function takenTime(which: string, schedule = 'sc.schedule, ', from = '$2::timestamptz', until = '$3::timestamptz'): string {
  return `
  select 'taken', '', ${schedule}${seconds('lower(c.period)')}, ${seconds('upper(c.period)')}, null, case when c.seats is not null then c.session end
    from schedule_claim sc join claim c on c.resource = sc.resource
   where ${which} and c.period && tstzrange(${from} - interval '1 day', ${until} + interval '1 day')
     and (c.expires is null or c.expires > now())`
}

/**
 * `last`: where a look in the order of time ended. `lapsed`: there are holds whose time is over. `version`: of the Schedule's plan,
 * where no row of its own says it.
 */
export type TimeRow = FreeRow & { readonly kind: 'plan' | 'free' | 'taken' | 'last' | 'lapsed'; readonly version?: string }

export function sorted(rows: readonly TimeRow[]): FreeTime {
  const plans = new Map<string, string>()
  const free: FreeRow[] = []
  const taken: TakenRow[] = []
  for (const row of rows) {
    if (row.kind === 'plan') plans.set(row.schedule, row.id)
    else if (row.kind === 'free') {
      free.push(row)
      if (row.version) plans.set(row.schedule, row.version)
    } else if (row.kind === 'taken') taken.push(row)
  }
  return { plans, free, taken }
}
