/**
 * `minNoticeMinutes`: a visit is booked at least so long before it starts, in real time.
 */
import { minuteMs } from '../../base/durations.ts'
import type { BookingRule } from '../booking-request.ts'
import { spokenMinutes } from '../local-time.ts'

export const minNotice: BookingRule = ({ now, start, policy: { minNoticeMinutes } }) =>
  start < now + minNoticeMinutes * minuteMs
    ? {
        rule: 'min-notice',
        message: `This visit must be booked at least ${spokenMinutes(minNoticeMinutes)} ahead.`,
        expression: 'Appointment.start',
      }
    : undefined
