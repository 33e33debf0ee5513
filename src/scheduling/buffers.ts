/**
 * Buffers: what a visit takes up before and after itself, by the policy that it is booked under. docs/booking.md
 */
import { minuteMs } from '../base/durations.ts'
import type { Interval } from '../base/interval.ts'
import type { BookingPolicy } from './booking-policy.ts'

export type Buffers = Pick<BookingPolicy, 'bufferBeforeMinutes' | 'bufferAfterMinutes'>

export const noBuffers: Buffers = { bufferBeforeMinutes: 0, bufferAfterMinutes: 0 }

export const withBuffers = ({ start, end }: Interval, { bufferBeforeMinutes, bufferAfterMinutes }: Buffers): Interval => ({
  start: start - bufferBeforeMinutes * minuteMs,
  end: end + bufferAfterMinutes * minuteMs,
})
