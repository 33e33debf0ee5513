/**
 * What the rules speak of that a booking does not know anyway: the referrals that it is based on, and the resources that a
 * clinic's own rules look into. Looked up where the policy asks for it, and nowhere else.
 */
import { relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import type { BookingPolicy } from '../scheduling/booking-policy.ts'
import type { BookingRequest, RuleFacts } from '../scheduling/booking-request.ts'
import { isReferral } from '../scheduling/rules/referral.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { Practice } from '../store/known-patients.ts'
import { currentBodies } from '../store/resources.ts'
import { idsNamed } from './participants.ts'
import type { Offered } from './service-choice.ts'

export type Judging = {
  readonly plan: SchedulePlan
  readonly offered: Offered
  /** Bare ids. */
  readonly patient: string
  /** Where the Patient is not stored yet. */
  readonly sent?: Resource
  readonly slot: string
  /** The Appointment as it will be. */
  readonly appointment: Resource
}

export const asksForMore = ({ referralRequired, rules }: BookingPolicy): boolean => referralRequired || rules.length > 0

export async function ruleFacts(db: Db, house: House, judging: Judging): Promise<Pick<BookingRequest, 'referred' | 'facts'>> {
  const { policy } = judging.offered
  return {
    ...(policy.referralRequired && { referred: await isReferred(db, house, judging) }),
    ...(policy.rules.length > 0 && { facts: await factsOf(db, house, judging) }),
  }
}

/** Who is the practice: the Schedule's own actors, and those of every Schedule of the same Organizations. */
export const practiceOf = (plan: SchedulePlan): Practice => ({
  actors: plan.actors.map((actor) => actor.reference),
  organizations: plan.terms.filter((term) => term.startsWith('organization=')),
})

async function isReferred(db: Db, house: House, { appointment, patient, plan, offered }: Judging): Promise<boolean> {
  const ids = idsNamed(appointment.basedOn, 'ServiceRequest', house.base)
  const requests = ids.length > 0 ? await currentBodies(db, 'ServiceRequest', ids) : []
  return requests.some((body) => isReferral(parsedAt(house, body), patient, plan, offered.service))
}

async function factsOf(db: Db, house: House, { appointment, patient, sent, slot, plan, offered }: Judging): Promise<RuleFacts> {
  const one = async (type: string, id: string | undefined): Promise<Resource | undefined> => {
    const [body] = id === undefined ? [] : await currentBodies(db, type, [id])
    return body === undefined ? undefined : (JSON.parse(body) as Resource)
  }
  return {
    resources: {
      appointment,
      patient: sent ?? (await one('Patient', patient)),
      slot: await one('Slot', slot),
      schedule: await one('Schedule', plan.schedule),
      service: await one('HealthcareService', offered.service?.reference.replace('HealthcareService/', '')),
    },
    cannotTell: (expression) =>
      house.warn('a rule of a booking-policy cannot be evaluated; it refused nothing', { schedule: plan.schedule, expression }),
  }
}

/** References to what is ours become `Type/id`. */
function parsedAt(house: House, body: string): Resource {
  const ours = (key: string, value: unknown): unknown =>
    key === 'reference' && typeof value === 'string' ? relativeReference(value, house.base) : value
  return JSON.parse(body, ours) as Resource
}
