/**
 * What the booking rules are asked, and how they refuse. All facts are given: no rule looks anything up.
 */
import type { Resource } from '../fhir/resource.ts'
import type { BookingPolicy } from './booking-policy.ts'
import type { SchedulePlan } from './schedule-plan.ts'
import type { ServiceOffer } from './service-offers.ts'

export type BookingRequest = {
  /** Instants are Unix milliseconds. */
  readonly now: number
  readonly start: number
  readonly end: number
  /** The Slots that the visit names, in any order. */
  readonly slots: readonly { readonly start: number; readonly end: number }[]
  readonly plan: SchedulePlan
  readonly service?: ServiceOffer
  readonly policy: BookingPolicy
  /** Booked by the patient, not by the front desk. */
  readonly online: boolean
  /** The patient has never been here. */
  readonly patientIsNew: boolean
  /** The patient has another visit at that time. */
  readonly ownOverlap: boolean
  /** A length that was asked for by name; then the policy's does not bind. */
  readonly requestedDurationMinutes?: number
  /** One of the referrals that the visit is based on is active, the patient's, and for this service. */
  readonly referred?: boolean
  /** What the clinic's own rules speak of; only where it has any. */
  readonly facts?: RuleFacts
  /** Staff let it in against the clinic's rules; what no visit can do without still binds. */
  readonly overridden?: boolean
}

export type RuleFacts = {
  readonly resources: { readonly [name in 'appointment' | 'patient' | 'slot' | 'schedule' | 'service']?: Resource }
  /** Told of a rule that cannot be evaluated. */
  readonly cannotTell: (expression: string) => void
}

export type Refusal = { readonly rule: string; readonly message: string; readonly expression?: string }

/** A rule's refusal, or undefined where it has nothing against the booking. */
export type BookingRule = (request: BookingRequest) => Refusal | undefined
