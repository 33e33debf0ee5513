/** The days and instants that a recurrenceTemplate comes to, against tables made by hand from R5 and RFC 5545. */

import { DateTime } from 'luxon'
import type { Fault } from '../../src/base/fault.ts'
import { recurrenceTemplate } from '../../src/scheduling/recurrence-template.ts'
import { occurrences } from '../../src/scheduling/series.ts'
import { fc } from '../support/chance.ts'
import { type Part, recurrence, times, weekly } from '../support/recurrence.ts'

const resource = (template: object) => ({ resourceType: 'Appointment', extension: [template] })

/** Local readings of the visits, the first at `start` on that zone's clock. */
function visits(template: object, start: string, zone = 'Etc/UTC'): string[] {
  const read = recurrenceTemplate(resource(template))
  if (!read) throw new Error('no template')
  const first = DateTime.fromISO(start, { zone }).toMillis()
  return occurrences(read, read.zone ?? zone, first).map((one) => DateTime.fromMillis(one.start, { zone }).toFormat('yyyy-MM-dd HH:mm'))
}
const days = (template: object, start: string): string[] => visits(template, start).map((one) => one.slice(0, 10))

const on = (...names: string[]): Part[] => names.map((url) => ({ url, valueBoolean: true }))
const every = (url: string, n: number): Part => ({ url, valuePositiveInt: n })
const within = (url: string, ...extension: Part[]): Part => ({ url, extension })
const until = (day: string): Part => ({ url: 'lastOccurrenceDate', valueDate: day })
const monthly = (...parts: Part[]) => recurrence('mo', times(4), within('monthlyTemplate', ...parts))
const nth = (week: string, day: string): Part[] => [
  { url: 'nthWeekOfMonth', valueCoding: { code: week } },
  { url: 'dayOfWeek', valueCoding: { code: day } },
]

// 2027-01-04 is a Monday.
const table: readonly [string, object, string, readonly string[]][] = [
  ['each day', recurrence('d', times(3)), '2027-02-27', ['2027-02-27', '2027-02-28', '2027-03-01']],
  ['each week, on the first one’s weekday', weekly(3), '2027-01-04', ['2027-01-04', '2027-01-11', '2027-01-18']],
  [
    'two days of every other week',
    weekly(5, within('weeklyTemplate', ...on('monday', 'thursday'), every('weekInterval', 2))),
    '2027-01-07',
    ['2027-01-07', '2027-01-18', '2027-01-21', '2027-02-01', '2027-02-04'],
  ],
  ['a last date, which may have a visit', recurrence('wk', until('2027-01-18')), '2027-01-04', ['2027-01-04', '2027-01-11', '2027-01-18']],
  ['whichever end comes first', weekly(9, until('2027-01-12')), '2027-01-04', ['2027-01-04', '2027-01-11']],
  [
    'the 31st, where a month has one',
    monthly(every('dayOfMonth', 31)),
    '2027-01-31',
    ['2027-01-31', '2027-03-31', '2027-05-31', '2027-07-31'],
  ],
  ['the second Tuesday', monthly(...nth('second', 'tue')), '2027-01-12', ['2027-01-12', '2027-02-09', '2027-03-09', '2027-04-13']],
  [
    'the last Friday of every third month',
    monthly(...nth('last', 'fri'), every('monthInterval', 3)),
    '2027-01-29',
    ['2027-01-29', '2027-04-30', '2027-07-30', '2027-10-29'],
  ],
  ['each year, 29 February only where there is one', recurrence('a', times(3)), '2028-02-29', ['2028-02-29', '2032-02-29', '2036-02-29']],
  [
    'dates of its own, whatever the pattern',
    recurrence('wk', ...['2027-02-01', '2027-01-20'].map((valueDate) => ({ url: 'occurrenceDate', valueDate }))),
    '2027-01-04',
    ['2027-01-04', '2027-01-20', '2027-02-01'],
  ],
  [
    'dates and numbers that are left out, and count',
    weekly(5, { url: 'excludingDate', valueDate: '2027-01-11' }, { url: 'excludingRecurrenceId', valuePositiveInt: 4 }),
    '2027-01-04',
    ['2027-01-04', '2027-01-18', '2027-02-01'],
  ],
]

