/**
 * What a booking has to know before it is decided, in one round trip: the Slot, the plan of its Schedule, and the patient's
 * own visits around that time.
 */
import { visitsForOneRun, visitsTogetherMax } from '../base/limits.ts'
import type { Db, Pool } from './db.ts'
import { sessionNow } from './session-slots.ts'
import { prepared } from './sql.ts'
import { lanes, together } from './together.ts'

export type SlotContext = {
  readonly id: string
  readonly schedule: string
  readonly status: string
  readonly deleted: boolean
  readonly starts: Date
  readonly ends: Date
  readonly takenBy: string | null
  /** The group session whose own it is, of which a seat is taken. */
  readonly session: string | null
  /** Free to be taken: free, or held by somebody whose time is over. */
  readonly free: boolean
  readonly planVersion: string | null
  /** Null where the version is the one that the caller has. */
  readonly plan: string | null
  readonly patientExists: boolean
  /** The patient's visits that take time within a day of the Slot's, as Unix milliseconds. */
  readonly patientVisits: readonly { readonly id: string; readonly start: number; readonly end: number }[]
}

export type SlotAsk = {
  /** Bare ids. */
  readonly slot: string
  readonly patient: string
  /** The version of the plan that the caller has. */
  readonly knownPlan: string
}

type Look = (ask: SlotAsk) => Promise<SlotContext | undefined>

const looks = new WeakMap<Pool, Look>()

/** Undefined: there never was such a Slot. Those who ask just now are answered by one statement. */
export function slotContext(pool: Pool, ask: SlotAsk): Promise<SlotContext | undefined> {
  const look =
    looks.get(pool) ?? together({ lanes, most: visitsTogetherMax, company: visitsForOneRun, run: (asks) => slotContexts(pool, asks) })
  looks.set(pool, look)
  return look(ask)
}

/** The same inside a transaction. */
export async function slotContexts(db: Db, asks: readonly SlotAsk[]): Promise<(SlotContext | undefined)[]> {
  const values = [asks.map(({ slot }) => slot), asks.map(({ patient }) => patient), asks.map(({ knownPlan }) => knownPlan)]
  const rows = await db.query<SlotContext & { place: number }>(prepared(contextText, values))
  const found = new Map(rows.map((row) => [row.place, row]))
  return asks.map((_, at) => found.get(at + 1))
}

const patientVisits = (patient: string, starts: string, ends: string): string => `
  coalesce((select jsonb_agg(jsonb_build_object('id', a.id, 'start', extract(epoch from a.starts) * 1000, 'end', extract(epoch from a.ends) * 1000))
     from time_of_patient('Patient/' || ${patient}, ${starts} - interval '1 day', ${ends} + interval '1 day') a), '[]')`

/** Of a row `asked` (slot, patient, known). */
export const contextColumns = `
         s.id, s.schedule, s.status, s.deleted, s.starts, s.ends, s.taken_by as "takenBy",
         (s.status = 'free' or (s.held_until <= now() and s.overbooked is not true)) is true as free, ${sessionNow('s')} as session,
         p.version::text as "planVersion", case when p.version::text <> asked.known then p.plan::text end as plan,
         exists (select 1 from patient where id = asked.patient and not deleted) as "patientExists",
         ${patientVisits('asked.patient', 's.starts', 's.ends')} as "patientVisits"`

/** All null where there is no such Slot. */
export const contextJoins = `
    left join lateral (select id, schedule, status, deleted, starts, ends, taken_by, held_until, session, overbooked from slot where id = asked.slot offset 0) s on true
    left join lateral (select version, plan from schedule_plan where schedule = s.schedule offset 0) p on true`

const contextText = `
  select asked.place::int as place, ${contextColumns}
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (slot, patient, known, place)
    ${contextJoins}
   where s.id is not null
   limit ${visitsTogetherMax}`

/** When the patient is taken up by visits of their own (but `except`) between two instants. Unix milliseconds. */
export async function patientTime(
  db: Db,
  patient: string,
  from: string,
  until: string,
  except = '',
): Promise<{ start: number; end: number }[]> {
  return db.query<{ start: number; end: number }>(
    prepared(
      `select date_part('epoch', starts) * 1000 as start, date_part('epoch', ends) * 1000 as end
         from time_of_patient('Patient/' || $1::text, $2::timestamptz, $3::timestamptz) where id <> $4 order by starts, ends limit 1000`,
      [patient, from, until, except],
    ),
  )
}
