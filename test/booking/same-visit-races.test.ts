/** Many hands on one visit at once: what it ends as is one thing, and its time agrees with it. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, type Body, made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => {
  expect(await disagreements(house.house.pool)).toEqual([])
  expect(house.warnings).toEqual([])
})
afterAll(() => house.close())

const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status).sort()
const again = <T>(times: number, deed: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, i) => deed(i)))
const read = async (reference: string): Promise<Body> => made(await house.call('GET', reference), 200)

describe('one hold', () => {
  it('booked by twenty at once is booked once', async () => {
    const held = made(await place.hold((await place.slotAt(1, '09:00')).id, await place.patient()))
    const answers = await again(20, () => house.call('POST', `Appointment/${held.id}/$book`))
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: 19 }, () => 409)])
    expect((await read(`Appointment/${held.id}`)).meta.versionId).toBe('2')
  })

  it('booked and released at the same time ends as one of both', async () => {
    for (const time of ['10:00', '10:15', '10:30', '10:45']) {
      const slot = await place.slotAt(1, time)
      const held = made(await place.hold(slot.id, await place.patient()))
      const [booked, released] = await Promise.all([
        house.call('POST', `Appointment/${held.id}/$book`),
        house.call('POST', `Appointment/${held.id}/$release`),
      ])
      const stands = booked.status === 200
      expect([booked.status, released.status]).toEqual(stands ? [200, 422] : [410, 200])
      expect((await read(`Appointment/${held.id}`)).status).toBe(stands ? 'booked' : 'cancelled')
      expect((await read(`Slot/${slot.id}`)).status).toBe(stands ? 'busy' : 'free')
    }
  })
})

describe('one visit', () => {
  it('cancelled while others want its time goes to one of them at most, and is never lost', async () => {
    const slot = await place.slotAt(2, '09:00')
    const [owner = '', ...others] = await place.patients(21)
    const visit = made(await place.book(slot.id, owner))
    const [cancelled, ...answers] = await Promise.all([
      house.call('POST', `Appointment/${visit.id}/$cancel`),
      ...others.map((patient) => place.book(slot.id, patient)),
    ])
    expect(cancelled?.status).toBe(200)
    const won = answers.filter(({ status }) => status === 201)
    expect(won.length).toBeLessThanOrEqual(1)
    expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([])
    expect((await read(`Slot/${slot.id}`)).status).toBe(won.length === 1 ? 'busy' : 'free')
  })

  it('moved by many PUTs at once to different times has one time, and only its Slot is busy', async () => {
    const visit = made(await place.book((await place.slotAt(3, '09:00')).id, await place.patient()))
    const slots = (await place.slotsOn(3)).slice(4, 14)
    const answers = await again(10, (i) => {
      const slot = slots[i] as Body
      return house.call('PUT', `Appointment/${visit.id}`, {
        ...visit,
        start: slot.start,
        end: slot.end,
        slot: [{ reference: `Slot/${slot.id}` }],
      })
    })
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    const after = await read(`Appointment/${visit.id}`)
    expect(after.meta.versionId).toBe('11')
    expect((await place.slotsOn(3)).filter(({ status }) => status !== 'free').map(({ id }) => `Slot/${id}`)).toEqual([
      after.slot[0]?.reference,
    ])
  })

  it('written by many with the same If-Match is written once', async () => {
    const visit = made(await place.book((await place.slotAt(4, '09:00')).id, await place.patient()))
    const answers = await again(10, (i) =>
      house.call('PUT', `Appointment/${visit.id}`, { ...visit, comment: `${i}` }, { 'if-match': 'W/"1"' }),
    )
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: 9 }, () => 412)])
  })
})

describe('one practitioner, two ways', () => {
  it('a Slot set busy by hand and a booking of it at once: one of them stands', async () => {
    for (const time of ['09:00', '09:15', '09:30', '09:45', '10:00', '10:15']) {
      const slot = await place.slotAt(5, time)
      const other = house.as(await house.token('system/*.cruds', { client: 'front-desk' }))
      const [byHand, booked] = await Promise.all([
        other('PUT', `Slot/${slot.id}`, { ...slot, status: 'busy' }),
        place.book(slot.id, await place.patient()),
      ])
      // The booking's Slot reads busy already, so writing busy again changes nothing and is no refusal.
      expect([[200, 409].join(), [409, 201].join(), [200, 201].join()]).toContain([byHand.status, booked.status].join())
      const claims = await house.house.pool.query({
        text: 'select appointment from claim where period && tstzrange($1::timestamptz, $2::timestamptz)',
        values: [slot.start, slot.end],
      })
      expect(claims).toEqual([{ appointment: booked.status === 201 ? `Appointment/${booked.json.id}` : `Slot/${slot.id}` }])
    }
  })
})
