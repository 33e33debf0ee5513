/**
 * `Appointment/{id}/$no-show`: the patient did not come. The clinic says so, some minutes after the start at the earliest.
 * OperationDefinition: fhir-profiles/OperationDefinition-no-show.json
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { attendance } from './attendance.ts'
import { assertKnown } from './unknown-parameters.ts'

const known: ReadonlySet<string> = new Set(['reason', 'comment'])

export async function noShow(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const permission = may(actor, 'u', 'Appointment')
  if (permission.allowed && permission.patient !== undefined)
    throw fault('forbidden', 'Only the clinic can say that a patient was missed: this takes a user/ or system/ scope.')
  return attendance(house, actor, request, inputs, { event: 'no-show' })
}
