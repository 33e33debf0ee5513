/**
 * Which versions of a resource an actor may be shown, and whom they concern. A version is judged by what it says itself:
 * an Appointment that was handed to another patient does not take its past along, and what a granular scope finds today it
 * may not have found then.
 */
import type { Actor } from '../access/actor.ts'
import type { Bounds } from '../access/bounds.ts'
import { textAsBusyTime } from '../access/busy-time.ts'
import { isHideable, isMasked } from '../access/masking.ts'
import { confinementOf } from '../fhir/patient-compartment.ts'
import { patientsConcerned } from '../fhir/patients-concerned.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'
import { judged, maskedByThemselves, versionsThatMatch } from '../store/search/judge.ts'
import { maskedAmong } from '../store/search/masked.ts'

/** `Patient/1` of the patients in whose compartment a version is. */
export function patientsOf(house: House, { body }: StoredRow): string[] {
  return body === null ? [] : patientsConcerned(house.definitions, JSON.parse(body) as Resource, house.base)
}

/** Those that the bounds let through, in their order. A deletion says nothing of anybody. */
export async function shownVersions<Row extends StoredRow>(
  house: House,
  { type, id, bounds }: { readonly type: string; readonly id: (row: Row) => string; readonly bounds: Bounds },
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const { own: beside, ...others } = bounds
  if (!beside) return shownOneWay(house, { type, id, bounds }, rows)
  const ways = [others, { ...others, patient: beside.patient, anyOf: beside.anyOf }]
  const shown = await Promise.all(ways.map((way) => shownOneWay(house, { type, id, bounds: way }, rows)))
  return rows.filter((row) => shown.some((some) => some.includes(row)))
}

async function shownOneWay<Row extends StoredRow>(
  house: House,
  { type, id, bounds }: { readonly type: string; readonly id: (row: Row) => string; readonly bounds: Bounds },
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const concerned = rows.filter((row) => isConcernedAlone(house, type, row, bounds))
  // An Encounter is its visit's busy time, and hidden from those alone to whom that would tell whose it is.
  const hides = isHideable(type) || bounds.patient !== undefined
  const masked = hides ? await maskedByThemselves(house, { type, id, bounds }, concerned) : new Set()
  const own = concerned.filter((row) => !masked.has(row))
  if (bounds.anyOf === undefined) return own
  const said = own.filter(({ body }) => body !== null)
  const { definitions } = house
  const places = await versionsThatMatch(
    house.pool,
    { definitions, type, criteria: [], bounds: { ...bounds, patient: undefined } },
    said.map((row) => judged(house, id(row), row)),
  )
  const met = new Set(said.filter((_, place) => places.has(place)))
  return own.filter((row) => row.body === null || met.has(row))
}

function isConcernedAlone(house: House, type: string, row: StoredRow, { patient: confined, except, masking }: Bounds): boolean {
  if ((confined === undefined && except === undefined) || row.body === null) return true
  const patients = patientsOf(house, row)
  if (patients.some((patient) => except?.includes(patient))) return false
  if (confined === undefined) return true
  if (masking && isMasked({ masking }, JSON.parse(row.body) as Resource, house.base)) return false
  switch (confinementOf(house.definitions, type)) {
    case 'open':
      return true
    case 'not-others':
      return patients.every((patient) => patient === confined)
    default:
      return patients.includes(confined)
  }
}

/**
 * Versions of what is masked as it is today, whatever they say of themselves: a label that was set later is about what was
 * written before. A version that has a label of its own is masked where every answer is (`http/fhir-doors.ts`).
 */
export async function maskedVersions<Row extends StoredRow>(
  house: House,
  actor: Pick<Actor, 'masking'>,
  { type, id }: { readonly type: (row: Row) => string; readonly id: (row: Row) => string },
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const { masking } = actor
  if (!masking) return rows
  const masked = new Set<Row>()
  for (const [one, some] of Map.groupBy(rows, type)) {
    const ids = await maskedAmong(house.pool, { type: one, bounds: { masking } }, [...new Set(some.map(id))])
    const themselves = await maskedByThemselves(house, { type: one, id, bounds: { masking } }, some)
    for (const row of some) if (ids.has(id(row)) || themselves.has(row)) masked.add(row)
  }
  return rows.map((row) => (masked.has(row) && row.body !== null ? { ...row, body: textAsBusyTime(row.body, house.base) } : row))
}
