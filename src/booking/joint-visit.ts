/**
 * What a visit over several Schedules takes when it starts in a Slot of the first: the others are chosen as they are found,
 * by the least harm. What a new booking and one that is moved ask alike. Left out: taking it (`book.ts`, `move/`).
 */
import { fault } from '../base/fault.ts'
import { jointRacesMax } from '../base/limits.ts'
import type { BookingPolicy } from '../scheduling/booking-policy.ts'
import { brokenByFurther } from '../scheduling/booking-rules.ts'
import { jointPlan, jointPolicy } from '../scheduling/joint-plan.ts'
import { type JointGroup, type JointVisit, jointVisits, type Start } from '../scheduling/joint-visits.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { sessionOf } from '../scheduling/session.ts'
import type { House } from '../store/house.ts'
import { calendarFor, calendarsBeside, type FreeOfOne, freeOfEach, offeredBeside, schedulesIn } from './joint-calendars.ts'
import type { Offered } from './service-choice.ts'
import type { VisitTime } from './time-of-visit.ts'
import type { TimeAsked } from './visit-in-slot.ts'

/** A visit with everything that it is taken from; of one Schedule alone, that one. */
export type VisitTaken = {
  readonly visit: VisitTime
  readonly plan: SchedulePlan
  readonly offered: Offered
  /** Whose caps count it, besides the first Schedule's. */
  readonly beside: readonly { readonly plan: SchedulePlan; readonly policy: BookingPolicy }[]
}

/** Who was chosen is lost to somebody quicker, and another of the group may be free: a different time is in nobody's way. */
export const mayTakeAnother = (groups: readonly JointGroup[] | undefined, tried: number): boolean =>
  tried < jointRacesMax && (groups ?? []).slice(1).some((group) => group.length > 1)

type Asked = TimeAsked & { readonly slots?: readonly string[] }

/** Somebody of a group is not to be had: `visit.free` is false. Throws business-rule, and too-costly. */
export async function withOthers(house: House, asked: Asked, groups: readonly JointGroup[], alone: VisitTaken): Promise<VisitTaken> {
  const { visit, plan, offered } = alone
  const [firsts = [], ...further] = groups
  const options = firsts.filter(({ schedule }) => schedule === plan.schedule)
  if (options.length === 0)
    throw fault('business-rule', 'The first resource-group names nobody whose Schedule the Slot is of.', 'resource-group')
  const own = [
    ...(asked.own ? [`Appointment/${asked.own}`] : []),
    ...(asked.heldFor ? [asked.heldFor] : []),
    ...visit.slots.map(({ id }) => `Slot/${id}`),
  ]
  const window = { from: visit.start, until: visit.end, own }
  const free = await freeOfEach(house, schedulesIn([options, ...further]), window)
  const asking = { now: house.clock.now().getTime(), online: asked.online }
  for (const group of further) assertServes(group, free, asked, alone, asking)
  const mine = free.get(plan.schedule)
  const calendar = mine && calendarFor({ ...mine, plan }, offered, asking)
  const beside = calendarsBeside(free, asked.service, asking)
  const first = visit.slots.map((slot) => ({ ...slot, schedule: plan.schedule }))
  const [slot] = first
  if (!calendar || !slot) return { ...alone, visit: { ...visit, free: false } }
  const session = sessionOf(plan, offered, visit.start, visit.end)
  const time = { slot, start: visit.start, end: visit.end, slots: first }
  const starts = options.map((option): Start => ({ option, calendar, service: offered.service, session, visit: time }))
  const [found] = jointVisits(starts, further, beside, 1)
  if (!found) return { ...alone, visit: { ...visit, free: false } }
  return taking(found, alone, asked)
}

function taking({ visit: { slots }, further }: JointVisit, { visit, plan, offered }: VisitTaken, asked: Asked): VisitTaken {
  const [plans, policies] = [further.map((one) => one.plan), further.map(({ policy }) => policy)]
  const beside = asked.slots?.find((id) => !slots.some((slot) => slot.id === id))
  if (beside !== undefined) throw fault('business-rule', `The visit that starts there does not take Slot/${beside}.`, 'slot')
  return {
    visit: { ...visit, slots },
    plan: jointPlan(plan, plans),
    offered: { ...offered, policy: jointPolicy(offered.policy, policies) },
    beside: further.map((one) => ({ plan: one.plan, policy: one.policy })),
  }
}

/** What no other time would mend is said as a rule; a group that could serve is a matter of time. */
function assertServes(
  group: JointGroup,
  free: ReadonlyMap<string, FreeOfOne>,
  asked: TimeAsked,
  { visit, offered }: VisitTaken,
  asking: { now: number; online: boolean },
): void {
  const refusals = group.map(({ schedule }) => {
    const one = free.get(schedule)
    const terms = one && offeredBeside(one.plan, asked.service, offered.service)
    if (!one || !terms) return 'A Schedule that is to take part does not offer this service.'
    return brokenByFurther({ ...asking, start: visit.start, end: visit.end, plan: one.plan, policy: terms.policy })?.message
  })
  const [refusal] = refusals
  if (refusals.length === 0)
    throw fault('business-rule', 'A resource-group names nobody who has a Schedule of their own.', 'resource-group')
  if (refusal !== undefined && refusals.every((one) => one !== undefined)) throw fault('business-rule', refusal, 'resource-group')
}
