/**
 * Whether a visit may be given up, or left for another time: `cancelNoticeMinutes` and `maxReschedules` of its policy
 * (docs/booking.md). The notice binds patients; staff cancel when they must, and the visit is then marked as cancelled late.
 */
import { minuteMs } from '../base/durations.ts'
import type { BookingPolicy } from './booking-policy.ts'
import type { Refusal } from './booking-request.ts'
import { spokenMinutes } from './local-time.ts'

export type Leaving = {
  /** Unix milliseconds. */
  readonly now: number
  readonly start: number
  readonly policy: BookingPolicy
  /** The patient leaves it, not the front desk. */
  readonly online: boolean
  /** How often it was moved before, along its whole chain; undefined where it is given up, not moved. */
  readonly moves?: number
}

/** The rule that speaks against it, in its own words. */
export function brokenLeavingRule(leaving: Leaving): Refusal | undefined {
  const { policy, moves } = leaving
  if (moves !== undefined && policy.maxReschedules !== undefined && moves >= policy.maxReschedules)
    return { rule: 'max-reschedules', message: movedEnough(policy.maxReschedules), expression: 'Appointment.start' }
  if (!leaving.online || !isLate(leaving)) return undefined
  const notice = spokenMinutes(policy.cancelNoticeMinutes)
  return {
    rule: 'cancel-notice',
    message: `This visit can be cancelled or moved online until ${notice} before it starts. Please call the clinic.`,
    expression: 'Appointment.start',
  }
}

/** Whether there is less notice than the clinic asks for. One that has begun is late in any case where notice is asked for. */
export const isLate = ({ now, start, policy: { cancelNoticeMinutes } }: Pick<Leaving, 'now' | 'start' | 'policy'>): boolean =>
  cancelNoticeMinutes > 0 && now > start - cancelNoticeMinutes * minuteMs

const movedEnough = (most: number): string =>
  most === 0
    ? 'This visit cannot be moved to another time.'
    : `This visit has been moved ${most === 1 ? 'once' : `${most} times`} already, as often as it may be.`
