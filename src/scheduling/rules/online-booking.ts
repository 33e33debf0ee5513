/**
 * `onlineBooking` false: patients book through the clinic's own staff.
 */
import type { BookingRule } from '../booking-request.ts'

export const onlineBooking: BookingRule = ({ online, policy }) =>
  online && !policy.onlineBooking
    ? {
        rule: 'online-booking',
        message: 'This visit cannot be booked online. Please call the clinic.',
        expression: 'Appointment.serviceType',
      }
    : undefined
