/**
 * What may happen to an Appointment in which status, as one table that every path obeys, and whether it takes anybody's time
 * meanwhile. https://hl7.org/fhir/R4/appointment.html#statuses; R4 names the states and leaves the moves to servers: these
 * are the ones that its notes, Argonaut and Oracle agree on, with a late arrival after a no-show.
 * Left out: records of past visits, which staff put right as they find them (docs/booking.md); who asks decides that.
 */
import { minuteMs } from '../base/durations.ts'
import type { Refusal } from './booking-request.ts'

/** What happens, and what an Appointment then is. */
const becomes = {
  propose: 'proposed',
  wait: 'waitlist',
  request: 'pending',
  book: 'booked',
  arrive: 'arrived',
  'check-in': 'checked-in',
  fulfil: 'fulfilled',
  'no-show': 'noshow',
  cancel: 'cancelled',
  retract: 'entered-in-error',
} as const

export type LifecycleEvent = keyof typeof becomes

// biome-ignore format: a table is read by its columns
const table: Readonly<Record<string, readonly LifecycleEvent[]>> = {
  proposed:           [           'wait', 'request', 'book',                                             'cancel', 'retract'],
  waitlist:           ['propose',         'request', 'book',                                             'cancel'           ],
  pending:            ['propose',                    'book',                                             'cancel', 'retract'],
  booked:             [                   'request',         'arrive', 'check-in', 'fulfil', 'no-show', 'cancel', 'retract'],
  arrived:            [                                                'check-in', 'fulfil', 'no-show', 'cancel'           ],
  'checked-in':       [                                                            'fulfil',            'cancel'           ],
  fulfilled:          [                                                                                           'retract'],
  cancelled:          [                                                                                           'retract'],
  noshow:             [                                      'arrive', 'check-in',                                'retract'],
  'entered-in-error': [],
}

/** The status after an event; undefined where it cannot happen now. */
export const statusAfter = (status: string, event: LifecycleEvent): string | undefined =>
  table[status]?.includes(event) ? becomes[event] : undefined

/** A status may always stay what it is. */
export const mayBecome = (from: string, to: string): boolean =>
  (from === to && table[from] !== undefined) || (table[from]?.some((event) => becomes[event] === to) ?? false)

/** What only the clinic can say of a visit. */
const clinics: ReadonlySet<string> = new Set(['fulfilled', 'noshow', 'entered-in-error'])

export type Transition = {
  /** Undefined: it is new. */
  readonly from: string | undefined
  readonly to: string
  /** Unix milliseconds; NaN where it has no time. */
  readonly now: number
  readonly start: number
  /** A patient says so, not staff. */
  readonly online: boolean
  /** `noShowGraceMinutes` of the visit's policy. */
  readonly graceMinutes: number
}

/** What speaks against a change of status. */
export function brokenTransition({ from, to, now, start, online, graceMinutes }: Transition): Refusal | undefined {
  if (from === to) return undefined
  if (from !== undefined && !mayBecome(from, to)) return refusal(`An Appointment that is ${from} cannot become ${to}.`)
  if (online && clinics.has(to)) return refusal(`Only the clinic can say that a visit is ${to}.`)
  if (to === 'noshow' && now < start + graceMinutes * minuteMs) return refusal(missedAfter(graceMinutes))
  return undefined
}

const missedAfter = (minutes: number): string =>
  minutes === 0
    ? 'A patient is missed at the start at the earliest.'
    : `A patient is missed ${minutes} minutes after the start at the earliest.`

const refusal = (message: string): Refusal => ({ rule: 'lifecycle', message, expression: 'Appointment.status' })

const takingTime: ReadonlySet<string> = new Set(['pending', 'booked', 'arrived', 'checked-in', 'fulfilled', 'noshow'])

/** Such an Appointment claims its actors until it has ended. */
export const takesTime = (status: string): boolean => takingTime.has(status)
