/**
 * What a booking has to know before it is decided, in one round trip: the Slot, the plan of its Schedule, and the patient's
 * own visits around that time.
 */
import { visitsTogetherMax } from '../base/limits.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Db, Pool, Tx } from './db.ts'
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
  const look = looks.get(pool) ?? together({ lanes, most: visitsTogetherMax, run: (asks) => slotContexts(pool, asks) })
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

/** `offset 0` keeps the planner from adding an index on status or time, which would read every booked visit there is. */
const patientVisits = (patient: string, starts: string, ends: string): string => `
  coalesce((select jsonb_agg(jsonb_build_object('id', a.id, 'start', extract(epoch from a.starts) * 1000, 'end', extract(epoch from a.ends) * 1000))
     from (select id, deleted, status, starts, ends, held_until from appointment where terms @> array['@Patient/' || ${patient}] offset 0) a
    where not a.deleted
      and a.status in ('pending', 'booked', 'arrived', 'checked-in') and (a.status <> 'pending' or a.held_until > now())
      and a.starts < ${ends} + interval '1 day' and a.ends > ${starts} - interval '1 day'), '[]')`

const contextText = `
  select asked.place::int as place, s.id, s.schedule, s.status, s.deleted, s.starts, s.ends, s.taken_by as "takenBy",
         (s.status = 'free' or (s.held_until <= now() and s.overbooked is not true)) is true as free, ${sessionNow('s')} as session,
         p.version::text as "planVersion", case when p.version::text <> asked.known then p.plan::text end as plan,
         exists (select 1 from patient where id = asked.patient and not deleted) as "patientExists",
         ${patientVisits('asked.patient', 's.starts', 's.ends')} as "patientVisits"
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (slot, patient, known, place)
   cross join lateral (select id, schedule, status, deleted, starts, ends, taken_by, held_until, session, overbooked from slot where id = asked.slot offset 0) s
    left join lateral (select version, plan from schedule_plan where schedule = s.schedule offset 0) p on true
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
         from (select id, deleted, status, starts, ends, held_until from appointment where terms @> array['@Patient/' || $1::text] offset 0) a
        where not deleted and status in ('pending', 'booked', 'arrived', 'checked-in') and (status <> 'pending' or held_until > now())
          and starts < $3::timestamptz and ends > $2::timestamptz and id <> $4 order by starts, ends limit 1000`,
      [patient, from, until, except],
    ),
  )
}

/** Whose patient somebody may be: actors (`Type/id`), and words of plans (`organization=Organization/1`) whose actors count too. */
export type Practice = { readonly actors: readonly string[]; readonly organizations: readonly string[] }

const practiceActorsMax = 10_000

/** Whether the patient has had a visit that took place, or has one to come, with anybody of the practice. */
export async function patientIsKnown(db: Db, patient: string, { actors, organizations }: Practice): Promise<boolean> {
  const rows = await db.query(
    prepared(
      `with practice as materialized (
        select array(select unnest($2::text[]) union
                     select 'actor=' || (actor->>'reference') from (
                       select plan from schedule_plan where terms && $3::text[] offset 0) p, jsonb_array_elements(p.plan->'actors') actor
                      limit ${practiceActorsMax}) as actors)
       select 1 from practice, (select terms, status, deleted from appointment where terms @> array['@Patient/' || $1::text] offset 0) a
        where a.terms && practice.actors and a.status in ('booked', 'arrived', 'checked-in', 'fulfilled') and not a.deleted limit 1`,
      [patient, actors.map((actor) => `actor=${actor}`), organizations],
    ),
  )
  return rows.length > 0
}

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

const physicalTypes = 'http://terminology.hl7.org/CodeSystem/location-physical-type'

/**
 * What each of these actors takes up: a PractitionerRole its Practitioner, a Location itself if it is a room, bed or vehicle.
 * The same rule as `scheduling/claimed-actors.ts` for Schedules; a test compares the two.
 */
export async function claimableActors(db: Db, actors: readonly string[], base?: string): Promise<string[]> {
  const rows = await db.query<{ resource: string }>(
    prepared(
      `select actor as resource from unnest($1::text[]) actor where actor like 'Practitioner/%' or actor like 'Device/%'
       union
       select substr(term, 14) from unnest($1::text[]) actor join practitioner_role r on actor = 'PractitionerRole/' || r.id, unnest(r.terms) term
        where term like 'practitioner=Practitioner/%' and not r.deleted
       union
       select actor from unnest($1::text[]) actor join location l on actor = 'Location/' || l.id
        where l.body @? '$.physicalType.coding[*] ? ((!exists(@.system) || @.system == "${physicalTypes}") && (@.code == "ro" || @.code == "bd" || @.code == "ve"))'
       order by resource`,
      [actors.map((actor) => relativeReference(actor, base))],
    ),
  )
  return rows.map((row) => row.resource)
}

/** What a booking on these Schedules takes up. */
export async function claimsOfSchedules(db: Db, schedules: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ resource: string }>(
    prepared('select distinct resource from schedule_claim where schedule = any($1::text[]) order by resource', [schedules]),
  )
  return rows.map((row) => row.resource)
}

/** Whether a visit still to end is booked into the Schedule's own Slots. */
export async function hasLiveVisits(db: Db, schedule: string, now: string): Promise<boolean> {
  const rows = await db.query(
    prepared(
      `select 1 from slot s join appointment a on s.taken_by = 'Appointment/' || a.id and a.terms @> array['slot=Slot/' || s.id]
        where s.schedule = $1 and s.status in ('busy', 'busy-tentative') and s.ends > $2::timestamptz
       union all
       select 1 from slot s where s.schedule = $1 and s.ends > $2::timestamptz and ${sessionNow('s')} is not null limit 1`,
      [schedule, now],
    ),
  )
  return rows.length > 0
}

/** Holds whose time is over. Another process may be ending one of them: whoever does looks again under the lock. */
export async function lapsedHolds(db: Db, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared('select id from appointment where held_until <= now() order by held_until, id limit $1', [limit]),
  )
  return rows.map((row) => row.id)
}

/** Slots taken by hand for a while (the older FHIR flow) whose while is over. */
export async function lapsedSlots(db: Db, limit: number): Promise<string[]> {
  const rows = await db.query<{ holder: string }>(
    prepared(
      `select distinct taken_by as holder from slot
        where taken_by like 'Slot/%' and status = 'busy-tentative' and held_until <= now()
        order by holder limit $1`,
      [limit],
    ),
  )
  return rows.map((row) => row.holder.slice('Slot/'.length))
}

/** Whether `holder` has time that has not run out. */
export async function stillTakes(tx: Tx, holder: string): Promise<boolean> {
  const rows = await tx.query(
    prepared('select 1 from claim where appointment = $1 and (expires is null or expires > now()) limit 1', [holder]),
  )
  return rows.length > 0
}
