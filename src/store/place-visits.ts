/**
 * New visits, each whole in one statement: its claims, its Slots, its Appointment, what changed and who did it. Bookings that
 * are asked for at the same moment and take up nobody at the same time share a statement, since starting, committing and flushing
 * one costs more than what one booking writes.
 */
import { Fault } from '../base/fault.ts'
import { seriesVisitsMax, visitsForOneRun, visitsTogetherMax } from '../base/limits.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import { patientsIn, purposeCase } from './audit-rows.ts'
import type { Db, Pool, Statement, Tx } from './db.ts'
import { isNumberTaken } from './pg-errors.ts'
import { type ResourceWrite, searchColumns } from './resources.ts'
import { params, prepared } from './sql.ts'
import { askedSeats, seated, takingSeats } from './take-seats.ts'
import { isOfOthers, ownTime, refusedAs, stayingIn, type TimeTaken, takingTime } from './take-time.ts'
import { lanes, together, type Use } from './together.ts'
import { retried } from './transaction.ts'

export type PlacedVisit = { readonly write: ResourceWrite; readonly time: TimeTaken }

/** What became of one of several; an error is its own, and none of the others'. */
type Placed = boolean | { readonly error: unknown }
type Place = (visit: PlacedVisit) => Promise<Placed>

const audited = ', audit uuid, interaction text, action text, person text, address text, purpose text, emergency text[]'

const textWith = (taking: string): string => `with ${taking},
  written as (
    insert into appointment select visit.* from jsonb_populate_recordset(null::appointment, $2::jsonb) visit
     where 'Appointment/' || visit.id = any(array(select holder from checked where ok))
    returning id, version, terms),
  changed as (
    insert into change (at, type, id, version, kind)
    select at::timestamptz, 'Appointment', written.id, written.version, 'create'
      from written join checked on checked.holder = 'Appointment/' || written.id
    union all
    select at::timestamptz, 'Slot', id, version, 'update' from taken),
  audited as (
    insert into audit_event (id, at, interaction, action, client, person, address, purpose, patients, entity)
    select audit, at::timestamptz, interaction, action, client, person, address, ${purposeCase('purpose', 'emergency', patientsIn('terms'))}, ${patientsIn('terms')}, holder
      from written join checked on checked.holder = 'Appointment/' || written.id
     where cardinality(${patientsIn('terms')}) > 0)
  select holder from checked where ok`

const ofTheirOwn = textWith(takingTime(audited))
const inSessions = textWith(takingSeats(audited))
const ofSeries = textWith(takingTime(audited, ownTime, seriesVisitsMax))

/**
 * Books or holds time of its own. False, and nothing written, if the time was taken. In a transaction, which must then roll
 * back, or on its own.
 */
export async function placeVisit(db: Db, definitions: Definitions, visit: PlacedVisit): Promise<boolean> {
  return db.query(placeStatement(definitions, [visit])).then((rows) => rows.length === 1, refusedAs(false))
}

/** The same for a visit that takes a seat of a session. */
export async function placeVisitOrSeat(tx: Tx, definitions: Definitions, visit: PlacedVisit): Promise<boolean> {
  const { time } = visit
  if (!time.seating) return placeVisit(tx, definitions, { ...visit, time: stayingIn(tx, time) })
  return seated(tx, time, time.seating, (staying) => placeVisit(tx, definitions, { ...visit, time: staying }))
}

/**
 * Visits of one series, all of them in one order for everybody. Gives the holders of those that stand; undefined where that
 * cannot be told. Where it is not all of them, the transaction must roll back.
 */
export async function placeSeries(
  tx: Tx,
  definitions: Definitions,
  visits: readonly PlacedVisit[],
): Promise<readonly string[] | undefined> {
  if (visits.some(({ time }) => time.seating)) return placeOneByOne(tx, definitions, visits)
  const rows = tx.query<{ holder: string }>(placeStatement(definitions, visits, ofSeries))
  return rows.then((placed) => placed.map(({ holder }) => holder), refusedAs(undefined))
}

