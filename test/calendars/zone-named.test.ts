/** What a TZID means: each of Windows' zones against the offset that Windows itself shows, and the forms met in files. */
import { isTimeZone } from '../../src/base/time-zones.ts'
import { timeOffIn } from '../../src/calendars/time-off.ts'
import { windowsZones } from '../../src/calendars/windows-zones.ts'
import { zoneNamed } from '../../src/calendars/zone-named.ts'
import { instantOnDay, localReading } from '../../src/scheduling/local-time.ts'

/** `+01:00`, as Intl says it of an instant. */
function offsetOf(zone: string, at: string): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(new Date(at))
  return parts.find(({ type }) => type === 'timeZoneName')?.value.replace('GMT', '') ?? ''
}

const named = (tzid: string): string | undefined => zoneNamed(tzid, isTimeZone)

describe('a zone of Windows', () => {
  // CLDR says which zone it is, Windows how far ahead its clock is: two sources that know nothing of each other.
  it.each(windowsZones)('%s is %s, which is as far from UTC as %s', (name, zone, shown) => {
    const [, offset = ''] = /^\(UTC([^)]*)\)/.exec(shown) ?? []
    const offsets = ['2026-01-15T12:00:00Z', '2026-07-15T12:00:00Z'].map((at) => offsetOf(zone, at))
    expect(offsets.map((one) => one || '+00:00')).toContain(offset || '+00:00')
    expect([name, name.toUpperCase(), shown].map(named)).toEqual([zone, zone, zone])
  })

  it.each([
    ['(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien', 'Europe/Berlin'],
    ['(GMT+01.00) Amsterdam / Berlin / Bern / Rome / Stockholm / Vienna', 'Europe/Berlin'],
    ['(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome\\, Stockholm\\, Vienna', 'Europe/Berlin'],
    ['(UTC) Dublin, Edinburgh, Lisbon, London', 'Europe/London'],
    ['(GMT-05:00) Eastern Time (US & Canada)', 'America/New_York'],
    ['(UTC-04:00) La Paz', 'America/La_Paz'],
    ['(UTC-07:00) La Paz', 'America/Mazatlan'],
    ['tzone://Microsoft/Utc', 'UTC'],
    ['/freeassociation.sourceforge.net/Europe/Berlin', 'Europe/Berlin'],
    ['/freeassociation.sourceforge.net/Tzfile/America/Argentina/Ushuaia', 'America/Argentina/Ushuaia'],
    ['/freeassociation.sourceforge.net/UTC', 'UTC'],
  ])('is known as %s too', (tzid, zone) => expect(named(tzid)).toBe(zone))

  it.each([
    ['one that somebody has made', 'Customized Time Zone'],
    ['one that Exchange does not name', 'tzone://Microsoft/Custom'],
    ['places of two zones', '(UTC+01:00) Berlin, Paris'],
    ['another offset than that of its places', '(UTC+02:00) Amsterdam, Berlin'],
    ['no place that is known', '(UTC+01:00) Irgendwo'],
    ['an offset alone', '(UTC+01:00)'],
    ['nothing', ''],
  ])('is none: %s', (_why, tzid) => expect(named(tzid)).toBeUndefined())
})

/** As Outlook and Exchange write a calendar: the zone by a name of Windows, and its rules beside it. */
const ofExchange = (tzid: string, declared: string): string =>
  [
    ...['BEGIN:VCALENDAR', 'METHOD:PUBLISH', 'PRODID:Microsoft Exchange Server 2010', 'VERSION:2.0'],
    ...['BEGIN:VTIMEZONE', `TZID:${declared}`],
    ...['BEGIN:STANDARD', 'DTSTART:16010101T030000', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0100'],
    ...['RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10', 'END:STANDARD'],
    ...['BEGIN:DAYLIGHT', 'DTSTART:16010101T020000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200'],
    ...['RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3', 'END:DAYLIGHT', 'END:VTIMEZONE'],
    ...['BEGIN:VEVENT', 'UID:a', `DTSTART;TZID=${tzid}:20270322T090000`, `DTEND;TZID=${tzid}:20270322T100000`],
    ...['RRULE:FREQ=WEEKLY;COUNT=2', 'END:VEVENT', 'END:VCALENDAR', ''],
  ].join('\r\n')

describe('a calendar of Outlook', () => {
  const reading = {
    clock: { instantOnDay, isTimeZone, reading: localReading },
    zone: 'America/New_York',
    from: Date.parse('2026-11-23T00:00:00Z'),
    until: Date.parse('2027-12-31T00:00:00Z'),
    summaries: false,
  }

  it.each([
    ['W. Europe Standard Time', 'W. Europe Standard Time'],
    [
      '"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"',
      '(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome\\, Stockholm\\, Vienna',
    ],
  ])('is read in the zone %s, over the clock change of 28 March', (tzid, declared) => {
    const { timeOff, refused } = timeOffIn(ofExchange(tzid, declared), reading)
    expect(refused).toEqual([])
    expect(timeOff.map(({ start, end }) => `${start} ${end}`)).toEqual([
      '2027-03-22T08:00:00Z 2027-03-22T09:00:00Z',
      '2027-03-29T07:00:00Z 2027-03-29T08:00:00Z',
    ])
  })

  it('is refused where it has made its zone up, and says which', () => {
    const { timeOff, refused } = timeOffIn(ofExchange('Customized Time Zone', 'Customized Time Zone'), reading)
    expect([timeOff, refused]).toEqual([
      [],
      [{ uid: 'a', why: "TZID=Customized Time Zone is neither an IANA time zone nor one of Windows'." }],
    ])
  })
})
