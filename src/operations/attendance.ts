/**
 * What `$check-in` and `$no-show` do alike: the visit is looked for, whoever asks may change it, and the engine is told what
 * has happened. Left out: what each of them is asked besides, and by whom.
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { type AttendInput, attendVisit } from '../booking/attend.ts'
import type { Inputs } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { assertMayChange } from './may-change.ts'
import { once } from './once.ts'
import { commentIn, reasonIn } from './said-of-visit.ts'
import { changedReply } from './visit-reply.ts'

export async function attendance(
  house: House,
  actor: Actor,
  request: FhirRequest,
  inputs: Inputs,
  happened: Pick<AttendInput, 'event' | 'patient'>,
): Promise<Reply> {
  const input: AttendInput = {
    ...happened,
    assertMay: assertMayChange(house, actor, { unseen: true }),
    id: request.id ?? '',
    reason: reasonIn(house, inputs),
    comment: commentIn(house, inputs),
    client: actor.client,
    audit: auditOf(house, actor, happened.event),
  }
  return once(house, actor, request, (key) => attendVisit(house, { ...input, once: key }), changedReply)
}
