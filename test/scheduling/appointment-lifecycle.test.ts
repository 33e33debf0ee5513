/**
 * The moves between statuses, against the list of the standard's notes.
 */
import { mayBecome, takesTime } from '../../src/scheduling/appointment-lifecycle.ts'

const statuses = [
  'proposed',
  'pending',
  'booked',
  'arrived',
  'fulfilled',
  'cancelled',
  'noshow',
  'entered-in-error',
  'checked-in',
  'waitlist',
]

/** Each row: from, then everything it may become. */
const moves = `
  proposed    pending booked waitlist cancelled entered-in-error
  waitlist    proposed pending booked cancelled
  pending     booked proposed cancelled entered-in-error
  booked      arrived checked-in fulfilled cancelled noshow pending entered-in-error
  arrived     checked-in fulfilled cancelled noshow
  checked-in  fulfilled cancelled
  fulfilled   entered-in-error
  cancelled   entered-in-error
  noshow      entered-in-error arrived checked-in
  entered-in-error`
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/))

describe('mayBecome', () => {
  it.each(moves)('%s', (from, ...to) => {
    expect(statuses.filter((status) => mayBecome(from ?? '', status)).sort()).toEqual([from, ...to].sort())
  })

  it('knows no other status', () => {
    expect([mayBecome('on-hold', 'booked'), mayBecome('booked', 'on-hold'), mayBecome('on-hold', 'on-hold')]).toEqual([false, false, false])
  })
})

describe('takesTime', () => {
  it('is so of what is held or has been booked, cancelled ones aside', () => {
    expect(statuses.filter(takesTime).sort()).toEqual(['arrived', 'booked', 'checked-in', 'fulfilled', 'noshow', 'pending'])
  })
})
