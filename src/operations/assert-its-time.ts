/**
 * A hold and a proposal have their time: who names one may say it again, as a client does that sends the whole Appointment
 * back, and nothing else. Left out: an Appointment that can be put to another time (`book-stored.ts`).
 */
import { fault } from '../base/fault.ts'
import { idsNamed } from '../booking/participants.ts'
import { scheduleOfVisit } from '../booking/schedule-of-visit.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { type SlotsAsked, slotsIn } from './slots-asked.ts'

/** Throws `value`. */
export async function assertItsTime(
  house: House,
  asked: SlotsAsked & { readonly start?: number },
  { name, visit }: { readonly name: string; readonly visit: Resource },
): Promise<void> {
  const own = idsNamed(visit.slot, 'Slot', house.base)
  if (slotsIn(asked).some((slot) => !own.includes(slot))) throw fault('value', `The ${name} is of another Slot.`, 'slot')
  if (asked.start !== undefined && asked.start !== Date.parse(String(visit.start)))
    throw fault('value', `The ${name} has another start.`, 'start')
  if (asked.schedule !== undefined && asked.schedule !== (await scheduleOfVisit(house, visit)))
    throw fault('value', `The ${name} is of another Schedule.`, 'schedule')
}
