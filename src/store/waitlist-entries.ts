/**
 * Who waits for what, as rows that a free time finds at once: one for each word that it may be found by, in the order of
 * their standing, so that the best entry of very many is the first that is read. Written only under the follower's row.
 */
import { waitlistPageMax } from '../base/limits.ts'
import type { RankingWeights } from '../base/waitlist-settings.ts'
import type { Db, Pool, Tx } from './db.ts'
import { prepared } from './sql.ts'

export type EntryRow = {
  readonly appointment: string
  readonly patient: string
  readonly keys: readonly string[]
  readonly urgency: number
  readonly fit: number
  readonly services: readonly string[]
  readonly practitioners: readonly string[]
  readonly places: readonly string[]
  readonly devices: readonly string[]
  /** ISO 8601, half-open. */
  readonly earliest: string
  readonly latest: string
  /** Bits, Monday the lowest. */
  readonly days: number
  readonly timeFrom: number
  readonly timeTo: number
  readonly expires: string
  /** When it was seen first; kept where it is on the list already. */
  readonly joined: string
}

/** `weights` is one of the statement's parameters, as jsonb. */
const standingSql = (weights: string): string => {
  const weight = (name: string) => `(${weights}->>'${name}')::float8`
  return `${weight('urgency')} * urgency + ${weight('fit')} * fit + ${weight('passed')} * passed - ${weight('offered')} * offered
    - ${weight('waited')} * (extract(epoch from joined)::float8 / 86400)`
}

/** Puts an entry on the list, or what it asks for anew; its place in it stays. */
export async function keepEntry(tx: Tx, entry: EntryRow, weights: RankingWeights): Promise<void> {
  await tx.query(
    prepared(
      `with asked as (
        select * from jsonb_to_record($1::jsonb) as e (appointment text, patient text, keys text[], urgency float8, fit float8, services text[],
          practitioners text[], places text[], devices text[], earliest timestamptz, latest timestamptz, days int, "timeFrom" int, "timeTo" int,
          expires timestamptz, joined timestamptz)),
      no_more as (delete from waitlist_entry where appointment = $3 and key <> all(array(select unnest(keys) from asked))),
      known as (select joined, passed, offered from waitlist_entry where appointment = $3 limit 1),
      row as (
        select a.appointment, a.patient, a.urgency, a.fit, a.services, a.practitioners, a.places, a.devices, a.earliest, a.latest, a.days,
               a."timeFrom" as time_from, a."timeTo" as time_to, a.expires, coalesce(k.joined, a.joined) as joined,
               coalesce(k.passed, 0) as passed, coalesce(k.offered, 0) as offered, a.keys,
               not exists (select 1 from waitlist_offer o where o.entry = $3 and o.state = 'live') as waiting
          from asked a left join known k on true)
      insert into waitlist_entry as e (key, appointment, patient, standing, joined, urgency, fit, passed, offered, waiting, services, practitioners,
             places, devices, earliest, latest, days, time_from, time_to, expires)
      select key, appointment, patient, ${standingSql('$2::jsonb')}, joined, urgency, fit, passed, offered, waiting, services, practitioners,
             places, devices, earliest, latest, days, time_from, time_to, expires
        from row, unnest(keys) key
      on conflict (appointment, key) do update set patient = excluded.patient, standing = excluded.standing, urgency = excluded.urgency,
             fit = excluded.fit, waiting = excluded.waiting, services = excluded.services, practitioners = excluded.practitioners,
             places = excluded.places, devices = excluded.devices, earliest = excluded.earliest, latest = excluded.latest,
             days = excluded.days, time_from = excluded.time_from, time_to = excluded.time_to, expires = excluded.expires`,
      [JSON.stringify(entry), JSON.stringify(weights), entry.appointment],
    ),
  )
}

/** Takes entries off the list. */
export async function dropEntries(tx: Tx, appointments: readonly string[]): Promise<void> {
  if (appointments.length > 0) await tx.query(prepared('delete from waitlist_entry where appointment = any($1::text[])', [appointments]))
}

export async function isListEmpty(db: Db): Promise<boolean> {
  return (await db.query(prepared('select 1 from waitlist_entry limit 1', []))).length === 0
}

export async function overdueEntries(db: Db, now: string, limit: number): Promise<string[]> {
  const rows = await db.query<{ appointment: string }>(
    prepared('select distinct appointment from waitlist_entry where expires <= $1::timestamptz order by appointment limit $2::int', [
      now,
      limit,
    ]),
  )
  return rows.map(({ appointment }) => appointment)
}

