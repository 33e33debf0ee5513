/**
 * The booking rules in the order they are asked: first what no other time would mend, then what another time might.
 * They bind every operation and every write under a patient scope (docs/booking.md); the caller knows who is bound.
 * Left out: who is already there (claims) and daily caps (places), which only the database can decide.
 */
import type { BookingRequest, BookingRule, Refusal } from './booking-request.ts'
import { alignment } from './rules/alignment.ts'
import { duration } from './rules/duration.ts'
import { horizon } from './rules/horizon.ts'
import { inThePast } from './rules/in-the-past.ts'
import { minNotice } from './rules/min-notice.ts'
import { newPatients } from './rules/new-patients.ts'
import { onlineBooking } from './rules/online-booking.ts'
import { ownOverlap } from './rules/own-overlap.ts'
import { ownRules } from './rules/own-rules.ts'
import { referral } from './rules/referral.ts'
import { scheduleActive } from './rules/schedule-active.ts'
import { serviceOffered } from './rules/service-offered.ts'
import { withinSlots } from './rules/within-slots.ts'

export type { BookingRequest, Refusal } from './booking-request.ts'

const bookingRules: readonly BookingRule[] = [
  scheduleActive,
  serviceOffered,
  onlineBooking,
  newPatients,
  referral,
  inThePast,
  duration,
  withinSlots,
  alignment,
  minNotice,
  horizon,
  ownOverlap,
  ownRules,
]

/** What no override lifts: without these it is no visit of this Schedule's that is to come. */
const unconditional: ReadonlySet<BookingRule> = new Set([scheduleActive, serviceOffered, inThePast, duration, withinSlots])

/** What each further Schedule of a joint visit asks; length, grid and patient are the first one's to judge. */
const furtherRules: readonly BookingRule[] = [scheduleActive, onlineBooking, inThePast, minNotice, horizon]

/** The first rule that the booking breaks, in its own words; undefined where it may be booked. */
export const brokenRule = (request: BookingRequest): Refusal | undefined => firstBroken(bookingRules, request)

type FurtherRequest = Pick<BookingRequest, 'now' | 'start' | 'end' | 'plan' | 'policy' | 'online'>

/** The same of a Schedule that a joint visit takes besides its first. */
export const brokenByFurther = (request: FurtherRequest): Refusal | undefined =>
  firstBroken(furtherRules, { ...request, slots: [], patientIsNew: false, ownOverlap: false })

type WordsRequest = Omit<FurtherRequest, 'online'> & Pick<BookingRequest, 'service' | 'referred' | 'facts'>

/** Of the rules that look into what an Appointment tells, one that is broken as it is to be and kept as it was; its time stands. */
export function brokenByWords(after: WordsRequest, before: WordsRequest): Refusal | undefined {
  const { policy } = after
  const oneByOne = [{ ...policy, rules: [] }, ...policy.rules.map((rule) => ({ ...policy, referralRequired: false, rules: [rule] }))]
  for (const one of oneByOne) {
    const told = (request: WordsRequest): Refusal | undefined =>
      firstBroken([referral, ownRules], { ...request, policy: one, slots: [], online: true, patientIsNew: false, ownOverlap: false })
    const refusal = told(after)
    if (refusal && !told(before)) return refusal
  }
  return undefined
}

function firstBroken(rules: readonly BookingRule[], request: BookingRequest): Refusal | undefined {
  for (const rule of rules) {
    if (request.overridden && !unconditional.has(rule)) continue
    const refusal = rule(request)
    if (refusal) return refusal
  }
  return undefined
}

/** Every rule that the booking breaks, in their order: for whoever asks why. */
export const brokenRules = (request: BookingRequest): Refusal[] => bookingRules.flatMap((rule) => rule(request) ?? [])
