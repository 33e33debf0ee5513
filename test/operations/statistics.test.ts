/** `Patient/{id}/$statistics` against what was done to each visit, one by one. */
import { type Clinic, clinic, create } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { policy: { cancelNoticeMinutes: 20 * 24 * 60 } })
})
afterAll(() => house.close())

type Parameter = { name: string; valueUnsignedInt?: number; valueInstant?: string; valueReference?: { reference?: string } }
const told = (answer: Answer): Record<string, unknown> =>
  Object.fromEntries(
    (made(answer, 200) as Body & { parameter: Parameter[] }).parameter.map((one) => [
      one.name,
      one.valueUnsignedInt ?? one.valueInstant ?? one.valueReference?.reference,
    ]),
  )
const statistics = (patient: string, query = '') => house.call('GET', `Patient/${patient}/$statistics${query}`)
const operate = async (visit: Body, name: string, more: Readonly<Record<string, unknown>> = {}): Promise<Body> =>
  made(await house.call('POST', `Appointment/${visit.id}/$${name}`, parameters(more)), 200)
const none = {
  visits: 0,
  'no-shows': 0,
  cancellations: 0,
  'late-cancellations': 0,
  rescheduled: 0,
  upcoming: 0,
  unresolved: 0,
}

/** A record of the past, of somebody who nobody else is busy with. */
async function past(patient: string, status: string, start: string): Promise<Body> {
  const practitioner = await create(house.call, { resourceType: 'Practitioner', active: true })
  const end = new Date(Date.parse(start) + 30 * 60_000).toISOString()
  const participant = [`Patient/${patient}`, `Practitioner/${practitioner}`].map((reference) => ({
    actor: { reference },
    status: 'accepted',
  }))
  return made(await house.call('POST', 'Appointment', { resourceType: 'Appointment', status, start, end, participant }))
}

describe('Patient/{id}/$statistics', () => {
  it('counts each visit for what became of it', async () => {
    const patient = await place.patient()
    await past(patient, 'fulfilled', '2024-03-05T09:00:00.000Z')
    await past(patient, 'fulfilled', '2025-03-05T09:00:00.000Z')
    await past(patient, 'noshow', '2025-04-05T09:00:00.000Z')
    await past(patient, 'booked', '2025-05-05T09:00:00.000Z')
    await past(patient, 'cancelled', '2025-06-05T09:00:00.000Z')
    // Late, by the policy; in time; by the clinic, which is nobody's fault.
    const late = made(await place.book((await place.slotAt(1, '09:00')).id, patient))
    await operate(late, 'cancel')
    const early = made(await place.book((await place.slotAt(40, '09:00')).id, patient))
    await operate(early, 'cancel')
    const theirs = made(await place.book((await place.slotAt(1, '10:00')).id, patient))
    const system = 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason'
    await operate(theirs, 'cancel', { reason: { valueCodeableConcept: { coding: [{ system, code: 'prov' }] } } })
    // Never booked: a hold, a wish, a place on the waitlist.
    await operate(made(await place.hold((await place.slotAt(2, '09:00')).id, patient)), 'release')
    const wish = place.appointment(await place.slotAt(2, '10:00'), patient, { status: 'proposed' })
    await operate(made(await house.call('POST', 'Appointment', wish)), 'cancel')
    // Moved twice in place, then replaced.
    const moved = made(await place.book((await place.slotAt(3, '09:00')).id, patient))
    await operate(moved, 'reschedule', { slot: `Slot/${(await place.slotAt(3, '10:00')).id}` })
    await operate(moved, 'reschedule', { slot: `Slot/${(await place.slotAt(3, '11:00')).id}` })
    const last = made(await place.book((await place.slotAt(30, '12:00')).id, patient, { 'cancelled-appt-id': `Appointment/${moved.id}` }))
    expect(told(await statistics(patient))).toEqual({
      patient: `Patient/${patient}`,
      visits: 2,
      'no-shows': 1,
      cancellations: 4,
      'late-cancellations': 1,
      rescheduled: 3,
      upcoming: 1,
      unresolved: 1,
      'first-visit': '2024-03-05T09:00:00.000Z',
      'last-visit': '2025-03-05T09:00:00.000Z',
      'next-visit': new Date(last.start).toISOString(),
    })
    const of2025 = told(await statistics(patient, '?start=2025&end=2025-04-05'))
    expect(of2025).toEqual({
      ...none,
      patient: `Patient/${patient}`,
      visits: 1,
      'no-shows': 1,
      'first-visit': '2025-03-05T09:00:00.000Z',
      'last-visit': '2025-03-05T09:00:00.000Z',
    })
    expect(
      told(
        await house.call(
          'POST',
          `Patient/${patient}/$statistics`,
          parameters({ start: { valueDate: '2025' }, end: { valueDate: '2025-04-05' } }),
        ),
      ),
    ).toEqual(of2025)
  })

  it('of somebody who has never been here is nothing', async () => {
    const patient = await place.patient()
    expect(told(await statistics(patient))).toEqual({ ...none, patient: `Patient/${patient}` })
  })

  it('is for staff and the patient alone, and leaves its AuditEvent', async () => {
    const [mine = '', other = ''] = await place.patients(2)
    const asked = async (scope: string, who = mine) =>
      (await house.as(await house.token(scope, { patient: mine }))('GET', `Patient/${who}/$statistics`)).status
    expect(await asked('patient/Patient.r patient/Appointment.rs')).toBe(200)
    expect([await asked('patient/*.cruds', other), await asked('patient/*.cruds', 'nobody')]).toEqual([404, 404])
    expect(await asked('user/Patient.r user/Appointment.rs', other)).toBe(200)
    expect([
      await asked('patient/Patient.r'),
      await asked('user/Appointment.rs'),
      await asked('user/Patient.r user/Appointment.rs?status=booked'),
    ]).toEqual([403, 403, 403])
    expect(matches(await house.call('GET', `AuditEvent?patient=${mine}&subtype=statistics`))).toHaveLength(1)
    expect(matches(await house.call('GET', `AuditEvent?patient=${other}&subtype=statistics`))).toHaveLength(1)
  })

  it('refuses who is not there, and dates that are none', async () => {
    const gone = await place.patient()
    expect((await house.call('DELETE', `Patient/${gone}`)).status).toBe(204)
    expect([(await statistics(gone)).status, (await statistics('nobody')).status]).toEqual([410, 404])
    expect((await statistics(await place.patient(), '?start=soon')).status).toBe(400)
  })
})
