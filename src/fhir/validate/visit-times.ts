/**
 * Our own rules for the times of a Slot and an Appointment: each ends after it starts, as R5 asks (app-5) and R4 leaves open,
 * and a visit's minutes lie between the two.
 * https://hl7.org/fhir/R5/appointment.html#invs
 * Also refused is a leap second: a booked span must be an instant that every clock and calendar agrees on.
 */
import { spanOf } from '../date-time.ts'
import type { Rule } from './invariants.ts'

type Times = { readonly start?: unknown; readonly end?: unknown }

const instantOf = (text: unknown): number | undefined => (typeof text === 'string' ? spanOf(text)?.lower : undefined)

function endsAfterStart(value: unknown): boolean {
  const { start, end } = value as Times
  const [from, to] = [instantOf(start), instantOf(end)]
  return from === undefined || to === undefined || from < to
}

/** R4: it may be less than from start to end, where the visit has a break. A part of a minute counts as one. */
function hasItsMinutes(value: unknown): boolean {
  const { start, end, minutesDuration } = value as Times & { readonly minutesDuration?: unknown }
  const [from, to] = [instantOf(start), instantOf(end)]
  if (from === undefined || to === undefined || typeof minutesDuration !== 'number') return true
  return minutesDuration <= Math.max(1, Math.ceil((to - from) / 60_000))
}

const hasLeapSecond = (text: unknown): boolean => typeof text === 'string' && text.slice(16, 19) === ':60'

const noLeapSecond = (child: 'start' | 'end'): Rule => ({
  key: 'slotwise-leap-second',
  severity: 'error',
  human: 'A time that can be booked is not a leap second: write :59, or :00 of the next minute',
  child,
  holds: (value) => !hasLeapSecond((value as Times)[child]),
})

const spanRules: readonly Rule[] = [
  { key: 'slotwise-start-end', severity: 'error', human: 'The end must be later than the start', child: 'end', holds: endsAfterStart },
  noLeapSecond('start'),
  noLeapSecond('end'),
]

const visitRules: readonly Rule[] = [
  ...spanRules,
  {
    key: 'slotwise-minutes',
    severity: 'error',
    human: 'A visit takes no more minutes than lie between its start and its end',
    child: 'minutesDuration',
    holds: hasItsMinutes,
  },
]

/** By type, beside what the specification asks of it. */
export const ownRules: Readonly<Record<string, readonly Rule[]>> = { Slot: spanRules, Appointment: visitRules }
