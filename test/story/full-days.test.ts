/** A day with a cap is full at exactly that many visits, however many ask at once. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse

beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

const wide = { start: '06:00:00', end: '22:00:00' }
const won = (answers: readonly Answer[]): number => answers.filter(({ status }) => status === 201).length

async function bookedOn(place: Clinic): Promise<number> {
  return matches(await house.call('GET', `Appointment?actor=Practitioner/${place.practitioners[0]}&status=booked&_count=100`)).length
}

describe('maxPerDay', () => {
  it('lets exactly 10 of 64 simultaneous bookings of one day through', async () => {
    const place = await clinic(house.call, { ...wide, policy: { maxPerDay: 10 } })
    const patients = await place.patients(64)
    const slots = await place.slotsOn(3)
    const answers = await Promise.all(slots.map((slot, i) => place.book(slot.id, patients[i] ?? '')))
    expect(won(answers)).toBe(10)
    expect(await bookedOn(place)).toBe(10)
    const refused = answers.filter(({ status }) => status !== 201)
    expect(new Set(refused.map(({ status, json }) => `${status} ${json.issue[0]?.code}`))).toEqual(new Set(['422 business-rule']))
    expect(refused[0]?.json.issue[0]?.diagnostics).toContain('10 visits a day')
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('counts holds, gives a place back on cancel and release, and counts each day by itself', async () => {
    const place = await clinic(house.call, { policy: { maxPerDay: 2 } })
    const [a = '', b = '', c = ''] = await place.patients(3)
    const [nine, ten, eleven] = [await place.slotAt(3, '09:00'), await place.slotAt(3, '10:00'), await place.slotAt(3, '11:00')]
    const first = made(await place.book(nine.id, a))
    const held = made(await place.hold(ten.id, b))
    expect((await place.book(eleven.id, c)).status).toBe(422)
    made(await place.book((await place.slotAt(4, '09:00')).id, c))
    made(await house.call('POST', `Appointment/${held.id}/$release`), 200)
    const second = made(await place.book(eleven.id, c))
    expect((await place.book(ten.id, b)).status).toBe(422)
    made(await house.call('POST', `Appointment/${first.id}/$cancel`), 200)
    made(await place.book(ten.id, b))
    expect(second.status).toBe('booked')
  })

  it('moves a visit within its full day, since the old place is given back with the new one', async () => {
    const place = await clinic(house.call, { policy: { maxPerDay: 1 } })
    const patient = await place.patient()
    const first = made(await place.book((await place.slotAt(3, '09:00')).id, patient))
    const moved = await place.book((await place.slotAt(3, '10:00')).id, patient, { 'cancelled-appt-id': `Appointment/${first.id}` })
    expect(moved.status).toBe(201)
  })

  it('is the day of the clinic, not of UTC', async () => {
    const place = await clinic(house.call, { zone: 'Pacific/Auckland', start: '00:00:00', end: '23:45:00', policy: { maxPerDay: 1 } })
    const [a = '', b = ''] = await place.patients(2)
    const slots = [...(await place.slotsOn(3)), ...(await place.slotsOn(4))]
    const localDay = (instant: string): string =>
      new Intl.DateTimeFormat('sv-SE', { timeZone: 'Pacific/Auckland' }).format(new Date(instant))
    const day = localDay(slots.find(({ start }) => start.slice(11, 13) === '20')?.start ?? '')
    const sameDay = slots.filter(({ start }) => localDay(start) === day)
    const [first, last] = [sameDay[0], sameDay.at(-1)]
    expect(first?.start.slice(0, 10)).not.toBe(last?.start.slice(0, 10))
    made(await place.book(first?.id ?? '', a))
    expect((await place.book(last?.id ?? '', b)).status).toBe(422)
    const next = slots.find(({ start }) => localDay(start) > day)
    made(await place.book(next?.id ?? '', b))
  })
})

describe('maxOnlinePerDay', () => {
  it('lets exactly 5 of 32 patients through at once, and the front desk after them', async () => {
    const place = await clinic(house.call, { ...wide, policy: { maxOnlinePerDay: 5 } })
    const patients = await place.patients(33)
    const slots = await place.slotsOn(3)
    const answers = await Promise.all(
      patients.slice(0, 32).map(async (patient, i) => {
        const call = house.as(await house.token('patient/Appointment.cruds patient/Slot.rs', { patient }))
        return call('POST', `Slot/${slots[i]?.id}/$book`)
      }),
    )
    expect(won(answers)).toBe(5)
    expect(new Set(answers.filter(({ status }) => status !== 201).map(({ status }) => status))).toEqual(new Set([422]))
    made(await place.book(slots.at(-1)?.id ?? '', patients[32] ?? ''))
    expect(await bookedOn(place)).toBe(6)
  })
})
