/**
 * Other times for one visit of a series that cannot be had where it should be: those of the same local week first, in it those
 * of the same day and of the days nearest to it, and of a day the nearest.
 */
import { dayMs } from '../base/durations.ts'
import type { NextTime } from '../base/fault.ts'
import type { Interval } from '../base/interval.ts'
import { nearDaysMax, nearTimesReadMax } from '../base/limits.ts'
import { instantOf } from '../fhir/resource.ts'
import { localReading, weekOf } from '../scheduling/local-time.ts'
import type { Visit } from '../scheduling/visits.ts'
import type { House } from '../store/house.ts'
import { timesLike, type Wish } from './find-times.ts'

export type NearTime = NextTime & { readonly time: Interval }

type Unwanted = { readonly wish: Wish; readonly busy: readonly Interval[]; readonly wholeDay?: boolean }

/** `wish.from` is when the visit should have been; `busy` is time that is not to be proposed. */
export async function nearTimes(house: House, { wish, busy, wholeDay }: Unwanted, zone: string): Promise<NearTime[]> {
  const { found } = await timesLike(house, wish, {
    from: wish.from - nearDaysMax * dayMs,
    until: wish.from + nearDaysMax * dayMs,
    count: nearTimesReadMax,
    busy,
  })
  const { day } = localReading(zone, wish.from)
  const weeksOff = ({ start }: Visit): number => Math.abs(weekOf(localReading(zone, start).day) - weekOf(day))
  const daysOff = ({ start }: Visit): number => Math.abs(localReading(zone, start).day - day)
  const minutesOff = ({ start }: Visit): number => Math.abs(start - wish.from)
  return found
    .map(({ visit }) => visit)
    .filter((visit) => visit.start !== wish.from && !(wholeDay && daysOff(visit) === 0))
    .sort((a, b) => weeksOff(a) - weeksOff(b) || daysOff(a) - daysOff(b) || minutesOff(a) - minutesOff(b) || a.start - b.start)
    .map(({ slot, start, end }) => ({ slot: `Slot/${slot.id}`, start: instantOf(start), end: instantOf(end), time: { start, end } }))
}
