/**
 * `Appointment/{id}/$check-in`: the patient is here, also after having been missed; an Encounter is opened.
 * OperationDefinition: fhir-profiles/OperationDefinition-check-in.json
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { attendVisit } from '../booking/attend.ts'
import { inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { assertMayChange } from './may-change.ts'
import { once } from './once.ts'
import { commentIn } from './said-of-visit.ts'
import { assertKnown } from './unknown-parameters.ts'
import { changedReply } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set(['comment'])

export async function checkIn(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id = '' } = request
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const assertMay = assertMayChange(house, actor, { unseen: true })
  const permission = may(actor, 'u', 'Appointment')
  const input = {
    id,
    event: 'check-in',
    comment: commentIn(house, inputs),
    client: actor.client,
    patient: permission.allowed ? permission.patient : undefined,
    audit: auditOf(house, actor, 'check-in'),
    assertMay,
  } as const
  return once(house, actor, request, (key) => attendVisit(house, { ...input, once: key }), changedReply)
}
