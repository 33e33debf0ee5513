/** RRULE against the examples of RFC 5545 3.8.5.3, as they are printed there. */
import { dayMs } from '../../src/base/durations.ts'
import { recurrenceOf, recurringDays } from '../../src/calendars/recurrence.ts'

const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / dayMs
const daysOf = (rule: string, start: string, last: string): string[] =>
  [...recurringDays(recurrenceOf(rule), dayOf(start), dayOf(last))].map((day) => new Date(day * dayMs).toISOString().slice(0, 10))
/** `1997-09 2 9 16` */
const dates = (...months: string[]): string[] =>
  months.flatMap((month) => {
    const [name = '', ...days] = month.split(' ')
    return days.map((day) => `${name}-${day.padStart(2, '0')}`)
  })

it.each([
  ['FREQ=DAILY;COUNT=10', '1997-09-02', dates('1997-09 2 3 4 5 6 7 8 9 10 11')],
  ['FREQ=DAILY;INTERVAL=10;COUNT=5', '1997-09-02', dates('1997-09 2 12 22', '1997-10 2 12')],
  ['FREQ=WEEKLY;COUNT=10', '1997-09-02', dates('1997-09 2 9 16 23 30', '1997-10 7 14 21 28', '1997-11 4')],
  ['FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', '1997-09-02', dates('1997-09 2 4 9 11 16 18 23 25 30', '1997-10 2')],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', '1997-09-02', dates('1997-09 2 4 16 18 30', '1997-10 2 14 16')],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO', '1997-08-05', dates('1997-08 5 10 19 24')],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU', '1997-08-05', dates('1997-08 5 17 19 31')],
  [
    'FREQ=MONTHLY;COUNT=10;BYDAY=1FR',
    '1997-09-05',
    dates('1997-09 5', '1997-10 3', '1997-11 7', '1997-12 5', '1998-01 2', '1998-02 6', '1998-03 6', '1998-04 3', '1998-05 1', '1998-06 5'),
  ],
  [
    'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
    '1997-09-07',
    dates('1997-09 7 28', '1997-11 2 30', '1998-01 4 25', '1998-03 1 29', '1998-05 3 31'),
  ],
  [
    'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO',
    '1997-09-22',
    dates('1997-09 22', '1997-10 20', '1997-11 17', '1997-12 22', '1998-01 19', '1998-02 16'),
  ],
  ['FREQ=MONTHLY;COUNT=4;BYMONTHDAY=-3', '1997-09-28', dates('1997-09 28', '1997-10 29', '1997-11 28', '1997-12 29')],
  [
    'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15',
    '1997-09-02',
    dates('1997-09 2 15', '1997-10 2 15', '1997-11 2 15', '1997-12 2 15', '1998-01 2 15'),
  ],
  [
    'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1',
    '1997-09-30',
    dates('1997-09 30', '1997-10 1 31', '1997-11 1 30', '1997-12 1 31', '1998-01 1 31', '1998-02 1'),
  ],
  [
    'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15',
    '1997-09-10',
    dates('1997-09 10 11 12 13 14 15', '1999-03 10 11 12 13'),
  ],
  [
    'FREQ=YEARLY;COUNT=10;BYMONTH=6,7',
    '1997-06-10',
    dates(
      '1997-06 10',
      '1997-07 10',
      '1998-06 10',
      '1998-07 10',
      '1999-06 10',
      '1999-07 10',
      '2000-06 10',
      '2000-07 10',
      '2001-06 10',
      '2001-07 10',
    ),
  ],
  [
    'FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3',
    '1997-03-10',
    dates(
      '1997-03 10',
      '1999-01 10',
      '1999-02 10',
      '1999-03 10',
      '2001-01 10',
      '2001-02 10',
      '2001-03 10',
      '2003-01 10',
      '2003-02 10',
      '2003-03 10',
    ),
  ],
  [
    'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=5',
    '1997-09-02',
    dates('1998-02 13', '1998-03 13', '1998-11 13', '1999-08 13', '2000-10 13'),
  ],
  [
    'FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13;COUNT=6',
    '1997-09-13',
    dates('1997-09 13', '1997-10 11', '1997-11 8', '1997-12 13', '1998-01 10', '1998-02 7'),
  ],
  ['FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8', '1996-11-05', dates('1996-11 5', '2000-11 7', '2004-11 2')],
  ['FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09-04', dates('1997-09 4', '1997-10 7', '1997-11 6')],
  [
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=7',
    '1997-09-29',
    dates('1997-09 29', '1997-10 30', '1997-11 27', '1997-12 30', '1998-01 29', '1998-02 26', '1998-03 30'),
  ],
  ['FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5', '2007-01-15', dates('2007-01 15 30', '2007-02 15', '2007-03 15 30')],
  ['FREQ=YEARLY;BYMONTH=3;BYDAY=TH', '1997-03-13', dates('1997-03 13 20 27', '1998-03 5 12 19 26', '1999-03 4 11 18 25')],
])('%s from %s', (rule, start, expected) => {
  const horizon = rule.includes('COUNT') ? '2010-01-01' : `${expected.at(-1)?.slice(0, 4)}-12-31`
  expect(daysOf(rule, start, horizon)).toEqual(expected)
})

it('ends at the horizon where nothing else ends it, and goes on after months that have no such day', () => {
  expect(daysOf('FREQ=DAILY', '2026-11-23', '2026-11-26')).toHaveLength(4)
  expect(daysOf('FREQ=MONTHLY', '2026-01-31', '2026-06-01')).toEqual(['2026-01-31', '2026-03-31', '2026-05-31'])
  expect(daysOf('FREQ=YEARLY', '2024-02-29', '2033-01-01')).toEqual(['2024-02-29', '2028-02-29', '2032-02-29'])
})

it.each([
  ['FREQ=HOURLY', 'FREQ=HOURLY'],
  ['FREQ=YEARLY;BYWEEKNO=20', 'BYWEEKNO'],
  ['FREQ=YEARLY;BYDAY=20MO', 'BYDAY'],
  ['FREQ=WEEKLY;BYDAY=XX', 'BYDAY=XX'],
  ['FREQ=DAILY;INTERVAL=0', 'INTERVAL=0'],
  ['COUNT=3', 'FREQ=undefined'],
])('%s is refused by name', (rule, name) => expect(() => recurrenceOf(rule)).toThrow(name))
