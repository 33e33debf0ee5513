/**
 * A hold and a proposal have their time: who names one may say it again, as a client does that sends the whole Appointment
 * back, and nothing else. Left out: an Appointment that can be put to another time (`book-stored.ts`).
 */
import { fault } from '../base/fault.ts'
import { idsNamed } from '../booking/participants.ts'
import { scheduleOfVisit, schedulesOfVisit } from '../booking/schedule-of-visit.ts'
import { visitLength } from '../booking/visit-length.ts'
import type { Resource } from '../fhir/resource.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { House } from '../store/house.ts'
import { slotsIn } from './slots-asked.ts'
import type { VisitRequest } from './visit-request.ts'

/** Throws `value`. */
export async function assertItsTime(
  house: House,
  asked: VisitRequest,
  { name, visit }: { readonly name: string; readonly visit: Resource },
): Promise<void> {
  const own = idsNamed(visit.slot, 'Slot', house.base)
  if (slotsIn(asked).some((slot) => !own.includes(slot))) throw fault('value', `The ${name} is of another Slot.`, 'slot')
  if (asked.start !== undefined && asked.start !== Date.parse(String(visit.start)))
    throw fault('value', `The ${name} has another start.`, 'start')
  if (!hasItsLength(asked, visit)) throw fault('value', `The ${name} has another length.`, 'duration')
  if (asked.schedule !== undefined && asked.schedule !== (await scheduleOfVisit(house, visit)))
    throw fault('value', `The ${name} is of another Schedule.`, 'schedule')
  if (!(await hasItsGroups(house, asked, visit))) throw fault('value', `The ${name} is of other actors.`, 'resource-group')
}

/** In whole minutes, as `minutesDuration` says it. */
export function hasItsLength({ minutes }: VisitRequest, visit: Resource): boolean {
  const own = visitLength(visit)
  return minutes === undefined || own === undefined || wholeMinutes(minutes) === wholeMinutes(own)
}

const wholeMinutes = (minutes: number): number => Math.max(1, Math.round(minutes))

/** It starts on a Schedule of the first group; each group has one of its Schedules, and each of its Schedules is in a group. */
export async function hasItsGroups(house: House, { groups, grouped }: VisitRequest, visit: Resource): Promise<boolean> {
  if (!grouped || !groups) return true
  const own = await schedulesOfVisit(house, visit)
  const isIn = (schedule: string | undefined) => (group: JointGroup) => group.some((option) => option.schedule === schedule)
  const [first] = groups
  if (!first || !isIn(own[0])(first)) return false
  return groups.every((group) => own.some((schedule) => isIn(schedule)(group))) && own.every((schedule) => groups.some(isIn(schedule)))
}
