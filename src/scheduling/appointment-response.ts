/**
 * What an answer makes of a visit: the participant's status, and the visit's where that follows from it. Everybody who is
 * needed accepts, and a request is booked; somebody without whom it cannot be declines, and it is cancelled.
 * https://hl7.org/fhir/R4/appointmentresponse.html
 * Left out: another time that an answer proposes, which is stored with it and moves nothing, and the writing (`booking`).
 */
import { relativeReference, typeOfReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import { awaitsApproval } from './approval.ts'
import type { Refusal } from './booking-request.ts'
import { conceptsMatch, conceptsOf } from './concept.ts'
import { type Element, elementsIn } from './element.ts'
import { heldUntilUrl } from './extension-parts.ts'

export type Answered = {
  readonly participant: readonly Element[]
  /** Undefined: the visit stays what it is. */
  readonly becomes?: 'booked' | 'cancelled'
}

const open: ReadonlySet<string> = new Set(['proposed', 'waitlist', 'pending', 'booked'])

/** `base`: what our own references may begin with. `online`: a patient answers. */
export function answered(visit: Resource, answer: Resource, { base, online }: { base: string; online: boolean }): Answered | Refusal {
  const status = String(visit.status)
  if (!open.has(status)) return refusal(`An Appointment that is ${status} takes no answers.`, 'appointment')
  const said = String(answer.participantStatus)
  if (said === 'accepted' && isForAnotherTime(visit, answer))
    return refusal('The answer is for another time than the visit has now: answer for the time that it has.', 'start')
  const before = elementsIn(visit.participant)
  const isTheirs = answerer(before, answer, base)
  if (!before.some(isTheirs)) return refusal('Who answers takes no part in the visit: name the participant as it does.', 'actor')
  const participant = before.map((one) => (isTheirs(one) ? { ...one, status: said } : one))
  return { participant, becomes: outcome(visit, participant, { said, online }) }
}

const refusal = (message: string, element: string): Refusal => ({
  rule: 'appointment-response',
  message,
  expression: `AppointmentResponse.${element}`,
})

const isForAnotherTime = (visit: Resource, { start }: Resource): boolean =>
  start !== undefined && visit.start !== undefined && Date.parse(String(start)) !== Date.parse(String(visit.start))

const actorIn = ({ actor }: Element, base: string): string | undefined => {
  const [reference] = elementsIn(actor).flatMap((one) => (typeof one.reference === 'string' ? [one.reference] : []))
  return reference === undefined ? undefined : relativeReference(reference, base)
}

/**
 * By the actor; where only a type is said, everybody who takes part as such. Who is nowhere named answers for the participant
 * of their type of whom nobody has said yet who it is, as in HL7's own example.
 */
function answerer(all: readonly Element[], answer: Resource, base: string): (participant: Element) => boolean {
  const actor = actorIn(answer, base)
  const types = conceptsOf(answer.participantType)
  const hasType = (participant: Element): boolean => conceptsMatch(conceptsOf(participant.type), types)
  if (actor === undefined) return hasType
  const isNamed = (participant: Element): boolean => actorIn(participant, base) === actor
  return all.some(isNamed) ? isNamed : (participant) => participant.actor === undefined && hasType(participant)
}

function outcome(visit: Resource, all: readonly Element[], { said, online }: { said: string; online: boolean }): Answered['becomes'] {
  if (visit.status === 'waitlist') return undefined
  if (said === 'declined') return isOff(all) ? 'cancelled' : undefined
  if (said !== 'accepted' || visit.status !== 'pending') return undefined
  // A hold is booked by whoever holds it, and no patient books what the clinic is to answer.
  const waits = awaitsApproval(visit)
  if (waits ? online : isHeld(visit)) return undefined
  return needed(all).every(({ status }) => status === 'accepted') ? 'booked' : undefined
}

const isHeld = (visit: Resource): boolean => elementsIn(visit.extension).some(({ url }) => url === heldUntilUrl)

const needed = (all: readonly Element[]): readonly Element[] =>
  all.filter(({ required }) => required !== 'optional' && required !== 'information-only')

const isPatient = (participant: Element): boolean => typeOfReference(actorIn(participant, '') ?? '') === 'Patient'

/** Of several patients the last one who declines takes the visit along; of everybody else, whoever is needed. */
function isOff(all: readonly Element[]): boolean {
  const [patients, others] = [all.filter(isPatient), needed(all).filter((one) => !isPatient(one))]
  const declined = ({ status }: Element): boolean => status === 'declined'
  return others.some(declined) || (patients.length > 0 && patients.every(declined))
}
