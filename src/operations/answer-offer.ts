/**
 * `$accept-offer` and `$decline-offer`: the answer to an offer of the waitlist, named by its Communication, or by the
 * Appointment that waits. OperationDefinitions: fhir-profiles/OperationDefinition-accept-offer.json, -decline-offer.json
 */
import type { Actor } from '../access/actor.ts'
import { type AuditInteraction, auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import type { Changed } from '../booking/cancel.ts'
import { type AnswerInput, acceptOffer, declineOffer } from '../booking/waitlist/answer-offer.ts'
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
    const audit = (interaction: AuditInteraction) => auditOf(house, actor, interaction)
    return answer(house, { offer, client: actor.client, audit, once: key, assertMay })
  }
  return once(house, actor, request, run, changedReply)
}

/** Another patient's is answered like one that is not there. */
async function offerAsked(house: House, request: FhirRequest, assertMay: AssertMay): Promise<OfferRow> {
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const [named, entryNamed] = [firstOf(inputs, 'offer'), firstOf(inputs, 'appointment')]
  const entry = request.id ?? (entryNamed && idIn(entryNamed, 'Appointment', house.base))
  const id = named && idIn(named, 'Communication', house.base)
  if (entry === undefined && id === undefined)
    throw fault('required', 'Say which offer: by its Communication, or by the Appointment that waits.', 'offer')
  return id === undefined ? lastOffer(house, entry ?? '', assertMay) : namedOffer(house, id, entry, assertMay)
}

type AssertMay = (appointment: Resource) => void

async function lastOffer(house: House, entry: string, assertMay: AssertMay): Promise<OfferRow> {
  const row = await currentResource(house.pool, 'Appointment', entry)
  if (!row) throw fault('not-found', `There is no Appointment/${entry}.`, 'Appointment')
  assertMay(row.body === null ? { resourceType: 'Appointment', id: entry } : (JSON.parse(row.body) as Resource))
  return (await lastOfferTo(house.pool, entry)) ?? noOffer()
}

/** The name of an offer tells nothing of an entry that is another's. */
async function namedOffer(house: House, id: string, entry: string | undefined, assertMay: AssertMay): Promise<OfferRow> {
  const offer = await offerNamed(house.pool, id)
  if (!offer || (entry !== undefined && offer.entry !== entry)) return noOffer()
  const row = await currentResource(house.pool, 'Appointment', offer.entry)
  try {
    assertMay(row?.body ? (JSON.parse(row.body) as Resource) : { resourceType: 'Appointment', id: offer.entry })
  } catch {
    return noOffer()
  }
  return offer
}

function noOffer(): never {
  throw fault('not-found', 'Nothing was offered to it.', 'offer')
}
