/** What events of a calendar become: Periods worked out by hand, in the zones that the events name. */

import { isTimeZone } from '../../src/base/time-zones.ts'
import { timeOffIn } from '../../src/calendars/time-off.ts'
import { instantOnDay, localReading } from '../../src/scheduling/local-time.ts'

const event = (...lines: string[]): string => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n')
const calendar = (...events: string[]): string => ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events, 'END:VCALENDAR', ''].join('\r\n')
const read = (text: string, more: object = {}) =>
  timeOffIn(text, {
    clock: { instantOnDay, isTimeZone, reading: localReading },
    zone: 'America/New_York',
    from: Date.parse('2026-11-23T00:00:00Z'),
    until: Date.parse('2027-12-31T00:00:00Z'),
    summaries: false,
    ...more,
  })
const periods = (...lines: string[]): string[] => {
  const { timeOff, refused } = read(calendar(event('UID:a', ...lines)))
  expect(refused).toEqual([])
  return timeOff.map(({ start, end }) => `${start} ${end}`)
}

describe('one event', () => {
  it.each([
    [['DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261227'], '2026-12-24 2026-12-26'],
    [['DTSTART;VALUE=DATE:20261224'], '2026-12-24 2026-12-24'],
    [['DTSTART;VALUE=DATE:20261224', 'DURATION:P1W'], '2026-12-24 2026-12-30'],
    [['DTSTART:20261224T090000Z', 'DTEND:20261224T103000Z'], '2026-12-24T09:00:00Z 2026-12-24T10:30:00Z'],
    [['DTSTART;TZID=Europe/Berlin:20261224T090000', 'DURATION:PT1H30M'], '2026-12-24T08:00:00Z 2026-12-24T09:30:00Z'],
    [
      ['DTSTART;TZID="/mozilla.org/20050126_1/Europe/Berlin":20261224T090000', 'DURATION:PT1H'],
      '2026-12-24T08:00:00Z 2026-12-24T09:00:00Z',
    ],
    [['DTSTART:20261224T090000', 'DTEND:20261224T100000'], '2026-12-24T14:00:00Z 2026-12-24T15:00:00Z'],
    // A line may be folded anywhere, in the middle of a number too.
    [['DTSTART;TZID=Europe/Ber\r\n lin:2026\r\n\t1224T090000', 'DURATION:PT1H'], '2026-12-24T08:00:00Z 2026-12-24T09:00:00Z'],
  ])('%j', (lines, expected) => expect(periods(...lines)).toEqual([expected]))

  it('that is over, or lies beyond the horizon, is nobody’s time off any more or yet', () => {
    expect(periods('DTSTART;VALUE=DATE:20261120', 'DTEND;VALUE=DATE:20261122')).toEqual([])
    expect(periods('DTSTART;VALUE=DATE:20280101')).toEqual([])
  })

  it('that is cancelled or transparent takes no time', () => {
    const lines = ['DTSTART;VALUE=DATE:20261224']
    const { timeOff, skipped } = read(
      calendar(event('UID:a', ...lines, 'STATUS:CANCELLED'), event('UID:b', ...lines, 'TRANSP:TRANSPARENT')),
    )
    expect([timeOff, skipped]).toEqual([[], 2])
  })

  it('keeps its title only where that is asked for, and never a private one', () => {
    const text = calendar(
      event('UID:a', 'DTSTART;VALUE=DATE:20261224', 'SUMMARY:Christmas\\, both days\\; closed'),
      event('UID:b', 'DTSTART;VALUE=DATE:20261228', 'CLASS:PRIVATE', 'SUMMARY:Hospital'),
    )
    expect(read(text).timeOff.map(({ description }) => description)).toEqual([undefined, undefined])
    expect(read(text, { summaries: true }).timeOff.map(({ description }) => description)).toEqual([
      'Christmas, both days; closed',
      undefined,
    ])
  })
})

