/**
 * The moves between statuses, against the list of the standard's notes.
 */
import { brokenTransition, mayBecome, statusAfter, takesTime } from '../../src/scheduling/appointment-lifecycle.ts'

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

describe('statusAfter', () => {
  it('says what an event makes of it, and nothing where it cannot happen', () => {
    const told = statuses.map((status) => [status, statusAfter(status, 'check-in'), statusAfter(status, 'no-show')])
    expect(told.filter(([, come, missed]) => come !== undefined || missed !== undefined)).toEqual([
      ['booked', 'checked-in', 'noshow'],
      ['arrived', 'checked-in', 'noshow'],
      ['noshow', 'checked-in', undefined],
    ])
  })
})

describe('brokenTransition', () => {
  const now = 1_000_000_000
  const minutes = 60_000
  const told = (from: string | undefined, to: string, start: number, online = false, graceMinutes = 15) =>
    brokenTransition({ from, to, now, start, online, graceMinutes })?.message

  it('lets a patient be missed a quarter of an hour after the start', () => {
    expect(told('booked', 'noshow', now - 15 * minutes)).toBeUndefined()
    expect(told('booked', 'noshow', now - 15 * minutes + 1)).toBe('A patient is missed 15 minutes after the start at the earliest.')
  })

  it('lets a patient be missed as soon as the clinic says', () => {
    expect(told('booked', 'noshow', now - 30 * minutes, false, 30)).toBeUndefined()
    expect(told('booked', 'noshow', now - 30 * minutes + 1, false, 30)).toBe(
      'A patient is missed 30 minutes after the start at the earliest.',
    )
    expect(told('booked', 'noshow', now, false, 0)).toBeUndefined()
    expect(told('booked', 'noshow', now + 1, false, 0)).toBe('A patient is missed at the start at the earliest.')
  })

  it('leaves some words to the clinic', () => {
    const asked = statuses.filter((status) => told(undefined, status, now - 60 * minutes, true) !== undefined)
    expect(asked).toEqual(['fulfilled', 'noshow', 'entered-in-error'])
    expect(told('booked', 'fulfilled', now)).toBeUndefined()
  })

  it('leaves a status alone that stays, whatever the time', () => {
    expect(told('noshow', 'noshow', now + 60 * minutes, true)).toBeUndefined()
  })
})
