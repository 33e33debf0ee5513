/**
 * `Appointment/{id}/$cancel`: the visit is cancelled and its time is free again.
 * OperationDefinition: fhir-profiles/OperationDefinition-cancel.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { cancelVisit } from '../booking/cancel.ts'
import { cancelSeries } from '../booking/series/cancel-series.ts'
import { inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { assertMayChange, isPatient } from './may-change.ts'
import { once } from './once.ts'
import { commentIn, reasonIn } from './said-of-visit.ts'
import { assertSaidOnce } from './said-once.ts'
import { scopeIn, severalOf } from './series-scope.ts'
import { assertKnown } from './unknown-parameters.ts'
import { changedReply, seriesOr } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set(['reason', 'comment', 'scope'])

export async function cancel(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id } = request
  if (id === undefined) throw fault('required', 'Say which Appointment: POST to Appointment/{id}/$cancel.', 'id')
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  assertSaidOnce(inputs, known)
  const [reason, comment] = [reasonIn(house, inputs), commentIn(house, inputs)]
  const assertMay = assertMayChange(house, actor, { unseen: true })
  const leaving = { online: isPatient(actor), moving: false }
  const scope = scopeIn(inputs)
  return once(
    house,
    actor,
    request,
    async (key) => {
      const input = {
        id,
        reason,
        comment,
        audit: auditOf(house, actor, 'cancel'),
        assertMay,
        leaving,
        once: key,
      }
      return scope === 'this' ? cancelVisit(house, input) : severalOf(await cancelSeries(house, input, scope))
    },
    seriesOr(house, 'The visits are cancelled.', changedReply),
  )
}
