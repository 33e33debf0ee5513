/**
 * The flow of clients from before `$book` (HL7 connectathon scheduling track): find a Slot, set it tentative, write the
 * Appointment that names it, have people accept, then set both to busy and booked; at the end cancel and free it.
 */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, dateIn } from '../support/clinic.ts'
import { type Body, type Call, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const slotNow = async (call: Call, id: string): Promise<Body> => made(await call('GET', `Slot/${id}`), 200)
const setSlot = async (call: Call, id: string, status: string) => call('PUT', `Slot/${id}`, { ...(await slotNow(call, id)), status })

describe('a client that sets Slots and Appointments by itself', () => {
  it('goes the whole way from finding to freeing', async () => {
    const { call } = house
    const [schedule] = matches(await call('GET', `Schedule?actor=Practitioner/${place.practitioners[0]}`))
    expect(schedule?.id).toBe(place.schedules[0])
    const tomorrow = `start=ge${dateIn(1)}`
    const [slot] = matches(await call('GET', `Slot?schedule=Schedule/${schedule?.id}&status=free&${tomorrow}&_sort=start&_count=1`)) as [
      Body,
    ]
    const patient = await place.patient()
    const people = (status: string) =>
      [`Patient/${patient}`, `Practitioner/${place.practitioners[0]}`].map((reference) => ({ actor: { reference }, status }))
    const proposed = made(
      await call('POST', 'Appointment', place.appointment(slot, patient, { status: 'proposed', participant: people('needs-action') })),
    )
    expect((await slotNow(call, slot.id)).status).toBe('free')
    expect(made(await setSlot(call, slot.id, 'busy-tentative'), 200).status).toBe('busy-tentative')
    for (const reference of [`Patient/${patient}`, `Practitioner/${place.practitioners[0]}`])
      made(
        await call('POST', 'AppointmentResponse', {
          resourceType: 'AppointmentResponse',
          appointment: { reference: `Appointment/${proposed.id}` },
          actor: { reference },
          participantStatus: 'accepted',
        }),
      )
    const accepted = made(await call('PUT', `Appointment/${proposed.id}`, { ...proposed, participant: people('accepted') }), 200)
    made(await setSlot(call, slot.id, 'busy'), 200)
    const booked = made(await call('PUT', `Appointment/${proposed.id}`, { ...accepted, status: 'booked' }), 200)
    expect((await slotNow(call, slot.id)).status).toBe('busy')
    made(await call('PUT', `Appointment/${proposed.id}`, { ...booked, status: 'cancelled' }), 200)
    made(await setSlot(call, slot.id, 'free'), 200)
    expect((await slotNow(call, slot.id)).status).toBe('free')
    made(await place.book(slot.id, patient))
  })

  it('may write the Appointment first and the Slot after it, in either order', async () => {
    const slot = await place.slotAt(2, '09:00')
    made(await setSlot(house.call, slot.id, 'busy-tentative'), 200)
    made(await house.call('POST', 'Appointment', place.appointment(slot, await place.patient())))
    made(await setSlot(house.call, slot.id, 'busy'), 200)
    expect((await slotNow(house.call, slot.id)).status).toBe('busy')
  })

  it('may book by $book what it has set tentative itself', async () => {
    const slot = await place.slotAt(2, '10:00')
    made(await setSlot(house.call, slot.id, 'busy-tentative'), 200)
    expect(made(await place.book(slot.id, await place.patient())).status).toBe('booked')
    expect((await slotNow(house.call, slot.id)).status).toBe('busy')
  })

  it('keeps every other client out meanwhile, and lets nobody take the Slot twice', async () => {
    const other = house.as(await house.token('system/*.cruds', { client: 'another-client' }))
    const slot = await place.slotAt(2, '11:00')
    const [a, b] = await place.patients(2)
    made(await setSlot(house.call, slot.id, 'busy-tentative'), 200)
    expect((await other('POST', 'Appointment', place.appointment(slot, b ?? ''))).status).toBe(409)
    expect((await other('POST', `Slot/${slot.id}/$book?patient=${b}`)).status).toBe(409)
    const stands = await slotNow(house.call, slot.id)
    expect([stands.status, stands.meta.versionId]).toEqual(['busy-tentative', '2'])
    made(await house.call('POST', 'Appointment', place.appointment(slot, a ?? '')))
    expect((await house.call('POST', 'Appointment', place.appointment(slot, b ?? ''))).status).toBe(409)
  })
})
