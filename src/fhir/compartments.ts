/**
 * The compartments that are searched by their address, `GET Practitioner/1/Appointment`: which types have a place in each, and
 * what of a type is in one. https://hl7.org/fhir/R4/compartmentdefinition.html
 *
 * The Patient's has words of its own beside each row and says whose data a resource is (patient-compartment.ts); of the others
 * R4 says by which parameters a resource is in them, and that is all they are: nobody is confined to one.
 */
import type { Definitions } from './definitions/types.ts'
import { compartmentParameters } from './patient-compartment.ts'
import { storedTypes } from './resource.ts'
import type { Criterion } from './search-criterion.ts'

export const compartmentTypes = ['Patient', 'Practitioner', 'RelatedPerson', 'Encounter', 'Device'] as const

/** What an address names: whose compartment. */
export type Compartment = { readonly type: string; readonly id: string }

/** The parameters by which a type has its place; none where it has no place. */
export function placingParameters(definitions: Definitions, compartment: string, type: string): readonly string[] {
  if (compartment !== 'Patient') return definitions.compartments.get(compartment)?.get(type) ?? []
  return type === 'Patient' ? [] : compartmentParameters(definitions, type)
}

/** The stored types that have a place. */
export const typesPlacedIn = (definitions: Definitions, compartment: string): string[] =>
  storedTypes.filter((type) => placingParameters(definitions, compartment, type).length > 0)

/** What a resource of the type meets that is in the compartment; undefined for a Patient's, which is a bound of the search. */
export function placedCriterion(definitions: Definitions, compartment: Compartment, type: string): Criterion | undefined {
  if (compartment.type === 'Patient') return undefined
  const codes = placingParameters(definitions, compartment.type, type)
  const [code = ''] = codes
  if (code === '{def}') return { kind: 'words', code: '_id', words: [`_id=${compartment.id}`], not: false }
  return { kind: 'words', code, words: codes.map((one) => `${one}=${compartment.type}/${compartment.id}`), not: false }
}
