/**
 * The Appointment that a booking, a hold or a proposal is. https://hl7.org/fhir/R4/appointment.html
 * What a client sent with it is kept; the server sets what the engine decides: status, times, Slots, and that everybody
 * whom the Schedule names takes part.
 * Left out: whether it may be booked (`booking-rules.ts`) and who is claimed (`claimed-actors.ts`).
 */
import { minuteMs } from '../base/durations.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { Approval } from './approval.ts'
import type { CodeableConcept } from './concept.ts'
import { type Element, elementsIn } from './element.ts'
import { approvalUrl, heldUntilUrl } from './extension-parts.ts'
import { referencesOf } from './plan-parts.ts'
import type { SchedulePlan } from './schedule-plan.ts'
import type { ServiceOffer } from './service-offers.ts'

export type VisitStatus = 'pending' | 'booked' | 'proposed'

export type VisitAppointment = {
  readonly id?: string
  readonly plan: SchedulePlan
  readonly service?: ServiceOffer
  /** A proposal may be for nobody yet; a visit may be for several. */
  readonly patients?: readonly { readonly reference: string; readonly display?: string }[]
  /** Unix milliseconds. */
  readonly start: number
  readonly end: number
  /** `Slot/x` or bare ids, in order. */
  readonly slots: readonly string[]
  readonly status: VisitStatus
  readonly heldUntil?: number
  /** The clinic is asked first. */
  readonly approval?: Approval
  /** A dateTime. */
  readonly created: string
  readonly comment?: string
  /** The client's own Appointment: its fields are kept, but for those above. */
  readonly proposal?: Resource
}

/** https://hl7.org/fhir/R4/valueset-participationstatus.html */
const answers: Readonly<Record<VisitStatus, string>> = { booked: 'accepted', pending: 'tentative', proposed: 'needs-action' }

export function visitAppointment(input: VisitAppointment): Resource {
  const { id: _id, meta, extension, status: _status, slot: _slot, ...kept } = input.proposal ?? { resourceType: 'Appointment' }
  const extensions = extensionsFor(extension, input)
  return {
    ...kept,
    resourceType: 'Appointment',
    ...(input.id !== undefined && { id: input.id }),
    ...metaFor(meta),
    ...(extensions.length > 0 && { extension: extensions }),
    status: input.status,
    ...subjectOf(input),
    start: instantOf(input.start),
    end: instantOf(input.end),
    minutesDuration: minutesOf(input),
    ...(input.slots.length > 0 && { slot: input.slots.map((slot) => ({ reference: slot.startsWith('Slot/') ? slot : `Slot/${slot}` })) }),
    created: input.created,
    ...(input.comment !== undefined && { comment: input.comment }),
    participant: participantsFor(input),
  }
}

/** From start to end, or the fewer that the client says of just this length, as of a visit with a break in it. */
function minutesOf({ start, end, proposal }: VisitAppointment): number {
  const whole = Math.max(1, Math.round((end - start) / minuteMs))
  const minutes = proposal?.minutesDuration
  const isOfIt = Date.parse(String(proposal?.end)) - Date.parse(String(proposal?.start)) === end - start
  return isOfIt && typeof minutes === 'number' ? Math.min(minutes, whole) : whole
}

/** Version and time are the store's to set. */
function metaFor(meta: Resource['meta']): { meta?: Resource['meta'] } {
  const { versionId: _version, lastUpdated: _updated, ...rest } = meta ?? {}
  return Object.keys(rest).length > 0 ? { meta: rest } : {}
}

function extensionsFor(extension: unknown, { heldUntil, approval }: VisitAppointment): unknown[] {
  const kept = elementsIn(extension).filter(({ url }) => url !== heldUntilUrl && url !== approvalUrl)
  if (heldUntil !== undefined) kept.push({ url: heldUntilUrl, valueInstant: instantOf(heldUntil) })
  if (approval !== undefined) kept.push({ url: approvalUrl, valueCode: approval })
  return kept
}

/** What the visit is about: the client's words, else the service's, else the Schedule's. */
function subjectOf({ proposal, plan: { template }, service }: VisitAppointment): Record<string, unknown> {
  const types = service ? service.types : template.serviceType
  const said: Record<string, readonly CodeableConcept[] | undefined> = {
    serviceCategory: service?.category ?? template.serviceCategory,
    // A Schedule that serves several types does not say which one this visit is.
    serviceType: service || types?.length === 1 ? types : undefined,
    specialty: service?.specialty ?? template.specialty,
  }
  return Object.fromEntries(Object.entries(said).filter(([name, value]) => value && value.length > 0 && proposal?.[name] === undefined))
}

/** The client's participants first; those of ours that had not answered yet now do. Whoever is missing is added. */
function participantsFor(input: VisitAppointment): Element[] {
  const asked = input.approval === 'requested' ? whoAnswers(input.plan) : undefined
  const answerOf = (reference: string): string => (asked ? (asked.has(reference) ? 'needs-action' : 'accepted') : answers[input.status])
  const due = [...(input.patients ?? []), ...input.plan.actors.filter((actor) => takesPart(actor, input.service))]
  const references = due.map((actor) => actor.reference)
  const theirs = elementsIn(input.proposal?.participant).map((participant) => {
    const [ours] = referencesOf(participant.actor).filter((reference) => references.includes(reference))
    const isOpen = participant.status === 'needs-action' || participant.status === 'tentative' || participant.status === undefined
    const isAskedAnew = ours !== undefined && participant.status === 'accepted' && asked?.has(ours)
    return ours !== undefined && (isOpen || isAskedAnew) ? { ...participant, status: answerOf(ours) } : participant
  })
  const present = new Set(theirs.flatMap((participant) => referencesOf((participant as Element).actor)))
  const missing = due.filter((actor, index) => !present.has(actor.reference) && references.indexOf(actor.reference) === index)
  return [...theirs, ...missing.map((actor) => ({ actor, required: 'required', status: answerOf(actor.reference) }))]
}

/** Of several services that the Schedule names, the one that the visit is for. */
const takesPart = ({ reference }: { readonly reference: string }, service: ServiceOffer | undefined): boolean =>
  service === undefined || !reference.startsWith('HealthcareService/') || reference === service.reference

/** People answer; where a Schedule has none, whoever speaks for its places and things. */
export function whoAnswers({ actors }: Pick<SchedulePlan, 'actors'>): ReadonlySet<string> {
  const all = actors.map(({ reference }) => reference)
  const people = all.filter((reference) => /^Practitioner(Role)?\//.test(reference))
  return new Set(people.length > 0 ? people : all)
}
