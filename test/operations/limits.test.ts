/** What one request may ask for, and how much one Schedule may hold. */
import { findSchedulesMax } from '../../src/base/limits.ts'
import { availability, type Clinic, clinic, create, instantIn } from '../support/clinic.ts'
import { matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2 })
})
afterAll(() => house.close())

describe('Schedules named outright', () => {
  it('may be several with commas: any of them will do', async () => {
    const window = `start=${instantIn(2, '09:00')}&end=${instantIn(2, '09:15')}`
    const found = matches(await house.call('GET', `Slot/$find-slots?schedule=${place.schedules.join()}&${window}`))
    expect(found.map(({ schedule }) => schedule.reference).toSorted()).toEqual(place.schedules.map((id) => `Schedule/${id}`).toSorted())
  })

  it('are at most as many as may match', async () => {
    const names = (count: number) => ({
      resourceType: 'Parameters',
      parameter: Array.from({ length: count }, (_, n) => ({ name: 'schedule', valueReference: { reference: `Schedule/n${n}` } })),
    })
    expect((await house.call('POST', 'Slot/$find-slots', names(findSchedulesMax))).status).toBe(200)
    const refused = await house.call('POST', 'Slot/$find-slots', names(findSchedulesMax + 1))
    expect([refused.status, refused.json.issue[0]?.code]).toEqual([400, 'too-costly'])
  })
})

describe('a Schedule', () => {
  it('is refused where its rules make more Slots than it may have', async () => {
    const practitioner = await create(house.call, { resourceType: 'Practitioner' })
    const refused = await house.call('PUT', 'Schedule/too-many', {
      resourceType: 'Schedule',
      id: 'too-many',
      actor: [{ reference: `Practitioner/${practitioner}` }],
      planningHorizon: { end: new Date(Date.now() + 390 * 86_400_000).toISOString() },
      extension: [availability({ start: '00:00:00', end: '23:59:00', slotMinutes: 2 })],
    })
    expect([refused.status, refused.json.issue[0]?.diagnostics]).toEqual([422, expect.stringContaining('more than 60000 Slots')])
    expect((await house.call('GET', 'Schedule/too-many')).status).toBe(404)
  })
})

describe('a Slot written by hand', () => {
  it.each([
    ['free', 7, 201],
    ['free', 8, 422],
    ['busy', 8, 422],
    ['busy-unavailable', 92, 201],
    ['busy-unavailable', 93, 422],
  ])('that is %s for %d days is answered %d', async (status, days, expected) => {
    const practitioner = await create(house.call, { resourceType: 'Practitioner' })
    const schedule = await create(house.call, { resourceType: 'Schedule', actor: [{ reference: `Practitioner/${practitioner}` }] })
    const [start, end] = [instantIn(1, '09:00'), instantIn(1 + days, '09:00')]
    const answer = await house.call('POST', 'Slot', {
      resourceType: 'Slot',
      schedule: { reference: `Schedule/${schedule}` },
      status,
      start,
      end,
    })
    expect(answer.status).toBe(expected)
  })
})

describe('a time', () => {
  const timing = (repeat: object): string => `timing=${encodeURIComponent(JSON.stringify({ repeat }))}`
  const day = (text: string): string => `start=${encodeURIComponent(text)}`

  it.each([
    ['beyond the calendar', 'Slot/$find-slots', day('9999-12-31T23:59:59Z')],
    ['beyond the calendar', 'Appointment/$find', day('9999-12-31T23:59:59Z')],
    ['beyond the calendar', 'Slot/$explain-availability', day('9999-12-31T23:59:59Z')],
    ['before the calendar', 'Slot/$explain-availability', day('0001-01-01T00:00:00+14:00')],
    ['of endless minutes', 'Slot/$find-slots', timing({ duration: 1e300, durationUnit: 'min' })],
    ['of no minutes', 'Slot/$find-slots', timing({ duration: 0, durationUnit: 'min' })],
    ['of a unit that is none', 'Slot/$find-slots', timing({ duration: 5, durationUnit: 'toString' })],
  ])('%s is refused by %s', async (_what, operation, asked) => {
    const { status, json } = await house.call('GET', `${operation}?schedule=${place.schedules[0]}&${asked}`)
    expect([status, json.issue?.[0]?.code]).toEqual([400, 'value'])
  })

  it('to be booked is written as FHIR writes it', async () => {
    const patient = await place.patient()
    const book = (start: string) =>
      house.call(
        'POST',
        'Appointment/$book',
        parameters({ schedule: `Schedule/${place.schedules[0]}`, start, patient: `Patient/${patient}` }),
      )
    for (const start of ['-200000-01-01T00:00:00Z', '+200000-01-01T00:00:00Z', 'Nov 24 2026', '2026-02-30T09:00:00Z', '']) {
      const { status, json } = await book(start)
      expect([start, status, json.issue?.[0]?.code]).toEqual([start, 400, 'value'])
    }
    // Without a zone it is UTC, wherever the server stands.
    expect((await book(instantIn(3, '09:00').replace('Z', ''))).status).toBe(201)
  })
})
