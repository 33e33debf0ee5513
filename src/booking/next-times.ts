/**
 * Up to three times to offer to somebody who was refused. Under a stampede everyone asks the same at once, so requests
 * that are under way together share one look.
 */
import { Fault, type NextTime } from '../base/fault.ts'
import { findWindowDaysDefault, nextTimesMax } from '../base/limits.ts'
import { instantOf } from '../fhir/resource.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { Pool } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { findVisits } from './find.ts'
import { findJointVisits } from './find-joint.ts'
import { schedulesIn } from './joint-calendars.ts'
import type { ServiceChoice } from './service-choice.ts'

export type Wish = {
  readonly schedule: string
  readonly service: ServiceChoice
  readonly minutes?: number
  readonly from: number
  readonly online: boolean
  /** Of a visit over several Schedules at once. */
  readonly groups?: readonly JointGroup[]
}

const underWay = new WeakMap<Pool, Map<string, Promise<NextTime[]>>>()

export function nextTimes(house: House, wish: Wish): Promise<NextTime[]> {
  const looks = underWay.get(house.pool) ?? new Map<string, Promise<NextTime[]>>()
  underWay.set(house.pool, looks)
  const key = JSON.stringify(wish)
  const shared = looks.get(key)
  if (shared) return shared
  const look = lookAhead(house, wish)
    .catch(noneIfTooCostly)
    .finally(() => looks.delete(key))
  looks.set(key, look)
  return look
}

/** Who was refused a time hears that, not that other times were hard to find. */
function noneIfTooCostly(error: unknown): NextTime[] {
  if (error instanceof Fault && error.kind === 'too-costly') return []
  throw error
}

async function lookAhead(house: House, wish: Wish): Promise<NextTime[]> {
  const query = {
    schedules: wish.groups ? schedulesIn(wish.groups.slice(0, 1)) : [wish.schedule],
    from: wish.from,
    until: wish.from + findWindowDaysDefault * 86_400_000,
    count: nextTimesMax,
    service: wish.service,
    minutes: wish.minutes,
    online: wish.online,
  }
  const { found } = await (wish.groups ? findJointVisits(house, query, wish.groups) : findVisits(house, query))
  return found.map(({ visit }) => ({ slot: `Slot/${visit.slot.id}`, start: instantOf(visit.start), end: instantOf(visit.end) }))
}
