import { DateTime } from 'luxon'
import { hullOf, spanOf, timestampText } from '../../src/fhir/date-time.ts'

const utc = (text: string) => DateTime.fromISO(text, { zone: 'utc' }).toMillis()

describe('spanOf', () => {
  it.each([
    ['2026', '2026-01-01T00:00Z', '2027-01-01T00:00Z'],
    ['2026-02', '2026-02-01T00:00Z', '2026-03-01T00:00Z'],
    ['2026-12', '2026-12-01T00:00Z', '2027-01-01T00:00Z'],
    ['2028-02-29', '2028-02-29T00:00Z', '2028-03-01T00:00Z'],
    ['0099-03-01', '0099-03-01T00:00Z', '0099-03-02T00:00Z'],
    ['2026-05-01T09:30', '2026-05-01T09:30Z', '2026-05-01T09:31Z'],
    ['2026-05-01T09:30Z', '2026-05-01T09:30Z', '2026-05-01T09:31Z'],
    ['2026-05-01T09:30:15-04:00', '2026-05-01T13:30:15Z', '2026-05-01T13:30:16Z'],
    ['2026-05-01T00:30:00+05:45', '2026-04-30T18:45:00Z', '2026-04-30T18:45:01Z'],
    ['2026-05-01T09:30:15.2Z', '2026-05-01T09:30:15.200Z', '2026-05-01T09:30:15.300Z'],
    ['2026-05-01T09:30:15.250Z', '2026-05-01T09:30:15.250Z', '2026-05-01T09:30:15.251Z'],
    ['2026-05-01T09:30:15.250999Z', '2026-05-01T09:30:15.250Z', '2026-05-01T09:30:15.251Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z', '2017-01-01T00:00:01Z'],
  ])('%s is [%s, %s)', (text, lower, upper) => {
    expect(spanOf(text)).toEqual({ lower: utc(lower), upper: utc(upper) })
  })

  it.each([
    '',
    '26',
    '2026-13',
    '2026-00',
    '2026-02-30',
    '2027-02-29',
    '2026-05-01T',
    '2026-05-01T9:00',
    '2026-05-01T24:00:00Z',
    '2026-05-01T09:60:00Z',
    '2026-05-01T09:00:00+15:00',
    '2026-05-01T09:00:00.Z',
    '0000',
    'now',
    '2026-05-01Z',
  ])('%p is no date', (text) => expect(spanOf(text)).toBeUndefined())
})

describe('hullOf and timestampText', () => {
  it('covers every span, and is nothing of nothing', () => {
    expect(hullOf([])).toBeUndefined()
    expect(
      hullOf([
        { lower: 5, upper: 6 },
        { lower: 1, upper: 2 },
        { lower: 3, upper: Infinity },
      ]),
    ).toEqual({ lower: 1, upper: Infinity })
  })

  it('writes what Postgres reads, also past the ends of four-digit years', () => {
    expect(timestampText(0)).toBe('1970-01-01T00:00:00.000Z')
    expect(timestampText(spanOf('9999-12-31')?.upper ?? 0)).toBe('infinity')
    expect(timestampText(spanOf('0001-01-01T00:00:00+10:00')?.lower ?? 0)).toBe('-infinity')
    expect(timestampText(Number.NEGATIVE_INFINITY)).toBe('-infinity')
  })
})