async function placeOneByOne(tx: Tx, definitions: Definitions, visits: readonly PlacedVisit[]): Promise<readonly string[]> {
  const lost: string[] = []
  for (const visit of visits) if (lost.length === 0 && !(await placeVisitOrSeat(tx, definitions, visit))) lost.push(visit.time.holder)
  return visits.map(({ time }) => time.holder).filter((holder) => !lost.includes(holder))
}

const placers = new WeakMap<Pool, Place>()

/** `placeVisit` with whoever else books just now; each stands or falls by itself. */
export function placeTogether(pool: Pool, definitions: Definitions, visit: PlacedVisit): Promise<boolean> {
  const known = placers.get(pool)
  if (known) return known(visit).then(orThrow)
  const place = together<PlacedVisit, Placed>({
    lanes,
    most: visitsTogetherMax,
    company: visitsForOneRun,
    run: (visits) => placeVisits(pool, definitions, visits),
    alone: ({ time }) => usesOf(time),
  })
  placers.set(pool, place)
  return place(visit).then(orThrow)
}

/**
 * Visits of one actor at different times share a statement: a clinic's day is often booked in its order. Those that need the
 * same Slot, or are of one patient, do not. A Slot that two of them only lie over goes to either, as if one came first.
 */
export function usesOf({ claims, needed, alone = [], from, until }: TimeTaken): Use[] {
  const [begins, ends] = [Date.parse(from), Date.parse(until)]
  return [
    ...claims.map((of) => ({ of, from: begins, until: ends })),
    ...needed.map((slot) => ({ of: `Slot/${slot}` })),
    ...alone.map((of) => ({ of })),
  ]
}

function orThrow(placed: Placed): boolean {
  if (typeof placed === 'boolean') return placed
  throw placed.error
}

/** A refusal undoes the whole statement, and so does a number that another visit has, or a patient's own: then each is tried alone. */
async function placeVisits(pool: Pool, definitions: Definitions, visits: readonly PlacedVisit[]): Promise<Placed[]> {
  const [only] = visits
  if (only && visits.length === 1) return [await retried(() => placeVisit(pool, definitions, only))]
  const rows = await retried(() => pool.query<{ holder: string }>(placeStatement(definitions, visits)).catch(undoneByOne))
  if (rows) return visits.map(({ time }) => rows.some(({ holder }) => holder === time.holder))
  return Promise.all(visits.map((visit) => retried(() => placeVisit(pool, definitions, visit)).catch((error) => ({ error }))))
}

const undoneByOne = (error: unknown): undefined =>
  isNumberTaken(error) || isOfOthers(error) || (error instanceof Fault && error.kind === 'business-rule')
    ? undefined
    : refusedAs(undefined)(error)

function placeStatement(definitions: Definitions, visits: readonly PlacedVisit[], text?: string): Statement {
  const times = visits.map(({ write, time }) => auditedTime(write, time.seating ? askedSeats(time) : time))
  return prepared(text ?? (visits[0]?.time.seating ? inSessions : ofTheirOwn), [
    JSON.stringify(times),
    `[${visits.map(({ write }) => rowText(definitions, write)).join(',')}]`,
  ])
}

/** What is taken, and who does it. */
export const auditedTime = ({ audit }: ResourceWrite, time: object): object => ({
  ...time,
  audit: audit.id,
  interaction: audit.interaction,
  action: audit.action,
  person: audit.person,
  address: audit.address,
  purpose: audit.purpose,
  emergency: audit.emergency,
})

/** The row of `appointment` as JSON; the body goes in as the text it is, so that a decimal keeps its digits. */
export function rowText(definitions: Definitions, write: ResourceWrite): string {
  const found = Object.fromEntries(searchValues(definitions, write))
  const row = JSON.stringify({ ...found, ...write.columns, id: write.id, version: 1, updated: write.at, deleted: false })
  return `${row.slice(0, -1)},"body":${write.text}}`
}

/** What a write says of it besides its body. */
export const rowColumns = (definitions: Definitions, write: ResourceWrite): readonly string[] => [
  ...searchValues(definitions, write).map(([name]) => name),
  ...Object.keys(write.columns ?? {}),
]

function searchValues(definitions: Definitions, write: ResourceWrite): [string, unknown][] {
  const p = params()
  const names = searchColumns(definitions, write.type, write.index, p).map(([name]) => name)
  return names.map((name, at) => [name, p.values[at]])
}
