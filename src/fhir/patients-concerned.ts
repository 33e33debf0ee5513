/**
 * Whose a resource is, by what it says itself: for the audit of a version that is not the current one, whose columns are gone.
 * https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 */
import type { Definitions } from './definitions/types.ts'
import { indexValues } from './index-values.ts'
import type { Resource } from './resource.ts'

const own = '@Patient/'

/** The ids of the patients in whose compartment it is. */
export function patientsConcerned(definitions: Definitions, resource: Resource, base?: string): string[] {
  if (resource.resourceType === 'Patient') return [String(resource.id)]
  return indexValues(definitions, resource, base).terms.flatMap((term) => (term.startsWith(own) ? [term.slice(own.length)] : []))
}
