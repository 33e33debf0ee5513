/**
 * The Schedule that a visit is booked on; of several the first that the visit names, where it starts. Or all of them.
 */
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { namedSlots } from '../store/named-slots.ts'
import { idsNamed } from './participants.ts'

/** Undefined: it stands in no Slot. */
export const scheduleOfVisit = async (house: House, appointment: Resource): Promise<string | undefined> =>
  (await schedulesOfVisit(house, appointment))[0]

/** All of them, each once, in the order of its Slots. */
export async function schedulesOfVisit({ pool, base }: House, appointment: Resource): Promise<string[]> {
  const ids = idsNamed(appointment.slot, 'Slot', base)
  const slots = await namedSlots(pool, ids)
  return [...new Set(slots.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)).map(({ schedule }) => schedule))]
}
