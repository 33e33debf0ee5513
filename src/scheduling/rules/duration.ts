/**
 * A visit takes as long as was asked for by name, else as long as the service says (`durationMinutes`).
 */
import { minuteMs } from '../../base/durations.ts'
import { visitMinutesMax } from '../../base/limits.ts'
import type { BookingRule } from '../booking-request.ts'

export const duration: BookingRule = ({ start, end, policy, requestedDurationMinutes, overridden }) => {
  const minutes = (end - start) / minuteMs
  const due = overridden ? undefined : (requestedDurationMinutes ?? policy.durationMinutes)
  if (minutes <= 0) return refusal('A visit ends after it starts.')
  if (minutes > visitMinutesMax) return refusal(`A visit takes at most ${visitMinutesMax / 60} hours.`)
  return due === undefined || minutes === due ? undefined : refusal(`This visit takes ${due} minutes.`)
}

const refusal = (message: string) => ({ rule: 'duration', message, expression: 'Appointment.end' })
