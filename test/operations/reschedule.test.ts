/** `$book` with `cancelled-appt-id`: a moved visit is never without a time (docs/booking.md). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Body, made, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const statusOf = async (reference: string): Promise<string> => made(await house.call('GET', reference), 200).status
const move = (visit: Body, slot: Body, patient: string) =>
  place.book(slot.id, patient, { 'cancelled-appt-id': { valueUri: `Appointment/${visit.id}` } })
const replaces = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.replaces'

describe('$book with cancelled-appt-id', () => {
  it('books the new time, names the old visit and cancels it, giving its Slot back', async () => {
    const patient = await place.patient()
    const [nine, ten] = [await place.slotAt(2, '09:00'), await place.slotAt(2, '10:00')]
    const old = made(await place.book(nine.id, patient))
    const moved = made(await move(old, ten, patient))
    expect(moved.extension?.find(({ url }) => url === replaces)?.valueReference?.reference).toBe(`Appointment/${old.id}`)
    expect(await statusOf(`Appointment/${old.id}`)).toBe('cancelled')
    expect([await statusOf(`Slot/${nine.id}`), await statusOf(`Slot/${ten.id}`)]).toEqual(['free', 'busy'])
  })

  it('leaves the old visit standing where the new time is taken', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const [nine, ten] = [await place.slotAt(3, '09:00'), await place.slotAt(3, '10:00')]
    const old = made(await place.book(nine.id, a))
    made(await place.book(ten.id, b))
    expect((await move(old, ten, a)).status).toBe(409)
    expect(await statusOf(`Appointment/${old.id}`)).toBe('booked')
    expect(await statusOf(`Slot/${nine.id}`)).toBe('busy')
  })

  it('moves a visit to a time that overlaps its own', async () => {
    const long = await clinic(house.call, { minutes: 30 })
    const patient = await long.patient()
    const old = made(await long.book((await long.slotAt(3, '09:00')).id, patient))
    const moved = made(await long.book((await long.slotAt(3, '09:15')).id, patient, { 'cancelled-appt-id': `Appointment/${old.id}` }))
    expect(moved.slot).toHaveLength(2)
    expect((await long.slotsOn(3)).filter(({ status }) => status === 'busy').map(({ start }) => start.slice(11, 16))).toEqual([
      '09:15',
      '09:30',
    ])
  })

  it('takes a hold that is then booked as the new time', async () => {
    const patient = await place.patient()
    const [nine, ten] = [await place.slotAt(4, '09:00'), await place.slotAt(4, '10:00')]
    const old = made(await place.book(nine.id, patient))
    const held = made(await place.hold(ten.id, patient))
    const sent = parameters({
      'appt-id': { valueUri: `Appointment/${held.id}` },
      'cancelled-appt-id': { valueUri: `Appointment/${old.id}` },
    })
    made(await house.call('POST', 'Appointment/$book', sent), 200)
    expect([await statusOf(`Appointment/${old.id}`), await statusOf(`Appointment/${held.id}`)]).toEqual(['cancelled', 'booked'])
  })

  it('gives a time that many move to at once to one of them; the others keep theirs', async () => {
    const patients = await place.patients(20)
    const slots = (await place.slotsOn(5)).slice(0, 21)
    const old = await Promise.all(patients.map(async (patient, i) => made(await place.book(slots[i]?.id ?? '', patient))))
    const answers = await Promise.all(patients.map((patient, i) => move(old[i] as Body, slots[20] as Body, patient)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
    const after = await Promise.all(old.map(({ id }) => statusOf(`Appointment/${id}`)))
    expect(after.map((status, i) => (status === 'cancelled') === (answers[i]?.status === 201))).toEqual(patients.map(() => true))
  })

  it('lets two swap into each other’s time only one after the other, never losing either', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const [nine, ten] = [await place.slotAt(6, '09:00'), await place.slotAt(6, '10:00')]
    const [first, second] = [made(await place.book(nine.id, a)), made(await place.book(ten.id, b))]
    const answers = await Promise.all([move(first, ten, a), move(second, nine, b)])
    for (const { status } of answers) expect([201, 409]).toContain(status)
    const busy = (await place.slotsOn(6)).filter(({ status }) => status === 'busy')
    expect(busy).toHaveLength(2)
  })

  it('refuses to move what is not there or already cancelled, and books nothing', async () => {
    const patient = await place.patient()
    const slot = await place.slotAt(7, '09:00')
    expect((await place.book(slot.id, patient, { 'cancelled-appt-id': 'Appointment/none' })).status).toBe(404)
    const old = made(await place.book((await place.slotAt(7, '10:00')).id, patient))
    made(await house.call('POST', `Appointment/${old.id}/$cancel`), 200)
    const late = await move(old, slot, patient)
    expect([late.status, late.json.issue[0]?.code, late.json.issue[0]?.expression]).toEqual([422, 'business-rule', ['cancelled-appt-id']])
    expect(await statusOf(`Slot/${slot.id}`)).toBe('free')
  })

  it('makes one visit of one, however many move it at once, also out of holds', async () => {
    const patient = await place.patient()
    const slots = (await place.slotsOn(8)).slice(0, 13)
    const old = made(await place.book(slots[12]?.id ?? '', patient))
    const held = await Promise.all(slots.slice(8, 12).map(async ({ id }) => made(await place.hold(id, patient))))
    const replacing = parameters({ 'cancelled-appt-id': `Appointment/${old.id}` })
    const answers = await Promise.all([
      ...slots.slice(0, 8).map((slot) => move(old, slot, patient)),
      ...held.map(({ id }) => house.call('POST', `Appointment/${id}/$book`, replacing)),
    ])
    const won = answers.filter(({ status }) => status < 300)
    expect(won).toHaveLength(1)
    expect(new Set(answers.filter((one) => !won.includes(one)).map(({ status }) => status))).toEqual(new Set([422]))
    const busy = (await place.slotsOn(8)).filter(({ status }) => status === 'busy')
    expect(busy).toHaveLength(1)
    expect(await statusOf(`Appointment/${old.id}`)).toBe('cancelled')
  })
})
