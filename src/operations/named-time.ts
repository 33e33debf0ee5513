/**
 * Which Slot is meant where none is named: by a Schedule and a start (ISiK), or by a start alone of a visit that stands
 * (it stays on its Schedule). CONTRACT §4.
 */
import { fault } from '../base/fault.ts'
import { spanOf, timestampText } from '../fhir/date-time.ts'
import type { House } from '../store/house.ts'
import { slotStartingAt } from '../store/slots.ts'

/** The Slot of the Schedule that starts then, a free one first. */
export async function slotAt(house: House, schedule: string, start: string): Promise<string> {
  const instant = spanOf(start)?.lower
  if (instant === undefined) throw fault('value', 'The start is an instant such as 2026-11-23T09:00:00Z.', 'start')
  const slot = await slotStartingAt(house.pool, schedule, timestampText(instant))
  if (slot === undefined) throw fault('business-rule', 'No Slot of this Schedule starts at that time.', 'start')
  return slot
}
