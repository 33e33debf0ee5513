/**
 * Which resources are one patient's own, and what `patient/` scopes reach of the types that are nobody's own.
 * https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 *
 * The clinic's directory (who works where, which times are open) is for every patient to read and for none to write. Types
 * that may hold anybody's data, or secrets, and have no place in the compartment stay closed to patients.
 */
import type { Definitions } from '../fhir/definitions/types.ts'
import { indexValues } from '../fhir/index-values.ts'
import { conformanceTypes, type Resource } from '../fhir/resource.ts'
import type { Actor } from './actor.ts'

/** Hold no patient's data: all of it may be read. */
export const directoryTypes: ReadonlySet<string> = new Set([
  'Slot',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'HealthcareService',
  'Organization',
  'Questionnaire',
  ...conformanceTypes,
])

/** Mostly the clinic's, now and then a patient's: read, but for what is another patient's. */
export const sharedTypes: ReadonlySet<string> = new Set(['Schedule', 'Device'])

/** They carry addresses and their secrets. */
export const closedToPatients: ReadonlySet<string> = new Set(['Subscription', 'Endpoint'])

/**
 * Whether a resource, as it is or as somebody wants to write it, belongs to this patient. A Patient is its own alone: one
 * that merely links to another would be in both compartments, and a link is for the clinic to make.
 */
export function inCompartment(definitions: Definitions, resource: Resource, patientId: string, base?: string): boolean {
  if (resource.resourceType === 'Patient') return resource.id === patientId
  if (directoryTypes.has(resource.resourceType) || sharedTypes.has(resource.resourceType)) return false
  return indexValues(definitions, resource, base).terms.includes(`@Patient/${patientId}`)
}

/** Whether a resource concerns a patient whose Consent keeps it from the actor. */
export function isKeptFrom(definitions: Definitions, { keptFrom }: Actor, resource: Resource, base?: string): boolean {
  if (keptFrom === undefined) return false
  if (resource.resourceType === 'Patient') return keptFrom.includes(String(resource.id))
  if (directoryTypes.has(resource.resourceType)) return false
  const { terms } = indexValues(definitions, resource, base)
  return keptFrom.some((id) => terms.includes(`@Patient/${id}`))
}
