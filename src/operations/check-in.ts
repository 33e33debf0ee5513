/**
 * `Appointment/{id}/$check-in`: the patient is here, also after having been missed; an Encounter is opened.
 * OperationDefinition: fhir-profiles/OperationDefinition-check-in.json
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { attendance } from './attendance.ts'
import { assertKnown } from './unknown-parameters.ts'

const known: ReadonlySet<string> = new Set(['comment'])

export async function checkIn(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const permission = may(actor, 'u', 'Appointment')
  return attendance(house, actor, request, inputs, { event: 'check-in', patient: permission.allowed ? permission.patient : undefined })
}
