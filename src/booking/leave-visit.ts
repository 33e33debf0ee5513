/**
 * Whether a booked visit may be given up or left for another time, by the policy under which it stands, and how often it has
 * been moved: in place (`moved`), or by visits that replaced each other (`replaces`). docs/booking.md.
 */
import { fault } from '../base/fault.ts'
import { replacedVisitsMax } from '../base/limits.ts'
import { localReference, relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import type { BookingPolicy } from '../scheduling/booking-policy.ts'
import { brokenLeavingRule, isLate } from '../scheduling/leaving-rules.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { planOfSlots } from '../store/plans.ts'
import { currentResource } from '../store/resources.ts'
import { idsNamed } from './participants.ts'
import { planAt, planVersionAtHand } from './plans.ts'
import { extensionsIn, movedUrl, replacesUrl } from './record-extensions.ts'
import { scheduleOfSlotId } from './regenerate-slots.ts'
import { choiceOf, offersOf } from './service-choice.ts'

export type Leaving = {
  /** The patient leaves, not the front desk. */
  readonly online: boolean
  /** For another time; `unrecorded`: by a plain write, which counts no moves. */
  readonly moving: boolean | 'unrecorded'
  /** Staff do it against the rules. */
  readonly overridden?: boolean
  /** Where it stands, if the caller knows it. */
  readonly stands?: Stands
}

/** A Schedule, and the version of its plan. */
export type Stands = { readonly schedule: string; readonly version: string }

/** Says whether it is late. Throws `business-rule`. */
export async function assertMayLeave(db: Db, house: House, visit: Resource, leaving: Leaving): Promise<boolean> {
  const policy = leavable.has(String(visit.status)) ? await policyOf(db, house, visit, leaving.stands) : undefined
  if (!policy || (policy.cancelNoticeMinutes === 0 && policy.maxReschedules === undefined)) return false
  const [now, start] = [house.clock.now().getTime(), Date.parse(String(visit.start))]
  if (!leaving.overridden) {
    if (leaving.moving === 'unrecorded' && policy.maxReschedules !== undefined) throw countedElsewhere()
    const moves = leaving.moving && policy.maxReschedules !== undefined ? await timesMoved(db, house, visit) : undefined
    const broken = brokenLeavingRule({ now, start, policy, online: leaving.online, moves })
    if (broken) throw fault('business-rule', broken.message, broken.expression)
  }
  return isLate({ now, start, policy })
}

/** Whoever holds a time, or only asks for one, owes no notice. */
const leavable: ReadonlySet<string> = new Set(['booked', 'arrived', 'checked-in'])

const countedElsewhere = (): Error =>
  fault('business-rule', 'Move this visit with $reschedule: how often it may be moved is counted.', 'Appointment.start')

/** The policy of the service that it is for, on the Schedule where it stands; undefined where that is nowhere. */
export async function policyOf(db: Db, house: House, visit: Resource, stands?: Stands): Promise<BookingPolicy | undefined> {
  const plan = await planOfVisit(db, house, visit, stands)
  return plan && (offersOf(plan, choiceOf(visit, house.base))[0] ?? plan).policy
}

/** The plan of the Schedule where it stands; of several the first. */
export async function planOfVisit(db: Db, house: House, visit: Resource, stands?: Stands): Promise<SchedulePlan | undefined> {
  const slots = idsNamed(visit.slot, 'Slot', house.base)
  if (slots.length === 0) return undefined
  const row = stands ? { ...stands, plan: null } : await planOfSlots(db, slots, planVersionAtHand(house, scheduleOfSlotId(slots[0] ?? '')))
  if (!row) return undefined
  return planAt(house, row.schedule, row.version, row.plan)
}

async function timesMoved(db: Db, house: House, visit: Resource): Promise<number> {
  let moves = 0
  let one: Resource | undefined = visit
  for (let step = 0; one && step < replacedVisitsMax; step++) {
    moves += extensionsIn(one).filter(({ url }) => url === movedUrl).length
    const earlier = replacedBy(one, house.base)
    if (earlier !== undefined) moves += 1
    const row: { readonly body: string | null } | undefined =
      earlier === undefined ? undefined : await currentResource(db, 'Appointment', earlier)
    one = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  }
  return moves
}

/** The id of the visit that this one replaced. */
function replacedBy(visit: Resource, base: string): string | undefined {
  const said = extensionsIn(visit).find(({ url }) => url === replacesUrl)?.valueReference as { reference?: string } | undefined
  const local = said?.reference === undefined ? undefined : localReference(relativeReference(said.reference, base))
  return local?.type === 'Appointment' ? local.id : undefined
}
