/**
 * The clinic's clock against readings worked out by hand from the zones' published changes, and against Intl asked minute
 * by minute. docs/time.md
 */

import { isTimeZone } from '../../src/base/time-zones.ts'
import { localDate, localInstant, localReading, weekOf } from '../../src/scheduling/local-time.ts'
import { fc } from '../support/chance.ts'

/** zone · local reading · instant. What the clocks did is above each group. */
const byHand: readonly [zone: string, reading: string, instant: string][] = [
  // 2027-03-14 02:00 EST (-5) → 03:00 EDT (-4)
  ['America/New_York', '2027-03-13 09:00', '2027-03-13T14:00Z'],
  ['America/New_York', '2027-03-14 00:00', '2027-03-14T05:00Z'],
  ['America/New_York', '2027-03-14 02:00', '2027-03-14T07:00Z'],
  ['America/New_York', '2027-03-14 02:30', '2027-03-14T07:30Z'],
  ['America/New_York', '2027-03-14 03:00', '2027-03-14T07:00Z'],
  ['America/New_York', '2027-03-14 09:00', '2027-03-14T13:00Z'],
  // 2026-11-01 02:00 EDT → 01:00 EST
  ['America/New_York', '2026-11-01 00:59', '2026-11-01T04:59Z'],
  ['America/New_York', '2026-11-01 01:00', '2026-11-01T05:00Z'],
  ['America/New_York', '2026-11-01 01:30', '2026-11-01T05:30Z'],
  ['America/New_York', '2026-11-01 02:00', '2026-11-01T07:00Z'],
  ['America/New_York', '2026-11-01 09:00', '2026-11-01T14:00Z'],
  // 2027-03-28 01:00 GMT → 02:00 BST (+1); 2026-10-25 02:00 BST → 01:00 GMT
  ['Europe/London', '2027-03-28 01:30', '2027-03-28T01:30Z'],
  ['Europe/London', '2027-03-28 09:00', '2027-03-28T08:00Z'],
  ['Europe/London', '2026-10-25 01:30', '2026-10-25T00:30Z'],
  ['Europe/London', '2026-10-25 02:00', '2026-10-25T02:00Z'],
  // Half an hour: 2026-10-04 02:00 (+10:30) → 02:30 (+11); 2027-04-04 02:00 (+11) → 01:30 (+10:30)
  ['Australia/Lord_Howe', '2026-10-04 00:00', '2026-10-03T13:30Z'],
  ['Australia/Lord_Howe', '2026-10-04 02:15', '2026-10-03T15:45Z'],
  ['Australia/Lord_Howe', '2026-10-04 02:30', '2026-10-03T15:30Z'],
  ['Australia/Lord_Howe', '2026-10-04 06:00', '2026-10-03T19:00Z'],
  ['Australia/Lord_Howe', '2027-04-04 01:45', '2027-04-03T14:45Z'],
  ['Australia/Lord_Howe', '2027-04-04 02:00', '2027-04-03T15:30Z'],
  ['Australia/Lord_Howe', '2027-04-04 06:00', '2027-04-03T19:30Z'],
  // At midnight: 2027-09-05 00:00 (-4) → 01:00 (-3), so that day has no midnight; 2027-04-04 00:00 (-3) → 23:00 (-4) of the day before
  ['America/Santiago', '2027-09-05 00:00', '2027-09-05T04:00Z'],
  ['America/Santiago', '2027-09-05 00:30', '2027-09-05T04:30Z'],
  ['America/Santiago', '2027-09-05 06:00', '2027-09-05T09:00Z'],
  ['America/Santiago', '2027-04-03 23:30', '2027-04-04T02:30Z'],
  ['America/Santiago', '2027-04-04 00:00', '2027-04-04T04:00Z'],
  // At midnight the other way: 2027-03-28 00:00 (-1) → 01:00 (0); 2026-10-25 01:00 (0) → 00:00 (-1), so midnight comes twice
  ['Atlantic/Azores', '2027-03-28 00:30', '2027-03-28T01:30Z'],
  ['Atlantic/Azores', '2027-03-28 06:00', '2027-03-28T06:00Z'],
  ['Atlantic/Azores', '2026-10-25 00:00', '2026-10-25T00:00Z'],
  ['Atlantic/Azores', '2026-10-25 00:30', '2026-10-25T00:30Z'],
  ['Atlantic/Azores', '2026-10-25 01:00', '2026-10-25T02:00Z'],
  // No changes
  ['Asia/Kolkata', '2026-10-25 09:00', '2026-10-25T03:30Z'],
  ['America/Phoenix', '2027-03-14 02:30', '2027-03-14T09:30Z'],
  ['UTC', '2027-03-14 02:30', '2027-03-14T02:30Z'],
]

