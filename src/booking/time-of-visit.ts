/**
 * Whom a visit takes up, and the time that it takes of them: said alike for one that is booked and one that is moved.
 * docs/booking.md. Left out: whether it may, and the taking itself (`store/take-time.ts`).
 */
import { fault } from '../base/fault.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { withBuffers } from '../scheduling/buffers.ts'
import { numberOf } from '../scheduling/confirmation-number.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { sessionOf } from '../scheduling/session.ts'
import { claimableActors, mayStandIn } from '../store/claimable-actors.ts'
import type { House } from '../store/house.ts'
import type { Seating, TimeTaken } from '../store/take-time.ts'
import { patientsNamed, takenActors } from './participants.ts'
import type { Offered } from './service-choice.ts'

export type VisitTime = {
  readonly start: number
  readonly end: number
  readonly slots: readonly { id: string; start: number; end: number }[]
  readonly free: boolean
}

type Visit = {
  readonly plan: SchedulePlan
  readonly offered: Offered
  readonly visit: VisitTime
  readonly claims: readonly string[]
  /** The Appointment as it is to be. */
  readonly resource: Resource
  /** Unix milliseconds: of a hold, or of a request that waits for its answer. */
  readonly ends?: number
}

export type TimeOfVisit = Omit<TimeTaken, 'holder' | 'client' | 'at'>

/** Buffers included. */
export function timeOfVisit({ base }: House, { plan, offered, visit, claims, resource, ends }: Visit): TimeOfVisit {
  const claimed = withBuffers(visit, offered.policy)
  return {
    claims,
    from: instantOf(claimed.start),
    until: instantOf(claimed.end),
    start: instantOf(visit.start),
    end: instantOf(visit.end),
    needed: visit.slots.map((slot) => slot.id),
    named: besidePlan(plan, resource, base).filter(mayStandIn),
    expires: ends === undefined ? undefined : instantOf(ends),
    seating: seatingOf(sessionOf(plan, offered, visit.start, visit.end), offered, resource, base),
  }
}

/** The Schedule's claims, and `beside` them those of whomever else the Appointment names. Nobody claims a patient. */
export async function claimsOfVisit(
  { pool, base }: House,
  plan: SchedulePlan,
  appointment: Resource | undefined,
): Promise<{ readonly claims: readonly string[]; readonly beside: readonly string[] }> {
  const further = appointment ? besidePlan(plan, appointment, base) : []
  if (further.length === 0) return { claims: plan.claims, beside: [] }
  const beside = (await claimableActors(pool, further, base)).filter((actor) => !plan.claims.includes(actor))
  return { claims: [...plan.claims, ...beside].sort(), beside }
}

function besidePlan(plan: SchedulePlan, appointment: Resource, base: string): string[] {
  const known = new Set(plan.actors.map((actor) => actor.reference))
  return takenActors(appointment, base).filter((actor) => !known.has(actor) && !actor.startsWith('Patient/'))
}

/** Under a patient scope. */
export const beyondTheSchedule = (): Error =>
  fault(
    'business-rule',
    'Somebody takes part whom the Schedule does not name: a visit with several is booked by the clinic.',
    'Appointment.participant',
  )

/** The row of the Appointment that takes this time, beside what search needs of it. */
export const visitColumns = (visit: Resource, time: TimeOfVisit): Readonly<Record<string, unknown>> => ({
  status: visit.status,
  starts: time.start,
  ends: time.end,
  held_until: time.expires ?? null,
  claims: claimsIn(time),
  confirmation: numberOf(visit) ?? null,
})

/** How many claims that makes. */
export const claimsIn = ({ claims, seating }: Pick<TimeTaken, 'claims' | 'seating'>): number => claims.length * (seating?.places ?? 1)

/** What a visit takes of its session, where it has one: a seat for each of its patients. */
export function seatingOf(session: string | undefined, { policy }: Offered, resource: Resource, base: string): Seating | undefined {
  if (session === undefined) return undefined
  const patients = [...new Set(patientsNamed(resource, base))]
  return { session, seats: policy.capacity, places: Math.max(1, patients.length), patients }
}
