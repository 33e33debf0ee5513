/** Calendars that are imported, and what they close: the Slots say it. */
import { importTimeOff, type TimeOffImport } from '../../src/jobs/import-time-off.ts'
import { availability, type Clinic, clinic, create, dateIn, ours, timezone } from '../support/clinic.ts'
import { type Body, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

const day = (away: number): string => dateIn(away).replaceAll('-', '')
const event = (uid: string, ...lines: string[]): string[] => ['BEGIN:VEVENT', `UID:${uid}`, ...lines, 'END:VEVENT']
const calendar = (...events: string[][]): string => ['BEGIN:VCALENDAR', ...events.flat(), 'END:VCALENDAR'].join('\r\n')
const run = (target: string, text: string, more: Partial<TimeOffImport> = {}) =>
  importTimeOff(house.house, { calendar: text, target, replace: false, summaries: false, ...more })
const openDays = async (place: Clinic): Promise<boolean[]> =>
  Promise.all([2, 3, 4, 5].map(async (away) => (await place.slotsOn(away)).length > 0))
const version = async (target: string): Promise<string> => made(await house.call('GET', target), 200).meta.versionId

describe('time off of a practitioner', () => {
  it('closes their days; the same again changes nothing; a change moves it; with replace, what is gone opens again', async () => {
    const place = await clinic(house.call)
    const target = `Practitioner/${place.practitioners[0]}`
    const one = event('one', `DTSTART;VALUE=DATE:${day(2)}`)
    const two = event('two', `DTSTART;VALUE=DATE:${day(3)}`)
    expect(await run(target, calendar(one, two))).toEqual({ closures: 2, changed: true, skipped: 0, refused: [] })
    expect(await openDays(place)).toEqual([false, false, true, true])
    const before = await version(target)
    expect(await run(target, calendar(one, two))).toMatchObject({ changed: false })
    expect(await version(target)).toBe(before)
    // Two calendars that are read in turn do not push each other about.
    expect(await run(target, calendar(one))).toMatchObject({ changed: false })
    await run(target, calendar(event('one', `DTSTART;VALUE=DATE:${day(4)}`)))
    expect(await openDays(place)).toEqual([true, false, false, true])
    await run(target, calendar(event('three', `DTSTART;VALUE=DATE:${day(5)}`)), { replace: true })
    expect(await openDays(place)).toEqual([true, true, true, false])
    await run(target, calendar(event('three', `DTSTART;VALUE=DATE:${day(5)}`, 'STATUS:CANCELLED')))
    expect(await openDays(place)).toEqual([true, true, true, true])
  })

  it('leaves what was written by hand, and what else the resource says', async () => {
    const place = await clinic(house.call)
    const target = `Practitioner/${place.practitioners[0]}`
    const byHand = { url: ours('not-available'), extension: [{ url: 'during', valuePeriod: { start: dateIn(2), end: dateIn(2) } }] }
    const practitioner = made(await house.call('GET', target), 200)
    made(await house.call('PUT', target, { ...practitioner, extension: [byHand] }), 200)
    await run(target, calendar(event('one', `DTSTART;VALUE=DATE:${day(3)}`)), { replace: true })
    expect(await openDays(place)).toEqual([false, false, true, true])
    await run(target, calendar(), { replace: true })
    expect(await openDays(place)).toEqual([false, true, true, true])
    const { meta: _meta, ...now } = made(await house.call('GET', target), 200)
    const { meta: _before, ...then } = practitioner
    expect(now).toEqual({ ...then, extension: [byHand] })
  })

  it('keeps what a broken event said before, and names it', async () => {
    const place = await clinic(house.call)
    const target = `Practitioner/${place.practitioners[0]}`
    await run(target, calendar(event('one', `DTSTART;VALUE=DATE:${day(2)}`)))
    const broken = event('one', `DTSTART;VALUE=DATE:${day(3)}`, 'RRULE:FREQ=SECONDLY')
    expect(await run(target, calendar(broken), { replace: true })).toMatchObject({ changed: false, refused: [{ uid: 'one' }] })
    expect(await openDays(place)).toEqual([false, true, true, true])
  })

  it('loses nothing to one who writes the same resource just then', async () => {
    const place = await clinic(house.call)
    const target = `Practitioner/${place.practitioners[0]}`
    const calendars = [2, 3, 4, 5].map((away) => calendar(event(`e${away}`, `DTSTART;VALUE=DATE:${day(away)}`)))
    await Promise.all(calendars.map((text) => run(target, text)))
    expect(await openDays(place)).toEqual([false, false, false, false])
  })

  it('is refused of what has none, of what is not there, in a zone that is none, and beyond its limit', async () => {
    const text = calendar(event('one', `DTSTART;VALUE=DATE:${day(2)}`))
    await expect(run('Patient/1', text)).rejects.toThrow('Practitioner')
    await expect(run('Practitioner/nobody', text)).rejects.toThrow('There is no Practitioner/nobody')
    const practitioner = await create(house.call, { resourceType: 'Practitioner' })
    await expect(run(`Practitioner/${practitioner}`, text, { zone: 'Nowhere' })).rejects.toThrow('Nowhere')
    const hourly = Array.from({ length: 4 }, (_, n) => event(`d${n}`, `DTSTART:${day(1)}T0${n}0000Z`, 'DURATION:PT5M', 'RRULE:FREQ=DAILY'))
    await expect(run(`Practitioner/${practitioner}`, calendar(...hourly))).rejects.toThrow('1000 closures')
  })
})

it('a closure reaches whatever is part of what is closed: houses, campuses, and the organisations above', async () => {
  const campus = await create(house.call, { resourceType: 'Location', name: 'Campus', extension: [timezone('Etc/UTC')] })
  const building = await create(house.call, { resourceType: 'Location', name: 'B', partOf: { reference: `Location/${campus}` } })
  const group = await create(house.call, { resourceType: 'Organization', name: 'Group' })
  const hospital = await create(house.call, { resourceType: 'Organization', name: 'H', partOf: { reference: `Organization/${group}` } })
  const room = await create(house.call, {
    resourceType: 'Location',
    name: 'Room',
    partOf: { reference: `Location/${building}` },
    managingOrganization: { reference: `Organization/${hospital}` },
  })
  const schedule = await create(house.call, {
    resourceType: 'Schedule',
    actor: [{ reference: `Location/${room}` }],
    extension: [availability({})],
  })
  const count = async (away: number): Promise<number> => {
    const window = `start=ge${dateIn(away)}T00:00:00Z&start=lt${dateIn(away + 1)}T00:00:00Z`
    return matches(await house.call('GET', `Slot?schedule=Schedule/${schedule}&${window}&_count=100`)).length
  }
  expect(await Promise.all([2, 3, 4].map(count))).toEqual([32, 32, 32])
  await run(`Location/${campus}`, calendar(event('a', `DTSTART;VALUE=DATE:${day(2)}`)))
  await run(`Organization/${group}`, calendar(event('b', `DTSTART;TZID=Etc/UTC:${day(3)}T000000`, 'DURATION:P1D')))
  expect(await Promise.all([2, 3, 4].map(count))).toEqual([0, 0, 32])
  // One that is part of itself closes nothing more, and nothing hangs.
  const loop = made(await house.call('GET', `Location/${campus}`), 200) as Body & { partOf?: object }
  made(await house.call('PUT', `Location/${campus}`, { ...loop, partOf: { reference: `Location/${room}` } }), 200)
  expect(await Promise.all([2, 3, 4].map(count))).toEqual([0, 0, 32])
})
