/**
 * The session that a group visit belongs to (policy `capacity` above 1): one service of one Schedule at one exact time. Its
 * seats share that time on everybody whom it takes up; another service or another time there is another session, and clashes.
 * Left out: which seat (the store takes the lowest that is free).
 */
import { instantOf } from '../fhir/resource.ts'
import type { BookingPolicy } from './booking-policy.ts'
import type { SchedulePlan } from './schedule-plan.ts'

type Offered = { readonly service?: { readonly reference: string }; readonly policy: BookingPolicy }

/** Undefined for a visit of one's own. Times are Unix milliseconds, buffers left out. */
export const sessionOf = (plan: SchedulePlan, { service, policy }: Offered, start: number, end: number): string | undefined =>
  policy.capacity > 1 ? `Schedule/${plan.schedule} ${service?.reference ?? ''} ${instantOf(start)} ${instantOf(end)}` : undefined
