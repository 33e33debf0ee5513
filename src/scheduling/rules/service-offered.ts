/**
 * A visit is for a service that the Schedule offers (docs/booking.md), at a time that no rule keeps for other services.
 */
import { gridSlots, openings } from '../availability.ts'
import type { BookingRequest, BookingRule } from '../booking-request.ts'
import { conceptsMatch } from '../concept.ts'
import type { ServiceOffer } from '../service-offers.ts'

export const serviceOffered: BookingRule = (request) => {
  const { plan, service } = request
  if (!service) return undefined
  if (!plan.services.some((offer) => offer.reference === service.reference)) {
    return { rule: 'service-offered', message: 'This schedule does not offer that service.', expression: 'Appointment.serviceType' }
  }
  if (!keptForOthers(request, service)) return undefined
  return { rule: 'service-offered', message: 'That time is kept for other services.', expression: 'Appointment.serviceType' }
}

/** Whether one of the Slots stands on the grid of an opening for other services only. */
function keptForOthers({ plan, slots }: BookingRequest, service: ServiceOffer): boolean {
  if (!plan.rules.some((rule) => rule.serviceType)) return false
  return slots.some(({ start, end }) =>
    openings(plan, start, end).some(
      (opening) =>
        opening.serviceType && !conceptsMatch(opening.serviceType, service.types) && gridSlots(opening).some((s) => s.start === start),
    ),
  )
}
