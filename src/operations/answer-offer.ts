/**
 * `$accept-offer` and `$decline-offer`: the answer to an offer of the waitlist, named by its Communication, or by the
 * Appointment that waits. OperationDefinitions: fhir-profiles/OperationDefinition-accept-offer.json, -decline-offer.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { type AnswerInput, acceptOffer, declineOffer } from '../booking/answer-offer.ts'
import type { Changed } from '../booking/cancel.ts'
import { firstOf, idIn, inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { lastOfferTo, type OfferRow, offerNamed } from '../store/waitlist-offers.ts'
import { assertMayChange } from './may-change.ts'
import { once } from './once.ts'
import { assertKnown } from './unknown-parameters.ts'
import { changedReply } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set(['offer', 'appointment'])

export const acceptWaitlistOffer = (house: House, actor: Actor, request: FhirRequest): Promise<Reply> =>
  answered(house, actor, request, acceptOffer)

export const declineWaitlistOffer = (house: House, actor: Actor, request: FhirRequest): Promise<Reply> =>
  answered(house, actor, request, declineOffer)

async function answered(
  house: House,
  actor: Actor,
  request: FhirRequest,
  answer: (house: House, input: AnswerInput) => Promise<Changed>,
): Promise<Reply> {
  const assertMay = assertMayChange(house, actor)
  const run = async (key: AnswerInput['once']) => {
    const offer = await offerAsked(house, request, assertMay)
    const audit = (interaction: string) => auditOf(house, actor, interaction)
    return answer(house, { offer, client: actor.client, audit, once: key, assertMay })
  }
  return once(house, actor, request, run, changedReply)
}

/** Another patient's is answered like one that is not there. */
async function offerAsked(house: House, request: FhirRequest, assertMay: (appointment: Resource) => void): Promise<OfferRow> {
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const [named, entryNamed] = [firstOf(inputs, 'offer'), firstOf(inputs, 'appointment')]
  const entry = request.id ?? (entryNamed && idIn(entryNamed, 'Appointment', house.base))
  const id = named && idIn(named, 'Communication', house.base)
  if (entry === undefined && id === undefined)
    throw fault('required', 'Say which offer: by its Communication, or by the Appointment that waits.', 'offer')
  const waiting = id === undefined ? entry : undefined
  const offer = id === undefined ? undefined : await offerNamed(house.pool, id)
  const row = await currentResource(house.pool, 'Appointment', offer?.entry ?? waiting ?? '')
  if (row?.body) assertMay(JSON.parse(row.body) as Resource)
  const found = offer ?? (waiting === undefined || !row ? undefined : await lastOfferTo(house.pool, waiting))
  if (!row && id === undefined) throw fault('not-found', `There is no Appointment/${waiting}.`, 'appt-id')
  if (!found || (entry !== undefined && found.entry !== entry)) throw fault('not-found', 'Nothing was offered to it.', 'offer')
  return found
}
