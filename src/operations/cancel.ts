/**
 * `Appointment/{id}/$cancel`: the visit is cancelled and its time is free again.
 * OperationDefinition: fhir-profiles/OperationDefinition-cancel.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { cancelVisit } from '../booking/cancel.ts'
import { firstOf, type Inputs, inputsOf, textIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { assertMayChange } from './may-change.ts'
import { once } from './once.ts'
import { changedReply } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set(['reason', 'comment'])

export async function cancel(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id } = request
  if (id === undefined) throw fault('required', 'Say which Appointment: POST to Appointment/{id}/$cancel.', 'id')
  const inputs = inputsOf(request, known)
  const comment = firstOf(inputs, 'comment')
  const assertMay = assertMayChange(house, actor)
  return once(
    house,
    actor,
    request,
    (key) =>
      cancelVisit(house, {
        id,
        reason: reasonIn(inputs),
        comment: comment && textIn(comment),
        audit: auditOf(house, actor, 'cancel'),
        assertMay,
        once: key,
      }),
    changedReply,
  )
}

/** A CodeableConcept; a Coding or text is made into one. */
function reasonIn(inputs: Inputs): { readonly [element: string]: unknown } | undefined {
  const reason = firstOf(inputs, 'reason')
  if (!reason) return undefined
  if (typeof reason.value === 'string') return { text: reason.value }
  if (typeof reason.value !== 'object' || reason.value === null) throw fault('value', 'The reason is a CodeableConcept.', 'reason')
  return 'code' in reason.value ? { coding: [reason.value] } : (reason.value as { readonly [element: string]: unknown })
}
