/**
 * Other times for one visit of a series that cannot be had where it should be: those of the same local day first, the nearest
 * before the others, then those of the days around it.
 */
import type { NextTime } from '../base/fault.ts'
import type { Interval } from '../base/interval.ts'
import { nearDaysMax, nearTimesReadMax, nextTimesMax } from '../base/limits.ts'
import { instantOf } from '../fhir/resource.ts'
import { dayMs, localReading } from '../scheduling/local-time.ts'
import type { Visit } from '../scheduling/visits.ts'
import type { House } from '../store/house.ts'
import { findVisits } from './find.ts'
import { findJointVisits } from './find-joint.ts'
import { schedulesIn } from './joint-calendars.ts'
import type { Wish } from './next-times.ts'

/** `wish.from` is when the visit should have been; `busy` is the patient's own time. */
export async function nearTimes(house: House, wish: Wish, zone: string, busy: readonly Interval[]): Promise<NextTime[]> {
  const query = {
    schedules: wish.groups ? schedulesIn(wish.groups.slice(0, 1)) : [wish.schedule],
    from: wish.from - nearDaysMax * dayMs,
    until: wish.from + nearDaysMax * dayMs,
    count: nearTimesReadMax,
    service: wish.service,
    minutes: wish.minutes,
    online: wish.online,
    busy,
  }
  const { found } = await (wish.groups ? findJointVisits(house, query, wish.groups) : findVisits(house, query))
  const { day } = localReading(zone, wish.from)
  const daysOff = ({ start }: Visit): number => Math.abs(localReading(zone, start).day - day)
  const minutesOff = ({ start }: Visit): number => Math.abs(start - wish.from)
  return found
    .map(({ visit }) => visit)
    .filter(({ start }) => start !== wish.from)
    .sort((a, b) => daysOff(a) - daysOff(b) || minutesOff(a) - minutesOff(b) || a.start - b.start)
    .slice(0, nextTimesMax)
    .map(({ slot, start, end }) => ({ slot: `Slot/${slot.id}`, start: instantOf(start), end: instantOf(end) }))
}
