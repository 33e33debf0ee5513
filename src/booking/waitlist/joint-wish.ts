/**
 * An entry of the waitlist that names actors of several Schedules: a practitioner and a room, any one of each. A freed time
 * of one of them is of use where all the others are free with it. docs/waitlist.md#several-at-once
 * The practitioners lead, else the places: the visit starts on their Schedule's grid, as in docs/decisions/0016.
 */
import { waitlistJointSchedulesMax, waitlistJointStartsMax } from '../../base/limits.ts'
import type { JointGroup } from '../../scheduling/joint-visits.ts'
import type { SchedulePlan } from '../../scheduling/schedule-plan.ts'
import { kindsNamed, type WaitlistWish } from '../../scheduling/waitlist-wish.ts'
import type { Db } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { plansNaming, schedulesMatching } from '../../store/plans.ts'
import { freeOfEach } from '../joint-calendars.ts'
import { plansAt } from '../plans.ts'
import type { FreedTime } from './freed-time.ts'

/** Whether no Schedule by itself has one of each kind that it names. */
export async function namesSeveralSchedules(db: Db, wish: WaitlistWish): Promise<boolean> {
  const kinds = kindsNamed(wish)
  return kinds.length > 1 && (await schedulesMatching(db, kinds, 1)).length === 0
}

/** Whether this Schedule alone has one of each kind. */
export const hasAll = ({ terms }: SchedulePlan, wish: WaitlistWish): boolean =>
  kindsNamed(wish).every((kind) => kind.some((word) => terms.includes(word)))

/** Where a visit with everybody may start that takes the freed time: the time of who leads, and the groups, theirs the first. */
export type JointStart = { readonly lead: FreedTime; readonly groups: readonly JointGroup[] }

/** In order of time. None where somebody whom it names has no Schedule, or the freed time is nobody's of them. */
export async function jointStarts(house: House, time: FreedTime, wish: WaitlistWish): Promise<JointStart[]> {
  const kinds = kindsNamed(wish)
  const versions = await plansNaming(house.pool, kinds.flat(), waitlistJointSchedulesMax)
  const plans = [...(await plansAt(house, versions)).values()].sort((a, b) => (a.schedule < b.schedule ? -1 : 1))
  const all = kinds.map((words): JointGroup => plans.flatMap((plan) => optionsOf(plan, words)))
  const isFreed = ({ schedule }: { readonly schedule: string }) => schedule === time.plan.schedule
  const whose = all.findIndex((group) => group.some(isFreed))
  if (whose < 0 || all.some((group) => group.length === 0)) return []
  const groups = all.map((group, n) => (n === whose ? group.filter(isFreed) : group))
  if (whose === 0) return [{ lead: time, groups }]
  return (await freeOfLeads(house, time, groups[0] ?? [])).map((lead) => ({ lead, groups }))
}

/** A word of `find-terms.ts` is `practitioner=Practitioner/1`. */
const optionsOf = ({ terms, schedule }: SchedulePlan, words: readonly string[]): JointGroup =>
  words.filter((word) => terms.includes(word)).map((word) => ({ actor: word.slice(word.indexOf('=') + 1), schedule }))

async function freeOfLeads(house: House, { start, end, holder }: FreedTime, leads: JointGroup): Promise<FreedTime[]> {
  const schedules = [...new Set(leads.map(({ schedule }) => schedule))]
  const free = await freeOfEach(house, schedules, { from: start, until: end, own: holder === undefined ? [] : [holder] })
  return [...free.values()]
    .filter(({ plan }) => plan.active)
    .flatMap((one) => one.free.map((slot) => ({ slot: slot.id, start: slot.start, end: slot.end, plan: one.plan, holder })))
    .filter((slot) => slot.start >= start && slot.start < end)
    .sort((a, b) => a.start - b.start || (a.slot < b.slot ? -1 : 1))
    .slice(0, waitlistJointStartsMax)
}