describe('an event that repeats', () => {
  it('keeps its local time over a clock change, without the dates that are taken out', () => {
    const weekly = ['DTSTART;TZID=Europe/Berlin:20270315T120000', 'DTEND;TZID=Europe/Berlin:20270315T130000', 'RRULE:FREQ=WEEKLY;COUNT=4']
    expect(periods(...weekly, 'EXDATE;TZID=Europe/Berlin:20270322T120000')).toEqual([
      '2027-03-15T11:00:00Z 2027-03-15T12:00:00Z',
      '2027-03-29T10:00:00Z 2027-03-29T11:00:00Z',
      '2027-04-05T10:00:00Z 2027-04-05T11:00:00Z',
    ])
  })

  it('leaves a date out however it is said: by its instant, by the day alone, or by an occurrence that is cancelled', () => {
    const weekly = ['DTSTART;TZID=Europe/Berlin:20270315T120000', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;COUNT=3']
    const left = ['2027-03-15T11:00:00Z 2027-03-15T12:00:00Z', '2027-03-29T10:00:00Z 2027-03-29T11:00:00Z']
    expect(periods(...weekly, 'EXDATE:20270322T110000Z')).toEqual(left)
    expect(periods(...weekly, 'EXDATE;VALUE=DATE:20270322')).toEqual(left)
    const called = (id: string) => event('UID:a', id, 'DTSTART;TZID=Europe/Berlin:20270322T120000', 'DURATION:PT1H', 'STATUS:CANCELLED')
    for (const id of [
      'RECURRENCE-ID;TZID=Europe/Berlin:20270322T120000',
      'RECURRENCE-ID:20270322T110000Z',
      'RECURRENCE-ID;VALUE=DATE:20270322',
    ])
      expect(read(calendar(event('UID:a', ...weekly), called(id))).timeOff.map(({ start, end }) => `${start} ${end}`)).toEqual(left)
    const days = ['DTSTART;VALUE=DATE:20261201', 'DTEND;VALUE=DATE:20261203', 'RRULE:FREQ=WEEKLY;COUNT=3']
    expect(periods(...days, 'EXDATE;VALUE=DATE:20261208')).toEqual(['2026-12-01 2026-12-02', '2026-12-15 2026-12-16'])
  })

  it('ends with UNTIL, which is included, as a date or as an instant', () => {
    const days = ['DTSTART;VALUE=DATE:20261201', 'RRULE:FREQ=DAILY;UNTIL=20261203']
    expect(periods(...days)).toEqual(['2026-12-01 2026-12-01', '2026-12-02 2026-12-02', '2026-12-03 2026-12-03'])
    const times = ['DTSTART;TZID=America/New_York:20261201T090000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;UNTIL=20261202T140000Z']
    expect(periods(...times)).toHaveLength(2)
  })

  it('has further dates by RDATE, and is left out where it is moved', () => {
    const master = event('UID:a', 'DTSTART;VALUE=DATE:20261201', 'RRULE:FREQ=WEEKLY;COUNT=3', 'RDATE;VALUE=DATE:20261225')
    const moved = event('UID:a', 'RECURRENCE-ID;VALUE=DATE:20261208', 'DTSTART;VALUE=DATE:20261210', 'SEQUENCE:1')
    const called = event('UID:a', 'RECURRENCE-ID;VALUE=DATE:20261215', 'DTSTART;VALUE=DATE:20261215', 'STATUS:CANCELLED')
    expect(read(calendar(moved, master, called)).timeOff.map(({ start }) => start)).toEqual(['2026-12-01', '2026-12-10', '2026-12-25'])
  })

  it('is at another time of day on a further date that says so', () => {
    const weekly = ['DTSTART;TZID=Europe/Berlin:20270315T120000', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;COUNT=1']
    expect(periods(...weekly, 'RDATE;TZID=Europe/Berlin:20270330T153000', 'RDATE:20270331T100000Z')).toEqual([
      '2027-03-15T11:00:00Z 2027-03-15T12:00:00Z',
      '2027-03-30T13:30:00Z 2027-03-30T14:30:00Z',
      '2027-03-31T10:00:00Z 2027-03-31T11:00:00Z',
    ])
    // A day is the event's own: in Auckland the 10th begins on New York's 9th, in Los Angeles after New York's 10th has.
    for (const [zone, at] of [
      ['Pacific/Auckland', '2027-06-09T21:00:00Z 2027-06-09T22:00:00Z'],
      ['America/Los_Angeles', '2027-06-10T16:00:00Z 2027-06-10T17:00:00Z'],
    ])
      expect(periods(`DTSTART;TZID=${zone}:20270510T090000`, 'DURATION:PT1H', 'RDATE;VALUE=DATE:20270610')[1]).toBe(at)
  })

  it('that began long ago goes on', () => {
    const found = periods('DTSTART;TZID=Europe/London:20100104T123000', 'DURATION:PT45M', 'RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR')
    expect(found[0]).toBe('2026-11-23T12:30:00Z 2026-11-23T13:15:00Z')
    expect(found.at(-1)?.slice(0, 10)).toBe('2027-12-30')
  })
})

it('what cannot be read whole is refused by its UID, and the rest is read', () => {
  const good = event('UID:good', 'DTSTART;VALUE=DATE:20261224')
  const bad = (uid: string, ...lines: string[]): string => event(`UID:${uid}`, ...lines)
  const { timeOff, refused } = read(
    calendar(
      good,
      bad('zone', 'DTSTART;TZID=Customized Time Zone:20261224T090000', 'DURATION:PT1H'),
      bad('hourly', 'DTSTART:20261224T090000Z', 'DURATION:PT1H', 'RRULE:FREQ=HOURLY'),
      bad('open', 'DTSTART:20261224T090000Z'),
      bad('back', 'DTSTART:20261224T090000Z', 'DTEND:20261224T080000Z'),
      bad('never', 'DTSTART;VALUE=DATE:20260231'),
      bad('range', 'RECURRENCE-ID;RANGE=THISANDFUTURE:20261224T090000Z', 'DTSTART:20261224T090000Z', 'DURATION:PT1H'),
    ),
  )
  expect(timeOff.map(({ uid }) => uid)).toEqual(['good'])
  expect(refused.map(({ uid }) => uid)).toEqual(['zone', 'hourly', 'open', 'back', 'never', 'range'])
  expect(refused[0]?.why).toContain('Customized Time Zone')
})

it.each(['', 'hello', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR', 'BEGIN:VCALENDAR\r\n', 'BEGIN:VEVENT\r\nEND:VEVENT'])(
  '%j is no calendar',
  (text) => expect(() => read(text)).toThrow(/calendar/i),
)
