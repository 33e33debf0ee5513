/**
 * What several Schedules have free beside each other: read in one statement, and made into calendars for a service.
 * A Schedule that offers services lends itself to those alone; a room or a device that names none serves any.
 */
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { findRowsMax } from '../base/limits.ts'
import { instantOf } from '../fhir/resource.ts'
import type { BookingPolicy } from '../scheduling/booking-policy.ts'
import { type Calendar, calendarOf } from '../scheduling/calendar.ts'
import { codingsOf } from '../scheduling/concept.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { SchedulePlan, ServiceOffer } from '../scheduling/schedule-plan.ts'
import type { FreeSlot, Taken } from '../scheduling/visits.ts'
import { freeTimeOfEach } from '../store/free-time-of-each.ts'
import type { House } from '../store/house.ts'
import { plansAt } from './plans.ts'
import { type Offered, offersOf, type ServiceChoice } from './service-choice.ts'

export const schedulesIn = (groups: readonly JointGroup[]): string[] => [
  ...new Set(groups.flatMap((group) => group.map(({ schedule }) => schedule))),
]

/** Harm is weighed by what is free on the whole local day, so the days around the window are read too. */

export type FreeOfOne = { readonly plan: SchedulePlan; readonly free: readonly FreeSlot[]; readonly taken: readonly Taken[] }

/** `own`: whose time is given back in the same transaction (`Appointment/1`, `Slot/1`). Throws too-costly. */
export async function freeOfEach(
  house: House,
  schedules: readonly string[],
  window: { readonly from: number; readonly until: number; readonly own?: readonly string[] },
): Promise<Map<string, FreeOfOne>> {
  const each = Math.ceil(findRowsMax / Math.max(1, schedules.length))
  const rows = await freeTimeOfEach(house.pool, {
    schedules,
    from: instantOf(window.from - dayMs),
    until: instantOf(window.until + dayMs),
    each: each + 1,
    own: window.own ?? [],
  })
  const plans = await plansAt(house, new Map(rows.map(({ schedule, version }) => [schedule, version])))
  const found = new Map<string, FreeOfOne>()
  for (const { schedule, free, taken } of rows) {
    const plan = plans.get(schedule)
    const slots = JSON.parse(free) as [string, number, number, string | null][]
    if (slots.length > each) throw fault('too-costly', 'Too many free Slots: ask for a shorter window, or for fewer actors.')
    if (plan)
      found.set(schedule, {
        plan,
        free: slots.map(([id, start, end, session]) => ({ id, schedule, start, end, session: session ?? undefined })),
        taken: (JSON.parse(taken) as [number, number, string | null][]).map(([start, end, session]) => ({
          resource: schedule,
          start,
          end,
          session: session ?? undefined,
        })),
      })
  }
  return found
}

type Asking = { readonly now: number; readonly online: boolean }

export const calendarFor = ({ plan, free, taken }: FreeOfOne, { policy, service }: Offered, { now, online }: Asking): Calendar =>
  calendarOf({ plan, policy, service, free, taken, now, online })

/** A further Schedule's terms for the service that the first one gives; undefined where it is for others. */
export function offeredBeside(plan: SchedulePlan, choice: ServiceChoice, service: ServiceOffer | undefined): Offered | undefined {
  const types = codingsOf([...(service?.types ?? [])]).flatMap(({ system, code }) => (code === undefined ? [] : [{ system, code }]))
  const wanted = { reference: service?.reference ?? choice.reference, types: [...(choice.types ?? []), ...types] }
  const [offered] = offersOf(plan, wanted)
  if (offered) return offered
  const namesNone = plan.services.length === 0 && (plan.template.serviceType ?? []).length === 0
  return namesNone ? { policy: plan.policy as BookingPolicy } : undefined
}

/** Calendars of further Schedules, each made once for each service of a first one. */
export function calendarsBeside(free: ReadonlyMap<string, FreeOfOne>, choice: ServiceChoice, asking: Asking) {
  const made = new Map<string, Calendar | undefined>()
  return (schedule: string, service: ServiceOffer | undefined): Calendar | undefined => {
    const key = `${schedule} ${service?.reference ?? ''}`
    if (!made.has(key)) made.set(key, calendarBeside(free.get(schedule), choice, service, asking))
    return made.get(key)
  }
}

function calendarBeside(
  one: FreeOfOne | undefined,
  choice: ServiceChoice,
  service: ServiceOffer | undefined,
  asking: Asking,
): Calendar | undefined {
  const offered = one && offeredBeside(one.plan, choice, service)
  return one && offered && calendarFor(one, offered, asking)
}
