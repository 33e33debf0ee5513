/**
 * Several Schedules taken by one visit, as one: who takes part, what is claimed, and the buffers, of which the longest of
 * any holds for all; the clinic is asked where any of them asks it. Length, grid and whatever else a policy says stay those of
 * the first.
 * Left out: which Schedules they are (`joint-visits.ts`).
 */
import type { BookingPolicy } from './booking-policy.ts'
import { distinct, typeOf } from './plan-parts.ts'
import type { SchedulePlan } from './schedule-plan.ts'

/** A further Schedule brings its people and things; what it is usually for is not what this visit is for. */
export function jointPlan(first: SchedulePlan, further: readonly SchedulePlan[]): SchedulePlan {
  const brought = further.flatMap(({ actors }) => actors).filter(({ reference }) => typeOf(reference) !== 'HealthcareService')
  const actors = new Map([...first.actors, ...brought].toReversed().map((actor) => [actor.reference, actor]))
  const order = distinct([...first.actors, ...brought].map(({ reference }) => reference))
  return {
    ...first,
    claims: distinct([first, ...further].flatMap(({ claims }) => claims)).sort(),
    actors: order.flatMap((reference) => actors.get(reference) ?? []),
  }
}

export const jointPolicy = (first: BookingPolicy, further: readonly BookingPolicy[]): BookingPolicy => ({
  ...first,
  ...jointApproval([first, ...further].filter((policy) => policy.approvalRequired)),
  bufferBeforeMinutes: Math.max(first.bufferBeforeMinutes, ...further.map((policy) => policy.bufferBeforeMinutes)),
  bufferAfterMinutes: Math.max(first.bufferAfterMinutes, ...further.map((policy) => policy.bufferAfterMinutes)),
})

/** Whoever is asked, is asked; the first who must have answered decides how long the others have. */
function jointApproval(asking: readonly BookingPolicy[]): Pick<BookingPolicy, 'approvalRequired' | 'approvalHours'> {
  const hours = asking.flatMap(({ approvalHours }) => approvalHours ?? [])
  return { approvalRequired: asking.length > 0, approvalHours: hours.length > 0 ? Math.min(...hours) : undefined }
}
