/**
 * The dialects on the one engine, each as its guide writes its requests: Argonaut, IHE ITI-115 to 118, ISiK, and what Epic,
 * Oracle Health and Medplum send. The numbers (J1 …) are those of the golden requests in the project's notes on standards.
 */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2 })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const post = (path: string, values: Readonly<Record<string, unknown>>): Promise<Answer> => house.call('POST', path, parameters(values))
const statusOf = async (reference: string): Promise<string> => made(await house.call('GET', reference), 200).status
const replaces = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.replaces'
const iso = (instant: string): string => new Date(instant).toISOString()

/** A searchset of one Appointment, and what was said about it. */
function inBundle(answer: Answer, status: string): Body {
  expect([answer.status, answer.json.resourceType, answer.json.total]).toEqual([200, 'Bundle', 1])
  expect(answer.json.entry?.map(({ search }) => search?.mode)).toEqual(['match', 'outcome'])
  const appointment = appointmentIn(answer) as Body
  expect(appointment.status).toBe(status)
  return appointment
}

/** IHE: a Bundle that holds only the OperationOutcome. */
function refusedInBundle(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.json.resourceType]).toEqual([status, 'Bundle'])
  expect(answer.json.entry?.map(({ resource }) => [resource.resourceType, resource.issue[0]?.severity, resource.issue[0]?.code])).toEqual([
    ['OperationOutcome', 'fatal', code],
  ])
}

describe('J6: IHE ITI-117 by the status of the appointment-resource', () => {
  it('pending books, booked with another start modifies, cancelled cancels', async () => {
    const [slot, later] = [await place.slotAt(2, '09:00'), await place.slotAt(2, '10:00')]
    const patient = await place.patient()
    const sent = {
      ...place.appointment(slot, patient, { status: 'pending' }),
      participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
    }
    const booked = inBundle(await post('Appointment/$book', { 'appointment-resource': sent }), 'booked')
    expect(await statusOf(`Slot/${slot.id}`)).toBe('busy')

    const moved = inBundle(
      await post('Appointment/$book', { 'appointment-resource': { ...booked, start: later.start, end: later.end, description: 'Knee' } }),
      'booked',
    )
    expect(moved).toMatchObject({ id: booked.id, start: iso(later.start), slot: [{ reference: `Slot/${later.id}` }], description: 'Knee' })
    expect([await statusOf(`Slot/${slot.id}`), await statusOf(`Slot/${later.id}`)]).toEqual(['free', 'busy'])

    const reason = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason', code: 'pat' }] }
    const gone = inBundle(
      await post('Appointment/$book', { 'appointment-resource': { ...moved, status: 'cancelled', cancelationReason: reason } }),
      'cancelled',
    )
    expect(gone).toMatchObject({ id: booked.id, cancelationReason: reason })
    expect(await statusOf(`Slot/${later.id}`)).toBe('free')
  })

  it('a modify that names another Slot moves there; one at the same time changes what is said; a taken time leaves all as it was', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const [nine, ten, eleven] = [await place.slotAt(3, '09:00'), await place.slotAt(3, '10:00'), await place.slotAt(3, '11:00')]
    const visit = made(await place.book(nine.id, a))
    made(await place.book(ten.id, b))
    const said = inBundle(
      await post('Appointment/$book', { 'appointment-resource': { ...visit, description: 'Bring papers', comment: 'Lift' } }),
      'booked',
    )
    expect(said).toMatchObject({ id: visit.id, start: visit.start, slot: visit.slot, description: 'Bring papers', comment: 'Lift' })
    const wish = { ...said, start: ten.start, end: ten.end, slot: [{ reference: `Slot/${ten.id}` }] }
    refusedInBundle(await post('Appointment/$book', { 'appointment-resource': wish }), 409, 'conflict')
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200)).toEqual(said)
    const free = { ...said, start: eleven.start, end: eleven.end, slot: [{ reference: `Slot/${eleven.id}` }] }
    expect(inBundle(await post('Appointment/$book', { 'appointment-resource': free }), 'booked').start).toBe(iso(eleven.start))
    expect([await statusOf(`Slot/${nine.id}`), await statusOf(`Slot/${ten.id}`)]).toEqual(['free', 'busy'])
  })

  it('cancelled releases a hold, too', async () => {
    const slot = await place.slotAt(4, '09:00')
    const held = made(await place.hold(slot.id, await place.patient()))
    inBundle(await post('Appointment/$book', { 'appointment-resource': { ...held, status: 'cancelled' } }), 'cancelled')
    expect(await statusOf(`Slot/${slot.id}`)).toBe('free')
  })
})

describe('J8: reschedule with cancelled-appt-id', () => {
  it('books the new one with `replaces` and cancels the old; where the new is taken the old stands', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const [nine, ten, eleven] = [await place.slotAt(5, '09:00'), await place.slotAt(5, '10:00'), await place.slotAt(5, '11:00')]
    const old = made(await place.book(nine.id, a))
    made(await place.book(ten.id, b))
    const sent = (slot: Body) => ({
      'appt-resource': place.appointment(slot, a, { status: 'proposed' }),
      'cancelled-appt-id': { valueUri: `Appointment/${old.id}` },
    })
    expect((await post('Appointment/$book', sent(ten))).status).toBe(409)
    expect(await statusOf(`Appointment/${old.id}`)).toBe('booked')
    const booked = made(await post('Appointment/$book', sent(eleven)))
    expect(booked.extension).toEqual([{ url: replaces, valueReference: { reference: `Appointment/${old.id}` } }])
    expect(await statusOf(`Appointment/${old.id}`)).toBe('cancelled')
    expect(await statusOf(`Slot/${nine.id}`)).toBe('free')
  })
})

describe('ISiK $book', () => {
  it('books an Appointment that is stored as proposed and keeps its id', async () => {
    const slot = await place.slotAt(6, '09:00')
    const wish = made(await house.call('POST', 'Appointment', place.appointment(slot, await place.patient(), { status: 'proposed' })))
    const booked = made(await house.call('POST', 'Appointment/$book', wish))
    expect(booked).toMatchObject({ resourceType: 'Appointment', id: wish.id, status: 'booked', slot: [{ reference: `Slot/${slot.id}` }] })
    expect(await statusOf(`Slot/${slot.id}`)).toBe('busy')
  })

  it('takes a Schedule and times where no Slot is named: 201, the Appointment with its Slots', async () => {
    const slot = await place.slotAt(6, '10:00')
    const { slot: _slot, ...resource } = place.appointment(slot, await place.patient(), { status: 'proposed' }) as { slot: unknown }
    const answer = await post('Appointment/$book', {
      'appt-resource': { resourceType: 'Appointment', ...resource },
      schedule: `Schedule/${place.schedules[0]}`,
    })
    const booked = made(answer)
    expect(booked).toMatchObject({ resourceType: 'Appointment', status: 'booked', slot: [{ reference: `Slot/${slot.id}` }] })
    expect(answer.headers.get('location')).toBe(`${house.house.base}/Appointment/${booked.id}/_history/1`)
    const nothing = await post('Appointment/$book', { 'appt-resource': { resourceType: 'Appointment', ...resource } })
    expect([nothing.status, nothing.json.issue[0]?.code]).toEqual([400, 'required'])
  })
})
