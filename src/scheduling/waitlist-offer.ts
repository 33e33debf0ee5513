/**
 * What an offer to somebody on the waitlist looks like: a Communication to the patient, which is the outbox, and a
 * Provenance of it, which is the log that says why it was them. Pure. docs/waitlist.md
 * https://hl7.org/fhir/R4/communication.html https://hl7.org/fhir/R4/provenance.html
 */
import { inWords } from '../base/time-zones.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { Score } from './waitlist-ranking.ts'

const base = 'https://slotwise.org/fhir'
export const waitlistOfferUrl = `${base}/StructureDefinition/waitlist-offer`
export const waitlistScoreUrl = `${base}/StructureDefinition/waitlist-score`
const offerCode = { system: `${base}/CodeSystem/communication`, code: 'waitlist-offer', display: 'Waitlist offer' }

export type Offer = {
  readonly id: string
  /** Bare ids. */
  readonly entry: string
  readonly patient: string
  /** Where the visit starts. */
  readonly slot: string
  /** Of a visit over several Schedules the others that it takes. */
  readonly others: readonly string[]
  /** Unix milliseconds. */
  readonly start: number
  readonly end: number
  readonly expires: number
  /** The later visit that would be moved. */
  readonly moves?: string
  readonly zone: string
  readonly at: number
  readonly score: Score
  /** How many stood behind it, of those that were looked at. */
  readonly behind: number
}

const reference = (type: string, id: string) => ({ reference: `${type}/${id}` })

export function offerCommunication(offer: Offer): Resource {
  const { id, entry, patient, slot, others, start, end, expires, moves } = offer
  return {
    resourceType: 'Communication',
    id,
    extension: [
      {
        url: waitlistOfferUrl,
        extension: [
          { url: 'slot', valueReference: reference('Slot', slot) },
          { url: 'start', valueInstant: instantOf(start) },
          { url: 'end', valueInstant: instantOf(end) },
          { url: 'expires', valueInstant: instantOf(expires) },
          ...(moves === undefined ? [] : [{ url: 'moves', valueReference: reference('Appointment', moves) }]),
        ],
      },
    ],
    status: 'in-progress',
    category: [{ coding: [offerCode], text: 'Waitlist offer' }],
    subject: reference('Patient', patient),
    topic: { text: 'A time has come free' },
    about: [reference('Appointment', entry), ...[slot, ...others].map((one) => reference('Slot', one))],
    recipient: [reference('Patient', patient)],
    payload: [{ contentString: wordsOf(offer) }],
  }
}

function wordsOf({ start, expires, zone, moves }: Offer): string {
  const said = (at: number) => inWords(at, 'en-US', { timeZone: zone, dateStyle: 'full', timeStyle: 'short' })
  const later = moves === undefined ? '' : ' Your later visit is given up for it.'
  return `A time has come free: ${said(start)}. It is kept for you until ${said(expires)}.${later}`
}

/** How an offer ended, on its Communication. */
export function endedCommunication(communication: Resource, state: 'accepted' | 'declined' | 'lapsed' | 'withdrawn'): Resource {
  const { statusReason: _before, ...kept } = communication
  const isAnswered = state === 'accepted' || state === 'declined'
  return { ...kept, resourceType: 'Communication', status: isAnswered ? 'completed' : 'stopped', statusReason: { text: reasons[state] } }
}

const reasons = {
  accepted: 'The offer was accepted.',
  declined: 'The offer was declined.',
  lapsed: 'The offer was not answered in time.',
  withdrawn: 'The offer does not stand any more.',
}

export function offerProvenance(id: string, { id: offer, entry, slot, at, score, behind }: Offer): Resource {
  const parts = Object.entries(score).map(([url, value]) => ({ url, valueDecimal: Math.round(value * 1000) / 1000 }))
  return {
    resourceType: 'Provenance',
    id,
    extension: [{ url: waitlistScoreUrl, extension: [...parts, { url: 'behind', valueUnsignedInt: behind }] }],
    target: [reference('Communication', offer), reference('Appointment', entry)],
    occurredDateTime: instantOf(at),
    recorded: instantOf(at),
    activity: { coding: [offerCode] },
    agent: [{ type: { text: 'Waitlist' }, who: { display: 'Slotwise' } }],
    entity: [{ role: 'source', what: reference('Slot', slot) }],
  }
}
