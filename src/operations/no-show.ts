/**
 * `Appointment/{id}/$no-show`: the patient did not come. The clinic says so, some minutes after the start at the earliest.
 * OperationDefinition: fhir-profiles/OperationDefinition-no-show.json
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { attendVisit } from '../booking/attend.ts'
import { inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { assertMayChange } from './may-change.ts'
import { once } from './once.ts'
import { commentIn, reasonIn } from './said-of-visit.ts'
import { assertKnown } from './unknown-parameters.ts'
import { changedReply } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set(['reason', 'comment'])

export async function noShow(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id = '' } = request
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const assertMay = assertMayChange(house, actor, { unseen: true })
  const permission = may(actor, 'u', 'Appointment')
  if (permission.allowed && permission.patient !== undefined)
    throw fault('forbidden', 'Only the clinic can say that a patient was missed: this takes a user/ or system/ scope.')
  const [reason, comment] = [reasonIn(house, inputs), commentIn(house, inputs)]
  const input = {
    id,
    event: 'no-show',
    reason,
    comment,
    client: actor.client,
    audit: auditOf(house, actor, 'no-show'),
    assertMay,
  } as const
  return once(house, actor, request, (key) => attendVisit(house, { ...input, once: key }), changedReply)
}
