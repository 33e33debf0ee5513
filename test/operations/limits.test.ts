/** What one request may ask for, and how much one Schedule may hold. */
import { findSchedulesMax } from '../../src/base/limits.ts'
import { availability, type Clinic, clinic, create, instantIn } from '../support/clinic.ts'
import { matches, type TestHouse, testHouse } from '../support/house.ts'

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