const zones = [...new Set(byHand.map(([zone]) => zone))]

function instantText(zone: string, reading: string): string {
  const [year, month, day, hour, minute] = reading.split(/[- :]/).map(Number) as [number, number, number, number, number]
  return new Date(localInstant(zone, year, month, day, hour * 60 + minute)).toISOString().replace(':00.000Z', 'Z')
}

/** What Intl shows, as `2027-03-14 02:30`; it knows nothing of our code. */
function wallClock(zone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
  return (at) => format.format(at)
}

describe('localInstant', () => {
  it.each(byHand)('%s %s is %s', (zone, reading, instant) => {
    expect(instantText(zone, reading)).toBe(instant)
  })

  it('rolls over past the end of the day', () => {
    expect(localInstant('America/New_York', 2026, 12, 31, 25 * 60)).toBe(Date.parse('2027-01-01T06:00Z'))
  })

  it('agrees with the first minute at which Intl shows the reading, or with the offset before a gap', () => {
    const days = byHand.map(([, reading]) => Date.parse(`${reading.slice(0, 10)}T00:00Z`) / 86_400_000)
    const day = fc.oneof(fc.constantFrom(...days), fc.integer({ min: 20_500, max: 21_200 }))
    fc.assert(
      fc.property(fc.constantFrom(...zones), day, fc.integer({ min: 0, max: 1439 }), (zone, date, minutes) => {
        const show = wallClock(zone)
        const reading = date * 86_400_000 + minutes * 60_000
        const wanted = new Date(reading).toISOString().slice(0, 16).replace('T', ' ')
        let [at, before] = [reading - 15 * 3_600_000, 0]
        while (at < reading + 15 * 3_600_000 && show(at) < wanted) {
          before = at
          at += 60_000
        }
        const offset = Date.parse(`${show(before).replace(' ', 'T')}Z`) - before
        const expected = show(at) === wanted ? at : reading - offset
        const found = new Date(reading)
        expect(localInstant(zone, found.getUTCFullYear(), found.getUTCMonth() + 1, found.getUTCDate(), minutes)).toBe(expected)
      }),
      { numRuns: 150 },
    )
  })
})

describe('localReading', () => {
  it('shows what Intl shows, at any instant', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 29_700_000, max: 30_600_000 }), (zone, minute) => {
        const at = minute * 60_000
        const { day, minutes, weekday } = localReading(zone, at)
        const local = new Date(day * 86_400_000 + minutes * 60_000)
        expect(local.toISOString().slice(0, 16).replace('T', ' ')).toBe(wallClock(zone)(at))
        expect(weekday).toBe((local.getUTCDay() + 6) % 7)
      }),
      { numRuns: 2_000 },
    )
  })

  it('gives the calendar date of the clinic, not of UTC', () => {
    expect(localDate('America/New_York', Date.parse('2026-11-24T04:59Z'))).toBe('2026-11-23')
    expect(localDate('Asia/Kolkata', Date.parse('2026-11-23T18:30Z'))).toBe('2026-11-24')
  })
})

describe('weekOf', () => {
  it('changes on Mondays', () => {
    const week = (date: string) => weekOf(Date.parse(`${date}T00:00Z`) / 86_400_000)
    expect(week('2026-11-29') - week('2026-11-23')).toBe(0)
    expect(week('2026-11-30') - week('2026-11-29')).toBe(1)
  })
})

describe('isTimeZone', () => {
  it.each([
    ['America/New_York', true],
    ['UTC', true],
    ['Mars/Olympus', false],
    ['+05:00', false],
    ['', false],
  ])('%p: %p', (name, expected) => {
    expect(isTimeZone(name)).toBe(expected)
  })

  it('refuses a reading in a zone that does not exist', () => {
    expect(() => localReading('Mars/Olympus', 0)).toThrow('There is no time zone "Mars/Olympus"')
  })
})
