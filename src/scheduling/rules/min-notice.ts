/**
 * `minNoticeMinutes`: a visit is booked at least so long before it starts, in real time.
 */
import type { BookingRule } from '../booking-request.ts'
import { minuteMs } from '../local-time.ts'

export const minNotice: BookingRule = ({ now, start, policy: { minNoticeMinutes } }) =>
  start < now + minNoticeMinutes * minuteMs
    ? {
        rule: 'min-notice',
        message: `This visit must be booked at least ${spoken(minNoticeMinutes)} ahead.`,
        expression: 'Appointment.start',
      }
    : undefined

const units = [
  { minutes: 24 * 60, name: 'day' },
  { minutes: 60, name: 'hour' },
  { minutes: 1, name: 'minute' },
]

/** In the largest unit that says it exactly: 2880 is two days, 90 is 90 minutes. */
function spoken(minutes: number): string {
  const unit = units.find((one) => minutes % one.minutes === 0)
  const count = minutes / (unit?.minutes ?? 1)
  return `${count} ${unit?.name}${count === 1 ? '' : 's'}`
}
