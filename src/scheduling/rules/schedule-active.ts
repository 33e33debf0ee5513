/**
 * A Schedule that is not active takes no bookings. https://hl7.org/fhir/R4/schedule-definitions.html#Schedule.active
 */
import type { BookingRule } from '../booking-request.ts'

export const scheduleActive: BookingRule = ({ plan }) =>
  plan.active ? undefined : { rule: 'schedule-active', message: 'This schedule no longer takes bookings.', expression: 'Appointment.slot' }
