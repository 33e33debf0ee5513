/**
 * When can this patient be seen: on one Schedule (`find.ts`), or, where groups say so, on several at once (`find-joint.ts`).
 * And what a wish that could not be had asks of free time.
 */
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { House } from '../store/house.ts'
import type { SlotContext } from '../store/visit-context.ts'
import { findVisits } from './find.ts'
import { findJointVisits } from './find-joint.ts'
import type { FindQuery } from './find-query.ts'
import { schedulesIn } from './joint-calendars.ts'
import type { ServiceChoice } from './service-choice.ts'

export const findTimes = (house: House, query: FindQuery, groups?: readonly JointGroup[]): ReturnType<typeof findVisits> =>
  groups ? findJointVisits(house, query, groups) : findVisits(house, query)

/** A time that was asked for and could not be had. */
export type Wish = {
  readonly schedule: string
  readonly service: ServiceChoice
  readonly minutes?: number
  readonly from: number
  readonly online: boolean
  /** Of a visit over several Schedules at once. */
  readonly groups?: readonly JointGroup[]
}

/** Of a visit that is asked for in this Slot. */
export const wishInSlot = (
  asked: Omit<Wish, 'schedule' | 'from'>,
  { schedule, starts }: Pick<SlotContext, 'schedule' | 'starts'>,
): Wish => ({
  schedule,
  service: asked.service,
  minutes: asked.minutes,
  from: starts.getTime(),
  online: asked.online,
  groups: asked.groups,
})

/** Other times for the same visit. */
export const timesLike = (
  house: House,
  { schedule, service, minutes, online, groups }: Wish,
  window: Pick<FindQuery, 'from' | 'until' | 'count' | 'busy'>,
): ReturnType<typeof findVisits> =>
  findTimes(house, { ...window, schedules: groups ? schedulesIn(groups.slice(0, 1)) : [schedule], service, minutes, online }, groups)
