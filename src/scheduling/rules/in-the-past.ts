/**
 * A visit is booked before it starts. Records of past visits are not bookings: staff write them freely (docs/booking.md).
 */
import type { BookingRule } from '../booking-request.ts'

export const inThePast: BookingRule = ({ now, start }) =>
  start < now ? { rule: 'in-the-past', message: 'That time is in the past.', expression: 'Appointment.start' } : undefined
