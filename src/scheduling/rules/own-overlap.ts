/**
 * Nobody is in two places: a patient's own visits do not overlap. A rule and not a claim (docs/booking.md), so that the
 * front desk may still put it right.
 */
import type { BookingRule } from '../booking-request.ts'

export const ownOverlap: BookingRule = ({ ownOverlap }) =>
  ownOverlap
    ? { rule: 'own-overlap', message: 'The patient has another visit at that time.', expression: 'Appointment.participant' }
    : undefined
