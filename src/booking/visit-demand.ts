/**
 * What an Appointment that is written asks for: whom it takes up and when, and the Slots that it names.
 * Left out: whether it may have it (`write-appointment.ts`, and the claims themselves).
 */
import { fault } from '../base/fault.ts'
import { subtract } from '../base/interval.ts'
import type { Resource } from '../fhir/resource.ts'
import { noBuffers, withBuffers } from '../scheduling/buffers.ts'
import { jointPolicy } from '../scheduling/joint-plan.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { sessionOf } from '../scheduling/session.ts'
import type { ClaimRow } from '../store/claim-rows.ts'
import { claimableActors, claimsOfSchedules } from '../store/claimable-actors.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { type NamedSlot, namedSlots } from '../store/named-slots.ts'
import { plansOf } from '../store/plans.ts'
import type { Seating } from '../store/take-time.ts'
import { heldUntil } from './cancel.ts'
import type { Change } from './change.ts'
import type { VisitTaken } from './joint-visit.ts'
import { idsNamed, takenActors } from './participants.ts'
import { planFrom } from './plans.ts'
import { choiceOf, chooseService, type Offered, offersOf, type ServiceChoice } from './service-choice.ts'
import { seatingOf } from './time-of-visit.ts'

export type Demand = {
  readonly start: number
  readonly end: number
  readonly claims: readonly string[]
  /** What is claimed, buffers included. */
  readonly from: number
  readonly until: number
  readonly slots: readonly NamedSlot[]
  readonly schedules: readonly string[]
  readonly plan?: SchedulePlan
  readonly offered?: Offered
  /** The other Schedules that it names Slots of. */
  readonly beside: VisitTaken['beside']
  readonly choice: ServiceChoice
  /** The seats that it takes where its service is a group's. */
  readonly seating?: Seating
  readonly expires?: number
}

/** `had`: what it holds already. Throws: business-rule, and under a patient scope `required`. */
export async function demandOf(tx: Tx, house: House, change: Change, had: readonly ClaimRow[] | undefined): Promise<Demand> {
  const { resource } = change
  const [start, end] = [Date.parse(String(resource.start)), Date.parse(String(resource.end))]
  const ids = idsNamed(resource.slot, 'Slot', house.base)
  const slots = ids.length > 0 ? await namedSlots(tx, ids) : []
  const missing = ids.find((id) => !slots.some((slot) => slot.id === id))
  const gone = missing !== undefined && had !== undefined && namesTheSameTime(change, house.base)
  if (missing !== undefined && !gone) throw fault('business-rule', `There is no Slot/${missing} for this time.`, 'Appointment.slot')
  if (!gone) assertWithin({ start, end }, slots)
  // The first that the Appointment names is the one whose service it is for.
  const schedules = [...new Set(ids.flatMap((id) => slots.find((slot) => slot.id === id)?.schedule ?? []))]
  const named = takenActors(resource, house.base)
  const claims = new Set([
    ...(await claimsOfSchedules(tx, schedules, named)),
    ...(await claimableActors(tx, named, house.base)),
    // A Slot that has gone says no more whose it was: what was claimed for it stays claimed.
    ...(gone ? (had ?? []).map((row) => row.resource) : []),
  ])
  const choice = choiceOf(resource, house.base)
  const [plan, ...further] = await plansOfSchedules(tx, house, schedules)
  const offered = plan && offeredOf(plan, choice, change.patient !== undefined)
  const beside = further.map((one) => ({ plan: one, policy: offeredOf(one, choice, false).policy }))
  const policy =
    offered &&
    jointPolicy(
      offered.policy,
      beside.map((one) => one.policy),
    )
  const claimed = withBuffers({ start, end }, policy ?? noBuffers)
  return {
    start,
    end,
    from: claimed.start,
    until: claimed.end,
    claims: [...claims].sort(),
    slots,
    schedules,
    plan,
    offered,
    beside,
    choice,
    seating: plan && seatingAsked(plan, choice, { resource, start, end }, house.base),
    // A client may leave the hold's end in what it books: only a hold runs out.
    expires: resource.status === 'pending' ? heldUntil(resource) : undefined,
  }
}

/** Who is bound by the rules says which service; the front desk may book one that the Schedule does not offer. */
const offeredOf = (plan: SchedulePlan, choice: ServiceChoice, bound: boolean): Offered =>
  bound ? chooseService(plan, choice) : (offersOf(plan, choice)[0] ?? { policy: plan.policy })

/** A visit that does not say which of several services it is for is one of its own. */
function seatingAsked(
  plan: SchedulePlan,
  choice: ServiceChoice,
  { resource, start, end }: { readonly resource: Resource; readonly start: number; readonly end: number },
  base: string,
): Seating | undefined {
  const [only, second] = offersOf(plan, choice)
  return only && !second ? seatingOf(sessionOf(plan, only, start, end), only, resource, base) : undefined
}

/** In the order of the Schedules. */
async function plansOfSchedules(tx: Tx, house: House, schedules: readonly string[]): Promise<SchedulePlan[]> {
  const rows = schedules.length > 0 ? await plansOf(tx, schedules) : []
  const plans = rows.map((row) => planFrom(house, row.schedule, row.version, row.plan))
  return plans.sort((a, b) => schedules.indexOf(a.schedule) - schedules.indexOf(b.schedule))
}

function assertWithin(visit: { start: number; end: number }, slots: readonly NamedSlot[]): void {
  if (slots.length === 0) return
  const open = slots.map((slot) => ({ start: slot.starts.getTime(), end: slot.ends.getTime() }))
  if (subtract([visit], open).length > 0)
    throw fault('business-rule', 'The time of the Appointment does not lie within the Slots that it names.', 'Appointment.start')
}

/** Whether the time and the Slots are those that the Appointment had before this write. */
export const namesTheSameTime = ({ before, resource }: Change, base: string): boolean =>
  before !== undefined && sameTime(before, resource) && namesOf(before, base) === namesOf(resource, base)

export const sameTime = (a: Resource, b: Resource): boolean =>
  Date.parse(String(a.start)) === Date.parse(String(b.start)) && Date.parse(String(a.end)) === Date.parse(String(b.end))

const namesOf = (resource: Resource, base: string): string => idsNamed(resource.slot, 'Slot', base).sort().join()
