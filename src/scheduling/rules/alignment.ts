/**
 * `alignmentMinutes`: a visit starts at a multiple of it since local midnight, as the clinic's clock shows (every 20
 * minutes: 09:00, 09:20, 09:40). On the night of a clock change that is the clock's reading, not the hours gone by.
 */
import type { BookingRule } from '../booking-request.ts'
import { isAligned, localReading } from '../local-time.ts'

export const alignment: BookingRule = ({ start, plan, policy: { alignmentMinutes } }) =>
  isAligned(localReading(plan.zone, start).minutes, alignmentMinutes)
    ? undefined
    : {
        rule: 'alignment',
        message: `This visit starts every ${alignmentMinutes} minutes of the clinic's day.`,
        expression: 'Appointment.start',
      }
