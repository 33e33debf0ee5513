/** Which visit came before which: R5's `replaces` and `previousAppointment` as cross-version extensions (docs/booking.md). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const url = (name: string) => `http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.${name}`
const link = (name: string, id: string) => ({ url: url(name), valueReference: { reference: `Appointment/${id}` } })
const links = (visit: Body | undefined): Record<string, string[]> => {
  const named = (name: string) =>
    (visit?.extension ?? [])
      .filter((one) => one.url === url(name))
      .map(({ valueReference }) => valueReference?.reference?.split('/')[1] ?? '')
  return { replaces: named('replaces'), previous: named('previousAppointment') }
}
const refusal = ({ status, json }: Answer): unknown[] => [status, json.issue?.[0]?.code]

/** A visit that follows another one. */
async function followUp(day: number): Promise<{ first: Body; second: Body; patient: string }> {
  const patient = await place.patient()
  const first = made(await place.book((await place.slotAt(day, '09:00')).id, patient))
  const wish = place.appointment(await place.slotAt(day, '10:00'), patient, {
    status: 'proposed',
    extension: [link('previousAppointment', first.id)],
  })
  return { first, second: made(await house.call('POST', 'Appointment/$book', wish)), patient }
}

describe('the links between visits', () => {
  it('pass to the visit that is booked in place of another', async () => {
    const { first, second, patient } = await followUp(1)
    expect(links(second)).toEqual({ replaces: [], previous: [first.id] })
    const third = made(await place.book((await place.slotAt(1, '11:00')).id, patient, { 'cancelled-appt-id': `Appointment/${second.id}` }))
    expect(links(third)).toEqual({ replaces: [second.id], previous: [first.id] })
    expect(links(made(await house.call('GET', `Appointment/${third.id}`), 200))).toEqual(links(third))
    const held = made(await place.hold((await place.slotAt(1, '12:00')).id, patient))
    const sent = parameters({
      'appt-id': { valueUri: `Appointment/${held.id}` },
      'cancelled-appt-id': { valueUri: `Appointment/${third.id}` },
    })
    expect(links(appointmentIn(await house.call('POST', 'Appointment/$book', sent)))).toEqual({
      replaces: [third.id],
      previous: [first.id],
    })
  })

  it('say what the client says, once, where it says so itself', async () => {
    const { second, patient } = await followUp(2)
    const other = made(await place.book((await place.slotAt(2, '11:00')).id, patient))
    const resource = place.appointment(await place.slotAt(2, '12:00'), patient, {
      status: 'proposed',
      extension: [link('replaces', second.id), link('previousAppointment', other.id)],
    })
    const sent = parameters({ 'appt-resource': resource, 'cancelled-appt-id': `Appointment/${second.id}` })
    expect(links(appointmentIn(await house.call('POST', 'Appointment/$book', sent)))).toEqual({
      replaces: [second.id],
      previous: [other.id],
    })
  })

  it('stay when the visit is moved or changed, whatever is sent along', async () => {
    const { first, second } = await followUp(3)
    const moved = made(
      await house.call('POST', `Appointment/${second.id}/$reschedule`, parameters({ slot: `Slot/${(await place.slotAt(3, '11:00')).id}` })),
      200,
    )
    expect(links(moved)).toEqual({ replaces: [], previous: [first.id] })
    const to = await place.slotAt(3, '12:00')
    const bare = { ...moved, extension: undefined, start: to.start, end: to.end, slot: [{ reference: `Slot/${to.id}` }] }
    const again = appointmentIn(await house.call('POST', 'Appointment/$book', parameters({ 'appointment-resource': bare })))
    expect([Date.parse(again?.start ?? ''), links(again)]).toEqual([Date.parse(to.start), { replaces: [], previous: [first.id] }])
  })

  it('are not for a patient to change', async () => {
    const { second, patient } = await followUp(4)
    const mine = house.as(await house.token('patient/*.cruds', { patient }))
    for (const extension of [undefined, [link('previousAppointment', 'another')]])
      expect(refusal(await mine('PUT', `Appointment/${second.id}`, { ...second, extension }))).toEqual([422, 'business-rule'])
  })
})
