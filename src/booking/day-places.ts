/**
 * Daily caps: `maxPerDay` and `maxOnlinePerDay` of a Schedule's local day.
 */
import { fault } from '../base/fault.ts'
import { dayPlacesMax } from '../base/limits.ts'
import type { BookingPolicy } from '../scheduling/booking-policy.ts'
import { localDate } from '../scheduling/local-time.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { Tx } from '../store/db.ts'
import { type DayPlace, takeDayPlace } from '../store/visit-caps.ts'

type DayVisit = {
  readonly start: number
  readonly holder: string
  readonly online: boolean
  /** False lets it in beyond the cap, and counts it. */
  readonly bound: boolean
  /** A hold's end. */
  readonly expires?: string
}

/** The places that a visit takes. */
export function capsOf(plan: SchedulePlan, policy: BookingPolicy, { start, holder, online, bound, expires }: DayVisit): DayPlace[] {
  const date = localDate(plan.zone, start)
  const place = (kind: 'day' | 'online', max: number | undefined): DayPlace[] =>
    max === undefined ? [] : [{ schedule: plan.schedule, date, kind, holder, max: bound ? max : undefined, expires }]
  return [...place('day', policy.maxPerDay), ...(online ? place('online', policy.maxOnlinePerDay) : [])]
}

type Counted = { readonly plan: SchedulePlan; readonly policy: BookingPolicy }
type Taking = { readonly plan: SchedulePlan; readonly offered: { readonly policy: BookingPolicy }; readonly beside: readonly Counted[] }

/** Those of every Schedule that a visit takes, in one order for everybody. */
export function capsOfAll({ plan, offered, beside }: Taking, visit: DayVisit): DayPlace[] {
  const own = capsOf(plan, offered.policy, visit)
  if (beside.length === 0) return own
  const all = [...own, ...beside.flatMap((one) => capsOf(one.plan, one.policy, visit))]
  return all.sort((a, b) => (a.schedule < b.schedule ? -1 : 1))
}

/** Throws `business-rule` when a day is full. */
export async function takeDayPlaces(tx: Tx, places: readonly DayPlace[]): Promise<void> {
  for (const place of places) if (!(await takeDayPlace(tx, place))) throw fault('business-rule', dayIsFull(place), 'start')
}

export const dayIsFull = ({ kind, max = dayPlacesMax }: DayPlace): string =>
  kind === 'day'
    ? `No more than ${max} visits a day are taken here, and that day is full.`
    : `No more than ${max} visits a day are taken online here, and that day is full. Call the clinic.`
