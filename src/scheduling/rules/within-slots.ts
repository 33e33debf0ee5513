/**
 * A visit lies within the Slots that it names, uses each of them, and starts where one starts. Inside a single Slot that
 * is not of the Schedule's own grid (made by hand, or an EHR's) it may start and end anywhere; it takes that whole Slot.
 */
import { contains, normalize, overlaps } from '../../base/interval.ts'
import { gridSlots, openings } from '../availability.ts'
import type { BookingRequest, BookingRule } from '../booking-request.ts'

export const withinSlots: BookingRule = (request) => {
  const visit = { start: request.start, end: request.end }
  if (!normalize(request.slots).some((span) => contains(span, visit))) {
    return { rule: 'within-slots', message: 'That time does not lie within its free slots.', expression: 'Appointment.start' }
  }
  if (request.slots.some((slot) => !overlaps(slot, visit))) {
    return { rule: 'within-slots', message: 'A slot is named that the visit does not use.', expression: 'Appointment.slot' }
  }
  if (onGrid(request)) return undefined
  return { rule: 'within-slots', message: 'A visit starts where a slot starts.', expression: 'Appointment.start' }
}

function onGrid({ plan, slots, start }: BookingRequest): boolean {
  const earliest = Math.min(...slots.map((slot) => slot.start))
  if (start === earliest) return true
  const [only, second] = slots
  if (!only || second) return false
  const generated = openings(plan, only.start, only.end).flatMap(gridSlots)
  return !generated.some((slot) => slot.start === only.start && slot.end === only.end)
}
