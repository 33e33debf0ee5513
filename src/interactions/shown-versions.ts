/**
 * Which versions of a resource an actor may be shown, and whom they concern. A version is judged by what it says itself:
 * an Appointment that was handed to another patient does not take its past along.
 */

import { confinementOf } from '../fhir/patient-compartment.ts'
import { patientsConcerned } from '../fhir/patients-concerned.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'

/** `Patient/1` of the patients in whose compartment a version is. */
export function patientsOf(house: House, { body }: StoredRow): string[] {
  return body === null ? [] : patientsConcerned(house.definitions, JSON.parse(body) as Resource, house.base)
}

/** A deletion says nothing of anybody. */
export function isShown(house: House, type: string, row: StoredRow, confined: string | undefined): boolean {
  if (confined === undefined || row.body === null) return true
  const patients = patientsOf(house, row)
  switch (confinementOf(house.definitions, type)) {
    case 'open':
      return true
    case 'not-others':
      return patients.every((patient) => patient === confined)
    default:
      return patients.includes(confined)
  }
}
