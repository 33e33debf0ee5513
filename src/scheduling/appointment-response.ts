/**
 * What an answer makes of a visit: the participant's status, and the visit's where that follows from it. Everybody who is
 * needed accepts, and a request is booked; somebody without whom it cannot be declines, and it is cancelled.
 * https://hl7.org/fhir/R4/appointmentresponse.html
 * Another time that is said with a doubt or a refusal is a proposal: it moves nothing until somebody of the other side, the
 * patient's or the clinic's, accepts it. Left out: the writing, and the move itself (`booking`).
 */
import { visitMinutesMax } from '../base/limits.ts'
import { relativeReference, typeOfReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import { awaitsApproval } from './approval.ts'
import type { Refusal } from './booking-request.ts'
import { conceptsMatch, conceptsOf } from './concept.ts'
import { type Element, elementsIn } from './element.ts'
import { heldUntilUrl } from './extension-parts.ts'
import { type ProposedTime, proposedTimes } from './proposed-times.ts'

export type Answered = {
  readonly participant: readonly Element[]
  /** Undefined: the visit stays what it is. */
  readonly becomes?: 'booked' | 'cancelled'
  /** What is proposed from now on, where that is something else than before. */
  readonly proposed?: readonly ProposedTime[]
  /** The time that both sides want. */
  readonly agreed?: Agreed
}

export type Agreed = ProposedTime & {
  /** Nobody else of the clinic is still to be asked. */
  readonly isSettled: boolean
}

const open: ReadonlySet<string> = new Set(['proposed', 'waitlist', 'pending', 'booked'])

export type Answering = {
  /** What our own references may begin with. */
  readonly base: string
  /** A patient answers. */
  readonly online: boolean
  /** Unix milliseconds. */
  readonly now: number
}

export function answered(visit: Resource, answer: Resource, { base, online, now }: Answering): Answered | Refusal {
  const status = String(visit.status)
  if (!open.has(status)) return refusal(`An Appointment that is ${status} takes no answers.`, 'appointment')
  const said = String(answer.participantStatus)
  const before = elementsIn(visit.participant)
  const isTheirs = answerer(before, answer, base)
  if (!before.some(isTheirs)) return refusal('Who answers takes no part in the visit: name the participant as it does.', 'actor')
  const saying = (status: string): readonly Element[] => before.map((one) => (isTheirs(one) ? { ...one, status } : one))
  const word: Word = { by: before.filter(isTheirs).map((one) => actorIn(one, base))[0], said, time: otherTime(visit, answer), base }
  if (word.time && said === 'accepted') return agreedOn(visit, saying('accepted'), word)
  if (word.time && isOpenToTalk(visit)) return proposedBy(visit, saying('tentative'), word, now)
  const participant = saying(said)
  return { participant, becomes: outcome(visit, participant, { said, online }), proposed: stillProposed(visit, word) }
}

/** What one participant says, and of which other time. */
type Word = { readonly by: string | undefined; readonly said: string; readonly time: ProposedTime | undefined; readonly base: string }

/** It has a time of its own, which stands until another is agreed on. */
const isOpenToTalk = (visit: Resource): boolean => visit.status === 'booked' || awaitsApproval(visit)

/** Another time than the visit's own, as long as the visit where nothing is said of its end. */
function otherTime(visit: Resource, answer: Resource): ProposedTime | undefined {
  const [start, own] = [Date.parse(String(answer.start)), Date.parse(String(visit.start))]
  const end = answer.end === undefined ? start + Date.parse(String(visit.end)) - own : Date.parse(String(answer.end))
  return Number.isNaN(start) || Number.isNaN(own) || start === own ? undefined : { start, end }
}

const isOfPatient = (by: string | undefined): boolean => /^(Patient|RelatedPerson)\//.test(by ?? '')

function agreedOn(visit: Resource, participant: readonly Element[], { by, time, base }: Word): Answered | Refusal {
  const agreed = proposedTimes(visit).find(
    (one) => one.start === time?.start && one.end === time.end && isOfPatient(one.by) !== isOfPatient(by),
  )
  if (!agreed || !isOpenToTalk(visit))
    return refusal('The answer is for another time than the visit has now, and the other side has not proposed that one.', 'start')
  const isProposer = (one: Element): boolean => agreed.by !== undefined && actorIn(one, base) === agreed.by
  const all = participant.map((one) => (isProposer(one) ? { ...one, status: 'accepted' } : one))
  const isSettled = needed(all).every((one) => one.status === 'accepted' || isPatient(one))
  return { participant: all, agreed: { ...agreed, isSettled } }
}

function proposedBy(visit: Resource, participant: readonly Element[], { by, time }: Word, now: number): Answered | Refusal {
  const minutes = time ? (time.end - time.start) / 60_000 : 0
  if (!time || time.start <= now) return refusal('The time that is proposed is over: propose one that is to come.', 'start')
  if (!(minutes >= 1 && minutes <= visitMinutesMax)) return refusal(`A visit lasts 1 to ${visitMinutesMax} minutes.`, 'end')
  return { participant, proposed: [...proposedTimes(visit).filter((one) => one.by !== by), { ...time, by }] }
}

/** An answer takes back what its own participant proposed; who accepts the visit as it is turns down what the other side did. */
function stillProposed(visit: Resource, { by, said }: Word): readonly ProposedTime[] | undefined {
  const before = proposedTimes(visit)
  const after = before.filter((one) => one.by !== by && (said !== 'accepted' || isOfPatient(one.by) === isOfPatient(by)))
  return after.length === before.length ? undefined : after
}

const refusal = (message: string, element: string): Refusal => ({
  rule: 'appointment-response',
  message,
  expression: `AppointmentResponse.${element}`,
})

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
