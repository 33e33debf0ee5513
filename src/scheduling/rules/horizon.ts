/**
 * `maxAdvanceDays`: the last day that may be booked, counted in the clinic's local days from today; 0 is today only.
 */
import type { BookingRule } from '../booking-request.ts'
import { localReading } from '../local-time.ts'

export const horizon: BookingRule = ({ now, start, plan: { zone }, policy: { maxAdvanceDays } }) => {
  if (maxAdvanceDays === undefined || localReading(zone, start).day <= localReading(zone, now).day + maxAdvanceDays) return undefined
  const days = maxAdvanceDays === 1 ? '1 day' : `${maxAdvanceDays} days`
  return { rule: 'horizon', message: `This visit cannot be booked more than ${days} ahead.`, expression: 'Appointment.start' }
}
