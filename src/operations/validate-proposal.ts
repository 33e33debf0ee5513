/**
 * The Appointment that a client sends to be held or booked. It is judged as a resource would be before it is stored; what
 * the server itself will set may be missing.
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { assertValid } from '../fhir/validate/validate.ts'
import { assertConforms } from '../store/conformance.ts'
import type { House } from '../store/house.ts'

export async function validateProposal(house: House, resource: Resource): Promise<void> {
  if (resource.resourceType !== 'Appointment')
    throw fault('structure', `Send one Appointment, not a ${resource.resourceType.slice(0, 64)}.`, 'appt-resource')
  assertValid(house.definitions, resource, 'Appointment')
  await assertConforms(house.pool, house, resource)
}
