/**
 * Whose a Binary is: the Patient's whom its `securityContext` names, and then all rules of that patient's compartment are
 * its own, on every path; without one, or with one from the clinic's directory, nobody's. https://hl7.org/fhir/R4/binary.html
 *
 * A context that is somebody's, but not their Patient, would need to be looked up wherever a Binary is shown: it is refused.
 */
import { fault } from '../base/fault.ts'
import { confinementOf } from '../fhir/patient-compartment.ts'
import { typeOfReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'

/** Throws `business-rule`. */
export function assertWhoseContent({ definitions }: House, resource: Resource): void {
  if (resource.resourceType !== 'Binary' || resource.securityContext === undefined) return
  const { reference, type } = resource.securityContext as { reference?: string; type?: string }
  const named = reference === undefined ? undefined : typeOfReference(reference)
  if (named === 'Patient') return
  if (named !== undefined && confinementOf(definitions, named) === 'open') return
  throw fault(
    'business-rule',
    `${named ?? type ?? 'This'} does not say whose the content is: name the Patient (Patient/id), or leave it out where it is nobody's.`,
    'Binary.securityContext',
  )
}
