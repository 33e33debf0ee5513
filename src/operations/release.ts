/**
 * `$release`: a hold is given up before it runs out, named by its Appointment or by the Slot it keeps.
 * OperationDefinition: fhir-profiles/OperationDefinition-release.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { cancelVisit } from '../booking/cancel.ts'
import { firstOf, idIn, inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { namedSlots } from '../store/visit-context.ts'
import { assertMayChange } from './may-change.ts'
import { changedReply } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set(['appointment', 'slot'])

export async function release(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const assertMay = assertMayChange(house, actor)
  const id = await heldAppointment(house, request)
  return changedReply(await cancelVisit(house, { id, holdOnly: true, audit: auditOf(house, actor, 'release'), assertMay }))
}

async function heldAppointment(house: House, request: FhirRequest): Promise<string> {
  if (request.type === 'Appointment' && request.id) return request.id
  const inputs = inputsOf(request, known)
  const named = firstOf(inputs, 'appointment')
  if (named) return idIn(named, 'Appointment', house.base)
  const asked = firstOf(inputs, 'slot')
  const slot = request.type === 'Slot' && request.id ? request.id : asked && idIn(asked, 'Slot', house.base)
  if (slot === undefined) throw fault('required', 'Say which hold: by its Appointment, or by the Slot it keeps.', 'appt-id')
  const [row] = await namedSlots(house.pool, [slot])
  if (!row) throw fault('not-found', `There is no Slot/${slot}.`, 'slot')
  if (!row.takenBy?.startsWith('Appointment/') || row.status !== 'busy-tentative')
    throw fault('business-rule', 'This Slot is not held.', 'slot')
  return row.takenBy.slice('Appointment/'.length)
}
