/**
 * What has to be known before a visit is moved, in one round trip: the Appointment, the Slots that it has and names, the Slot
 * that it is to start in (`visit-context.ts`), and its patient's other visits around that time.
 */
import { visitsForOneRun, visitsTogetherMax } from '../base/limits.ts'
import type { Pool } from './db.ts'
import { prepared } from './sql.ts'
import { lanes, together } from './together.ts'
import { contextColumns, contextJoins, type SlotContext } from './visit-context.ts'

/** A Slot that it has, alone or with others of a session, or that it names. Unix milliseconds. */
export type SlotOfVisit = {
  readonly id: string
  readonly schedule: string
  readonly start: number
  readonly end: number
  readonly deleted: boolean
  readonly has: boolean
  /** The version of its Schedule's plan. */
  readonly plan: string | null
}

export type MoveContext = {
  /** Null: there never was such an Appointment. */
  readonly version: string | null
  /** Null where it is deleted. */
  readonly body: string | null
  /** By start, and id. */
  readonly slots: readonly SlotOfVisit[]
  /** Whom `slot` was looked up for: the visit's patient, where it has one. */
  readonly patient: string | null
  /** Undefined: there never was such a Slot. */
  readonly slot: SlotContext | undefined
}

/** Bare ids, and the version of the Slot's plan that the caller has. */
export type MoveAsk = { readonly visit: string; readonly slot: string; readonly knownPlan: string }

type Look = (ask: MoveAsk) => Promise<MoveContext>
type Row = Omit<MoveContext, 'slot'> & SlotContext & { readonly place: number; readonly at: string | null }

const looks = new WeakMap<Pool, Look>()

/** Those who ask just now are answered by one statement. */
export function moveContext(pool: Pool, ask: MoveAsk): Promise<MoveContext> {
  const look =
    looks.get(pool) ?? together({ lanes, most: visitsTogetherMax, company: visitsForOneRun, run: (asks) => moveContexts(pool, asks) })
  looks.set(pool, look)
  return look(ask)
}

async function moveContexts(pool: Pool, asks: readonly MoveAsk[]): Promise<MoveContext[]> {
  const values = [asks.map(({ visit }) => visit), asks.map(({ slot }) => slot), asks.map(({ knownPlan }) => knownPlan)]
  const rows = await pool.query<Row>(prepared(text, values))
  const found = new Map(rows.map((row) => [row.place, row]))
  return asks.map((_, at) => contextIn(found.get(at + 1)))
}

function contextIn(row: Row | undefined): MoveContext {
  if (!row) return { version: null, body: null, slots: [], patient: null, slot: undefined }
  const { version, body, slots, patient, id } = row
  return { version, body, slots, patient, slot: id === null ? undefined : row }
}

const text = `
  select asked.place::int as place, visit.version::text as version, visit.body::text as body, asked.patient, own.slots, ${contextColumns}
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality as sent (visit, slot, known, place)
    left join lateral (
      select version, body, terms, array(select substr(term, length('slot=Slot/') + 1) from unnest(terms) term where term like 'slot=Slot/%') as named
        from appointment where id = sent.visit offset 0) visit on true
   cross join lateral (
      select sent.slot, sent.known, sent.place,
             (select case when count(*) = 1 then min(substr(term, length('@Patient/') + 1)) end from unnest(visit.terms) term
               where term like '@Patient/%') as patient offset 0) asked
   cross join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'schedule', s.schedule, 'start', extract(epoch from s.starts) * 1000,
               'end', extract(epoch from s.ends) * 1000, 'deleted', s.deleted,
               'has', not s.deleted and (s.taken_by is not distinct from 'Appointment/' || sent.visit or (s.session is not null and s.id = any(visit.named))),
               'plan', (select p.version::text from schedule_plan p where p.schedule = s.schedule)) order by s.starts, s.id), '[]') as slots
        from slot s
       where s.id = any(array(select id from slot where taken_by = 'Appointment/' || sent.visit) || visit.named) offset 0) own
    ${contextJoins}
   limit ${visitsTogetherMax}`
