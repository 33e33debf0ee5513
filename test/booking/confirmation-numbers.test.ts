/** Each booking has a number that people can read out, one that no other visit has. */
import { bookSlot } from '../../src/booking/book.ts'
import type { House } from '../../src/store/house.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const system = 'https://slotwise.org/fhir/confirmation-number'
type Identified = Body & { identifier?: { system?: string; value?: string }[] }
const identifiers = (visit: Body | undefined) => (visit as Identified | undefined)?.identifier ?? []
const numberOf = (visit: Body | undefined) => identifiers(visit).find((one) => one.system === system)?.value
const refusal = ({ status, json }: Answer): unknown[] => [status, json.issue?.[0]?.code, json.issue?.[0]?.expression?.[0]]
const form = /^[2-9CDFGHJKMNPRTWXY]{3}(-[2-9CDFGHJKMNPRTWXY]{3}){2}$/

describe('the confirmation number', () => {
  it('is on what was booked, found by it, and kept when the visit is moved, changed and cancelled', async () => {
    const visit = made(await place.book((await place.slotAt(1, '09:00')).id, await place.patient()))
    const number = numberOf(visit) ?? ''
    expect(number).toMatch(form)
    for (const value of [number, `${system}|${number}`])
      expect(matches(await house.call('GET', `Appointment?identifier=${encodeURIComponent(value)}`)).map(({ id }) => id)).toEqual([
        visit.id,
      ])
    const next = await place.slotAt(1, '10:00')
    const moved = made(await house.call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${next.id}` })), 200)
    expect(numberOf(moved)).toBe(number)
    const sent = { ...moved, identifier: [{ system: 'urn:x', value: '1' }], comment: 'Changed' }
    const changed = appointmentIn(await house.call('POST', 'Appointment/$book', parameters({ 'appt-resource': sent })))
    expect(identifiers(changed).map(({ value }) => value)).toEqual(['1', number])
    expect(numberOf(made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200))).toBe(number)
  })

  it('comes with the booking of a hold or of a proposal, not before', async () => {
    const [first, second] = [await place.slotAt(2, '09:00'), await place.slotAt(2, '10:00')]
    const held = made(await place.hold(first.id, await place.patient()))
    expect(identifiers(held)).toEqual([])
    expect(numberOf(appointmentIn(await house.call('POST', `Appointment/${held.id}/$book`)))).toMatch(form)
    const proposed = made(await house.call('POST', 'Appointment', place.appointment(second, await place.patient(), { status: 'proposed' })))
    expect(numberOf(appointmentIn(await house.call('POST', `Appointment/${proposed.id}/$book`)))).toMatch(form)
  })

  it('is no client’s to choose', async () => {
    const patient = await place.patient()
    const own = { identifier: [{ system, value: '222-222-222' }] }
    const slot = await place.slotAt(3, '09:00')
    const sent = place.appointment(slot, patient, { status: 'proposed', ...own })
    const visit = made(await house.call('POST', 'Appointment/$book', sent))
    expect([numberOf(visit) === '222-222-222', identifiers(visit).length]).toEqual([false, 1])
    const mine = house.as(await house.token('patient/*.cruds', { patient }))
    const other = made(await place.book((await place.slotAt(3, '10:00')).id, patient))
    for (const identifier of [own.identifier, undefined, identifiers(visit)])
      expect(refusal(await mine('PUT', `Appointment/${other.id}`, { ...other, identifier }))).toEqual([
        422,
        'business-rule',
        'Appointment.identifier',
      ])
    const malformed = place.appointment(await place.slotAt(3, '11:00'), patient, { identifier: [{ system, value: '222-222-223' }] })
    expect(refusal(await house.call('POST', 'Appointment', malformed))).toEqual([400, 'value', 'Appointment.identifier'])
  })

  it('of another visit is refused to the front desk and to imports, and is free again when that is deleted', async () => {
    const patient = await place.patient()
    const visit = made(await place.book((await place.slotAt(4, '09:00')).id, patient))
    const second = place.appointment(await place.slotAt(4, '10:00'), patient, { identifier: identifiers(visit) })
    expect(refusal(await house.call('POST', 'Appointment', second))).toEqual([409, 'conflict', 'Appointment.identifier'])
    expect((await place.slotAt(4, '10:00')).status).toBe('free')
    expect((await house.call('DELETE', `Appointment/${visit.id}`)).status).toBe(204)
    expect(numberOf(made(await house.call('POST', 'Appointment', second)))).toBe(numberOf(visit))
  })

  it('that was drawn already is drawn anew, also where many are booked at once', async () => {
    const patients = await place.patients(12)
    const slots = (await place.slotsOn(5)).filter(({ status }) => status === 'free')
    // The last twelve digits of an id make the number: for a while they are always the same.
    const draws = { left: 30 }
    const ids = {
      next: () => {
        const id = house.house.ids.next()
        draws.left -= 1
        return draws.left > 0 ? `${id.slice(0, -12)}000000000007` : id
      },
    }
    const dice: House = Object.create(house.house, { ids: { value: ids } })
    const booked = await Promise.all(
      patients.map((patient, at) =>
        bookSlot(dice, {
          slot: slots[at]?.id ?? '',
          patient,
          service: {},
          hold: false,
          client: 'test',
          online: false,
          audit: { id: house.house.ids.next(), at: new Date().toISOString(), interaction: 'book', action: 'C', client: 'test' },
        }),
      ),
    )
    const numbers = booked.map(({ text }) => numberOf(JSON.parse(text) as Body))
    expect(new Set(numbers).size).toBe(12)
  })

  describe('of a visit that is booked by a write of its Appointment', () => {
    type Sent = Readonly<Record<string, unknown>>
    const asStaff = async () => house.as(await house.token('user/*.cruds', { user: `Practitioner/${place.practitioners[0]}` }))
    const asPatient = async (patient: string) => house.as(await house.token('patient/*.cruds', { patient }))

    it('is given to it where a person writes, whatever else it is called and to the last digit of what was sent', async () => {
      const staff = await asStaff()
      const coverage = { url: 'urn:x:share', valueDecimal: 42.5 }
      const own = { identifier: [{ system: 'urn:x', value: '1' }], extension: [coverage] }
      const sent = place.appointment(await place.slotAt(6, '09:00'), await place.patient(), own) as Sent
      const visit = made(await staff('POST', 'Appointment', sent))
      expect(identifiers(visit)[0]).toEqual({ system: 'urn:x', value: '1' })
      expect(numberOf(visit)).toMatch(form)
      expect(visit).toEqual({ ...sent, id: visit.id, meta: visit.meta, identifier: identifiers(visit) })
      const patient = await place.patient()
      const mine = await asPatient(patient)
      const theirs = made(await mine('POST', 'Appointment', place.appointment(await place.slotAt(6, '09:15'), patient)))
      expect(numberOf(theirs)).toMatch(form)
      expect(matches(await house.call('GET', `Appointment?identifier=${numberOf(theirs)}`)).map(({ id }) => id)).toEqual([theirs.id])
      expect(made(await mine('PUT', `Appointment/${theirs.id}`, { ...theirs, comment: 'By bus' }), 200).comment).toBe('By bus')
    })

    it('comes when a wish, or what was only proposed, becomes booked by PUT, PATCH or in a transaction, not before', async () => {
      const staff = await asStaff()
      const proposed = async (time: string) =>
        made(
          await staff('POST', 'Appointment', place.appointment(await place.slotAt(6, time), await place.patient(), { status: 'proposed' })),
        )
      const [put, patch, entry] = [await proposed('10:00'), await proposed('10:15'), await proposed('10:30')]
      expect([put, patch, entry].map(numberOf)).toEqual([undefined, undefined, undefined])
      expect(numberOf(made(await staff('PUT', `Appointment/${put.id}`, { ...put, status: 'booked' }), 200))).toMatch(form)
      const operations = [{ op: 'replace', path: '/status', value: 'booked' }]
      const type = { 'content-type': 'application/json-patch+json' }
      expect(numberOf(made(await staff('PATCH', `Appointment/${patch.id}`, operations, type), 200))).toMatch(form)
      const request = { method: 'PUT', url: `Appointment/${entry.id}` }
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: { ...entry, status: 'booked' }, request }] }
      made(await staff('POST', '', bundle), 200)
      expect(numberOf(made(await staff('GET', `Appointment/${entry.id}`), 200))).toMatch(form)
    })

    it('stays where staff leave it out, and what is sent again is no new version', async () => {
      const staff = await asStaff()
      const sent = place.appointment(await place.slotAt(6, '11:00'), await place.patient()) as Sent
      const visit = made(await staff('POST', 'Appointment', sent))
      const [first, again] = [
        made(await staff('PUT', `Appointment/${visit.id}`, { ...sent, id: visit.id, comment: 'x' }), 200),
        made(await staff('PUT', `Appointment/${visit.id}`, { ...sent, id: visit.id, comment: 'x' }), 200),
      ]
      expect([numberOf(first), numberOf(again)]).toEqual([numberOf(visit), numberOf(visit)])
      expect(again.meta.versionId).toBe(first.meta.versionId)
    })

    it('is not given to what a program stores, nor to records of the past: they are as they were sent', async () => {
      const slot = await place.slotAt(6, '12:00')
      const program = made(await house.call('POST', 'Appointment', place.appointment(slot, await place.patient())))
      expect(identifiers(program)).toEqual([])
      const staff = await asStaff()
      const changed = made(await staff('PUT', `Appointment/${program.id}`, { ...program, comment: 'Seen by staff' }), 200)
      expect(identifiers(changed)).toEqual([])
      const past = { start: '2020-01-06T09:00:00Z', end: '2020-01-06T09:15:00Z', slot: undefined }
      expect(identifiers(made(await staff('POST', 'Appointment', place.appointment(slot, await place.patient(), past))))).toEqual([])
    })
  })
})