describe('the visits of a series', () => {
  it.each(table)('%s', (_, template, start, expected) => {
    expect(days(template, `${start}T09:00`)).toEqual(expected)
  })

  it('keep their numbers where others are left out', () => {
    const read = recurrenceTemplate(resource(weekly(5, { url: 'excludingDate', valueDate: '2027-01-11' })))
    if (!read) throw new Error('no template')
    expect(occurrences(read, 'Etc/UTC', Date.parse('2027-01-04T09:00Z')).map(({ id }) => id)).toEqual([1, 3, 4, 5])
  })

  it('stand at a time that a spring night does not have as late as it is long (RFC 5545 3.3.5)', () => {
    // 2027-03-14 in New York: 02:30 does not exist, and is 03:30.
    expect(visits(weekly(3), '2027-03-07T02:30', 'America/New_York')).toEqual(['2027-03-07 02:30', '2027-03-14 03:30', '2027-03-21 02:30'])
  })

  it('are read in the template’s own zone where that is another than the Schedule’s', () => {
    const template = weekly(3, { url: 'timezone', valueCodeableConcept: { coding: [{ code: 'Europe/Vienna' }] } })
    // Vienna changes two weeks after New York: seen from there, its 15:00 is 10:00 for two weeks.
    expect(visits(template, '2027-03-08T09:00', 'America/New_York')).toEqual(['2027-03-08 09:00', '2027-03-15 10:00', '2027-03-22 10:00'])
  })

  it('stand at one local time in any zone, wherever its clock shows that time', () => {
    const zones = ['America/New_York', 'Europe/Vienna', 'Australia/Lord_Howe', 'America/St_Johns', 'Africa/Casablanca', 'Asia/Kathmandu']
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 1095 }),
        fc.integer({ min: 4 * 60, max: 23 * 60 }),
        (zone, day, minutes) => {
          const first = DateTime.fromISO('2026-01-01', { zone })
            .plus({ days: day })
            .set({ hour: Math.floor(minutes / 60), minute: minutes % 60 })
          const expected = Array.from({ length: 52 }, (_, week) => first.plus({ weeks: week }).toFormat('yyyy-MM-dd HH:mm'))
          expect(visits(weekly(52), first.toISO() ?? '', zone)).toEqual(expected)
        },
      ),
      { numRuns: 60 },
    )
  })
})

const kindOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as Fault).kind
  }
}

describe('a template that cannot be followed', () => {
  const refused: readonly [string, object, string, string][] = [
    ['that has no end', recurrence('wk'), '2027-01-04', 'required'],
    ['of 53 visits', weekly(53), '2027-01-04', 'too-costly'],
    ['whose last date is years away', recurrence('d', until('2030-01-01')), '2027-01-04', 'too-costly'],
    ['whose first visit is on another weekday', weekly(3, within('weeklyTemplate', ...on('friday'))), '2027-01-04', 'value'],
    ['whose first visit is after its last date', recurrence('wk', until('2027-01-01')), '2027-01-04', 'value'],
    ['that leaves its first visit out', weekly(3, { url: 'excludingDate', valueDate: '2027-01-04' }), '2027-01-04', 'value'],
    ['with a weekday alone of a month', monthly({ url: 'dayOfWeek', valueCoding: { code: 'mon' } }), '2027-01-04', 'value'],
    ['on the 32nd', monthly(every('dayOfMonth', 32)), '2027-01-04', 'value'],
    [
      'of hours',
      { ...weekly(3), extension: [{ url: 'recurrenceType', valueCodeableConcept: { coding: [{ code: 'h' }] } }, times(3)] },
      '2027-01-04',
      'value',
    ],
    ['without a type', { ...weekly(3), extension: [times(3)] }, '2027-01-04', 'required'],
  ]
  it.each(refused)('%s', (_, template, start, kind) => {
    expect(kindOf(() => visits(template, `${start}T09:00`))).toBe(kind)
  })
})
