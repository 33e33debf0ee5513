/**
 * The Schedule that a visit is booked on; of several the first that the visit names, where it starts.
 */
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { namedSlots } from '../store/named-slots.ts'
import { idsNamed } from './participants.ts'

/** Undefined: it stands in no Slot. */
export async function scheduleOfVisit({ pool, base }: House, appointment: Resource): Promise<string | undefined> {
  const ids = idsNamed(appointment.slot, 'Slot', base)
  const slots = await namedSlots(pool, ids)
  return slots.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))[0]?.schedule
}
