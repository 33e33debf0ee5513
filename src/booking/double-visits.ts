/**
 * What two records of one patient have twice: visits that overlap, seats of one session among them, and visits in which both
 * take part. Merging touches none of it; it is told, so that somebody decides.
 */
import type { Resource } from '../fhir/resource.ts'
import { takesTime } from '../scheduling/appointment-lifecycle.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { visitsOfPatients } from '../store/patient-merges.ts'
import { patientIds } from './participants.ts'

type Visit = { readonly id: string; readonly start: number; readonly end: number; readonly patients: readonly string[] }

export async function doubleVisits(tx: Tx, house: House, patients: readonly string[]): Promise<string[]> {
  const bodies = await visitsOfPatients(tx, patients, house.clock.now().toISOString())
  const visits = bodies.flatMap((body) => visitOf(house, JSON.parse(body) as Resource, patients))
  const both = visits.filter((visit) => visit.patients.length > 1)
  return [
    ...both.map(({ id }) => `Both take part in Appointment/${id}: it now names the patient twice.`),
    ...visits.flatMap((one, at) => visits.slice(at + 1).flatMap((other) => overlap(one, other))),
  ]
}

function visitOf(house: House, resource: Resource, patients: readonly string[]): Visit[] {
  const [start, end] = [Date.parse(String(resource.start)), Date.parse(String(resource.end))]
  if (!takesTime(String(resource.status)) || Number.isNaN(start) || Number.isNaN(end)) return []
  return [{ id: String(resource.id), start, end, patients: patientIds(resource, house.base).filter((id) => patients.includes(id)) }]
}

/** One record's own visits may overlap as they did. */
function overlap(one: Visit, other: Visit): string[] {
  if (one.start >= other.end || other.start >= one.end) return []
  if (one.patients.every((id) => other.patients.includes(id)) && other.patients.every((id) => one.patients.includes(id))) return []
  return [`Appointment/${one.id} and Appointment/${other.id} overlap: the patient has both now. Cancel the one that is too many.`]
}
