/**
 * Up to three times to offer to somebody who was refused. Under a stampede everyone asks the same at once, so requests
 * that are under way together share one look.
 */
import { dayMs } from '../base/durations.ts'
import { Fault, fault, type NextTime } from '../base/fault.ts'
import { findWindowDaysDefault, nextTimesMax } from '../base/limits.ts'
import { instantOf } from '../fhir/resource.ts'
import type { Pool } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { timesLike, type Wish } from './find-times.ts'

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

/** What to throw where the time is somebody else's. */
export const refusedWithNextTimes = async (house: House, wish: Wish): Promise<Error> =>
  fault('conflict', 'This time has just been taken.', 'slot', await nextTimes(house, wish))

/** Who was refused a time hears that, not that other times were hard to find. */
function noneIfTooCostly(error: unknown): NextTime[] {
  if (error instanceof Fault && error.kind === 'too-costly') return []
  throw error
}

async function lookAhead(house: House, wish: Wish): Promise<NextTime[]> {
  const until = wish.from + findWindowDaysDefault * dayMs
  const { found } = await timesLike(house, wish, { from: wish.from, until, count: nextTimesMax })
  return found.map(({ visit }) => ({ slot: `Slot/${visit.slot.id}`, start: instantOf(visit.start), end: instantOf(visit.end) }))
}
