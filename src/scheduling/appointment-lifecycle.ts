/**
 * Which status an Appointment may have next, and whether it takes anybody's time meanwhile.
 * https://hl7.org/fhir/R4/appointment.html#statuses; R4 names the states and leaves the moves to servers: these are the
 * ones that its notes, Argonaut and Oracle agree on, with a late arrival after a no-show.
 */

const next: ReadonlyMap<string, readonly string[]> = new Map([
  ['proposed', ['pending', 'booked', 'waitlist', 'cancelled', 'entered-in-error']],
  ['waitlist', ['proposed', 'pending', 'booked', 'cancelled']],
  ['pending', ['booked', 'proposed', 'cancelled', 'entered-in-error']],
  ['booked', ['arrived', 'checked-in', 'fulfilled', 'cancelled', 'noshow', 'pending', 'entered-in-error']],
  ['arrived', ['checked-in', 'fulfilled', 'cancelled', 'noshow']],
  ['checked-in', ['fulfilled', 'cancelled']],
  ['fulfilled', ['entered-in-error']],
  ['cancelled', ['entered-in-error']],
  ['noshow', ['arrived', 'checked-in', 'entered-in-error']],
  ['entered-in-error', []],
])

/** A status may always stay what it is. */
export const mayBecome = (from: string, to: string): boolean => (from === to && next.has(from)) || (next.get(from)?.includes(to) ?? false)

const takingTime: ReadonlySet<string> = new Set(['pending', 'booked', 'arrived', 'checked-in', 'fulfilled', 'noshow'])

/** CONTRACT §5: such an Appointment claims its actors until it has ended. */
export const takesTime = (status: string): boolean => takingTime.has(status)