/** Of these patients, the entries that are on the list. */
export async function entriesOfPatients(db: Db, patients: readonly string[]): Promise<string[]> {
  if (patients.length === 0) return []
  const rows = await db.query<{ appointment: string }>(
    prepared('select distinct appointment from waitlist_entry where patient = any($1::text[]) order by appointment limit 1000', [patients]),
  )
  return rows.map(({ appointment }) => appointment)
}

export type Waiting = {
  readonly entry: string
  readonly patient: string
  readonly standing: number
  readonly joined: Date
  readonly urgency: number
  readonly fit: number
  readonly passed: number
  readonly offered: number
}

export type FreeTimeAsk = {
  readonly slot: string
  /** All that its Schedule is found by, `any` too. */
  readonly terms: readonly string[]
  readonly start: string
  /** A bit, Monday the lowest, and minutes since midnight, as the clinic's clock shows them. */
  readonly day: number
  readonly minutes: number
  readonly now: string
  /** Only what comes after this one. */
  readonly after?: Pick<Waiting, 'standing' | 'entry'>
}

/** Words by which an entry may be found; of all others a time has none. */
const keyPattern = '^(any$|practitioner=|practitioner-role=|actor=Device/|location=|healthcare-service=|service-type=)'

/**
 * Who may have this time as far as their words go, a page of the best. One walk for each word, which ends when there are
 * enough. Planned by its values: the plan for whatever values sorts all that wait (50,000: 100 ms instead of 3).
 */
export async function entriesFor(pool: Pool, ask: FreeTimeAsk): Promise<Waiting[]> {
  const { slot, terms, start, day, minutes, now, after } = ask
  const values = [slot, terms, start, day, minutes, now, after?.standing ?? null, after?.entry ?? null]
  return pool.query<Waiting>({ text: entriesForText, values })
}

const any = (column: string): string => `(e.${column} = '{}' or e.${column} && $2::text[])`

export const entriesForText = `
  select distinct on (standing, entry) w.* from (select distinct k from unnest($2::text[]) k where k ~ '${keyPattern}') word (key)
   cross join lateral (
     select e.appointment as entry, e.patient, e.standing, e.joined, e.urgency, e.fit, e.passed, e.offered from waitlist_entry e
      where e.key = word.key and e.waiting and e.earliest <= $3::timestamptz and e.latest > $3::timestamptz and e.expires > $6::timestamptz
        and e.days & $4::int <> 0
        and case when e.time_from < e.time_to then $5::int >= e.time_from and $5::int < e.time_to
                 else $5::int >= e.time_from or $5::int < e.time_to end
        and ($7::float8 is null or (e.standing <= $7::float8 and (e.standing < $7::float8 or e.appointment > $8::text)))
        and ${any('services')} and ${any('practitioners')} and ${any('places')} and ${any('devices')}
        and not exists (select 1 from waitlist_offer o where o.slot = $1 and o.entry = e.appointment)
      order by e.standing desc, e.appointment limit ${waitlistPageMax}) w
   order by standing desc, entry limit ${waitlistPageMax}`

/** Whether an offer to it stands. */
export async function markWaiting(tx: Tx, entry: string, waiting: boolean): Promise<void> {
  await tx.query(prepared('update waitlist_entry set waiting = $2 where appointment = $1 and waiting <> $2', [entry, waiting]))
}

/** They could have had a time that another was offered (`passed`), or have let an offer go by (`offered`). */
export async function countFor(tx: Tx, what: 'passed' | 'offered', entries: readonly string[], weights: RankingWeights): Promise<void> {
  if (entries.length === 0) return
  const counted = standingSql('$2::jsonb').replace(`* ${what}`, `* (${what} + 1)`)
  await tx.query(
    prepared(`update waitlist_entry set ${what} = ${what} + 1, standing = ${counted} where appointment = any($1::text[])`, [
      entries,
      JSON.stringify(weights),
    ]),
  )
}

/** Where the weights are not those of the last time, everyone's standing is worked out anew. */
export async function applyWeights(tx: Tx, weights: RankingWeights): Promise<void> {
  const text = JSON.stringify(weights)
  const same = await tx.query(prepared('select 1 from waitlist_weights where weights = $1::jsonb', [text]))
  if (same.length > 0) return
  const changed = await tx.query(
    prepared(
      `insert into waitlist_weights as w (weights) values ($1::jsonb)
       on conflict (one) do update set weights = excluded.weights where w.weights <> excluded.weights returning 1`,
      [text],
    ),
  )
  if (changed.length > 0) await tx.query(prepared(`update waitlist_entry set standing = ${standingSql('$1::jsonb')}`, [text]))
}
