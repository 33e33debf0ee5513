/**
 * Deliberate overbooking: staff books a time that somebody has already, and says why. All booking rules bind it, blocks stop
 * it, and so does the number of lanes. Left out: the lanes themselves (`store/overflow.ts`).
 */
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { House } from '../store/house.ts'
import { type SlotUnder, slotsUnder } from '../store/overflow.ts'
import type { Offered } from './service-choice.ts'

export type Overbooking = {
  /** A CodeableConcept. */
  readonly reason: Readonly<Record<string, unknown>>
  /** Written instead of the booking's own where it came to that. */
  readonly audit: AuditRow
}

export const overbookedUrl = 'https://slotwise.org/fhir/StructureDefinition/overbooked'

/** The visit over whatever is there; undefined under a block. */
export async function timeOverOthers(
  house: House,
  plan: SchedulePlan,
  visit: { readonly start: number; readonly end: number },
): Promise<{ start: number; end: number; slots: readonly SlotUnder[]; free: true } | undefined> {
  const slots = await slotsUnder(house.pool, { schedule: plan.schedule, start: instantOf(visit.start), end: instantOf(visit.end) })
  return slots.some(({ isBlocked }) => isBlocked) ? undefined : { start: visit.start, end: visit.end, slots, free: true }
}

/** It sits in no session. */
export const onItsOwn = ({ service, policy }: Offered): Offered => ({ service, policy: { ...policy, capacity: 1 } })

export function addOverbooked(resource: Resource, { reason }: Overbooking): void {
  const extensions = (resource.extension ?? []) as unknown[]
  resource.extension = [...extensions, { url: overbookedUrl, valueCodeableConcept: reason }]
}
