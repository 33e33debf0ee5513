/**
 * `newPatients` false: only patients who have been here before.
 */
import type { BookingRule } from '../booking-request.ts'

export const newPatients: BookingRule = ({ patientIsNew, policy }) =>
  patientIsNew && !policy.newPatients
    ? { rule: 'new-patients', message: 'No new patients are being taken here.', expression: 'Appointment.participant' }
    : undefined
