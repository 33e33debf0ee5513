/**
 * Which resources belong to a patient, and what a token confined to one patient may see of each type.
 * https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 * Two choices of ours: a type outside the compartment that has a `patient` parameter (Task, Device) is placed by it, and a
 * Schedule or Device that belongs to no patient is open, for a patient must find free times. Left out: consent.
 */
import type { Definitions } from './definitions/types.ts'

/** The parameters whose Patient references place a resource of this type in a compartment. */
export function compartmentParameters(definitions: Definitions, type: string): readonly string[] {
  const listed = definitions.patientCompartment.get(type)
  if (listed?.length) return listed
  return definitions.searchParameters.get(type)?.has('patient') ? ['patient'] : []
}

/**
 * `self`: the Patient alone. `own`: only what is in the patient's compartment. `not-others`: that, and what is in nobody's.
 * `open`: all of it, for the type holds no patient's data.
 */
export type Confinement = 'self' | 'own' | 'not-others' | 'open'

const sharedTypes: readonly string[] = ['Schedule', 'Device']

export function confinementOf(definitions: Definitions, type: string): Confinement {
  if (type === 'Patient') return 'self'
  if (compartmentParameters(definitions, type).length === 0) return 'open'
  return sharedTypes.includes(type) ? 'not-others' : 'own'
}
