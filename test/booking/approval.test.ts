/** `approvalRequired`: a booking keeps its time and stays pending until the clinic has answered (docs/booking.md). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, type ClinicOptions, clinic } from '../support/clinic.ts'
import { heldUntil } from '../support/held.ts'
import {
  type Answer,
  appointmentIn,
  type Body,
  type Call,
  eventually,
  made,
  matches,
  parameters,
  type TestHouse,
  testHouse,
} from '../support/house.ts'

let house: TestHouse

beforeAll(async () => {
  house = await testHouse({ tick: true })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const approving = (more: object = {}, options: ClinicOptions = {}): Promise<Clinic> =>
  clinic(house.call, { ...options, policy: { approvalRequired: true, ...more } })
const patientCall = async (patient: string, scope = 'patient/*.cruds'): Promise<Call> => house.as(await house.token(scope, { patient }))
const get = async (reference: string): Promise<Body> => made(await house.call('GET', reference), 200)
const answer = (visit: Body, reference: string, participantStatus: string, call: Call = house.call, more: object = {}): Promise<Answer> =>
  call('POST', 'AppointmentResponse', {
    resourceType: 'AppointmentResponse',
    appointment: { reference: `Appointment/${visit.id}` },
    actor: { reference },
    participantStatus,
    ...more,
  })
const said = ({ participant }: Body): Record<string, string | undefined> =>
  Object.fromEntries(participant.map(({ actor, status }) => [actor?.reference?.split('/')[0] ?? '', status]))
const refusal = ({ status, json }: Answer): unknown[] => [status, json.issue?.[0]?.code]
const cancel = (visit: Body, call: Call = house.call): Promise<Answer> => call('POST', `Appointment/${visit.id}/$cancel`)

describe('a booking that the clinic answers', () => {
  it('is pending, keeps its time from everybody, and is booked once the practitioner accepts', async () => {
    const place = await approving()
    const [a = '', b = ''] = await place.patients(2)
    const slot = await place.slotAt(1, '09:00')
    const visit = made(await place.book(slot.id, a))
    expect([visit.status, said(visit)]).toEqual([
      'pending',
      { Patient: 'accepted', Practitioner: 'needs-action', Location: 'accepted', HealthcareService: 'accepted' },
    ])
    expect((await get(`Slot/${slot.id}`)).status).toBe('busy-tentative')
    expect((await place.book(slot.id, b)).status).toBe(409)
    expect((await house.call('POST', 'Appointment', place.appointment(slot, b))).status).toBe(409)
    const response = made(await answer(visit, `Practitioner/${place.practitioners[0]}`, 'accepted'))
    expect(response.resourceType).toBe('AppointmentResponse')
    const booked = await get(`Appointment/${visit.id}`)
    expect([booked.status, said(booked).Practitioner, booked.extension]).toEqual(['booked', 'accepted', undefined])
    expect((await get(`Slot/${slot.id}`)).status).toBe('busy')
    const events = matches(await house.call('GET', `AuditEvent?patient=${a}&entity=Appointment/${visit.id}&subtype=book`))
    expect(events).toHaveLength(2)
  })

  it('is cancelled and gives its time back where the practitioner declines', async () => {
    const place = await approving()
    const slot = await place.slotAt(1, '09:00')
    const visit = made(await place.book(slot.id, await place.patient()))
    made(await answer(visit, `Practitioner/${place.practitioners[0]}`, 'declined'))
    const after = await get(`Appointment/${visit.id}`)
    expect([after.status, after.cancelationReason?.coding?.[0]?.code]).toEqual(['cancelled', 'prov'])
    expect(made(await place.book(slot.id, await place.patient())).status).toBe('pending')
  })

  it('stays pending where the answer is tentative, and can be answered again', async () => {
    const place = await approving()
    const visit = made(await place.book((await place.slotAt(1, '09:00')).id, await place.patient()))
    const doctor = `Practitioner/${place.practitioners[0]}`
    const response = made(await answer(visit, doctor, 'tentative'))
    expect([(await get(`Appointment/${visit.id}`)).status, said(await get(`Appointment/${visit.id}`)).Practitioner]).toEqual([
      'pending',
      'tentative',
    ])
    made(await house.call('PUT', `AppointmentResponse/${response.id}`, { ...response, participantStatus: 'accepted' }), 200)
    expect((await get(`Appointment/${visit.id}`)).status).toBe('booked')
  })

  it('is booked at once where staff lay it over another', async () => {
    const place = await approving()
    const [a = '', b = ''] = await place.patients(2)
    const { id } = await place.slotAt(2, '09:00')
    made(await place.book(id, a))
    const over = made(await place.book(id, b, { overbook: { valueBoolean: true }, 'overbook-reason': 'Acute pain' }))
    expect([over.status, said(over).Practitioner]).toEqual(['booked', 'accepted'])
  })

  it('is approved by no patient, on any path', async () => {
    const place = await approving()
    const patient = await place.patient()
    const mine = await patientCall(patient)
    const slot = await place.slotAt(1, '09:00')
    const visit = made(await mine('POST', `Slot/${slot.id}/$book`))
    expect(visit.status).toBe('pending')
    const accepted = visit.participant.map((one) => ({ ...one, status: 'accepted' }))
    expect((await answer(visit, `Practitioner/${place.practitioners[0]}`, 'accepted', mine)).status).toBe(403)
    expect(refusal(await mine('POST', `Appointment/${visit.id}/$book`))).toEqual([422, 'business-rule'])
    expect(refusal(await mine('PUT', `Appointment/${visit.id}`, { ...visit, status: 'booked', participant: accepted }))).toEqual([
      422,
      'business-rule',
    ])
    expect(refusal(await mine('PUT', `Appointment/${visit.id}`, { ...visit, participant: accepted }))).toEqual([422, 'business-rule'])
    expect(refusal(await mine('PUT', `Appointment/${visit.id}`, { ...visit, extension: undefined }))).toEqual([422, 'business-rule'])
    expect(refusal(await mine('PUT', `Appointment/${visit.id}`, { ...visit, status: 'arrived' }))).toEqual([422, 'business-rule'])
    const next = await place.slotAt(1, '10:00')
    expect(refusal(await mine('POST', 'Appointment', place.appointment(next, patient)))).toEqual([422, 'business-rule'])
    made(await answer(visit, `Patient/${patient}`, 'accepted', mine))
    expect((await get(`Appointment/${visit.id}`)).status).toBe('pending')
    // What is theirs to say they may.
    made(
      await mine('PUT', `Appointment/${visit.id}`, { ...(await get(`Appointment/${visit.id}`)), comment: 'By the back door, please' }),
      200,
    )
    expect((await get(`Slot/${slot.id}`)).status).toBe('busy-tentative')
    expect(made(await cancel(visit, mine), 200).status).toBe('cancelled')
    expect((await get(`Slot/${slot.id}`)).status).toBe('free')
  })

  it('is asked for by a hold that is booked, without being free between', async () => {
    const place = await approving({ maxPerDay: 1 })
    const patient = await place.patient()
    const slot = await place.slotAt(1, '09:00')
    const held = made(await place.hold(slot.id, patient))
    expect(refusal(await house.call('POST', `Appointment/${held.id}/$release`))[0]).toBe(200)
    const again = made(await place.hold(slot.id, patient))
    const asked = appointmentIn(await house.call('POST', `Appointment/${again.id}/$book`))
    expect([asked?.status, asked && said(asked).Practitioner, asked && said(asked).Patient]).toEqual([
      'pending',
      'needs-action',
      'accepted',
    ])
    expect(asked?.extension?.map(({ url }) => url.split('/').at(-1))).toEqual(['approval'])
    expect(refusal(await house.call('POST', `Appointment/${again.id}/$release`))).toEqual([422, 'business-rule'])
    // The place of the day stays its own beyond the hold.
    expect(refusal(await place.book((await place.slotAt(1, '11:00')).id, await place.patient()))).toEqual([422, 'business-rule'])
    made(await answer(again, `Practitioner/${place.practitioners[0]}`, 'accepted'))
    expect((await get(`Appointment/${again.id}`)).status).toBe('booked')
  })

  it('needs everybody of a joint visit', async () => {
    const place = await approving({}, { n: 2 })
    const [first = '', second = ''] = place.practitioners
    const slots = [(await place.slotAt(1, '09:00')).id, (await place.slotAt(1, '09:00', 1)).id]
    const sent = parameters({ patient: `Patient/${await place.patient()}`, slot: slots.map((id) => `Slot/${id}`) })
    const visit = appointmentIn(await house.call('POST', 'Appointment/$book', sent)) as Body
    expect(visit.status).toBe('pending')
    made(await answer(visit, `Practitioner/${first}`, 'accepted'))
    expect((await get(`Appointment/${visit.id}`)).status).toBe('pending')
    made(await answer(visit, `Practitioner/${second}`, 'accepted'))
    expect((await get(`Appointment/${visit.id}`)).status).toBe('booked')
  })

  it('is answered for a seat of a session alone', async () => {
    const place = await approving({ capacity: 2 })
    const slot = await place.slotAt(1, '09:00')
    const [one, two] = [made(await place.book(slot.id, await place.patient())), made(await place.book(slot.id, await place.patient()))]
    expect([(await get(`Slot/${slot.id}`)).status, (await place.book(slot.id, await place.patient())).status]).toEqual([
      'busy-tentative',
      409,
    ])
    const doctor = `Practitioner/${place.practitioners[0]}`
    made(await answer(one, doctor, 'accepted'))
    made(await answer(two, doctor, 'declined'))
    expect([(await get(`Appointment/${one.id}`)).status, (await get(`Slot/${slot.id}`)).status]).toEqual(['booked', 'free'])
  })

  it('is asked for anew by the patient who moves it; what staff move or override stays booked', async () => {
    const place = await approving()
    const patient = await place.patient()
    const doctor = `Practitioner/${place.practitioners[0]}`
    const [nine, ten, eleven] = [await place.slotAt(1, '09:00'), await place.slotAt(1, '10:00'), await place.slotAt(1, '11:00')]
    const override = { 'override-reason': 'agreed' }
    const visit = made(await place.book(nine.id, patient, override))
    expect(visit.status).toBe('booked')
    const move = (slot: Body, call: Call) => call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${slot.id}` }))
    expect(made(await move(ten, house.call), 200).status).toBe('booked')
    const asked = made(await move(eleven, await patientCall(patient)), 200)
    expect([asked.status, said(asked).Practitioner, said(asked).Patient]).toEqual(['pending', 'needs-action', 'accepted'])
    expect([(await get(`Slot/${ten.id}`)).status, (await get(`Slot/${eleven.id}`)).status]).toEqual(['free', 'busy-tentative'])
    // An answer to the time that it had before is none to the one that it has now.
    expect(refusal(await answer(visit, doctor, 'accepted', house.call, { start: ten.start, end: ten.end }))).toEqual([422, 'business-rule'])
    made(await answer(visit, doctor, 'accepted', house.call, { start: eleven.start, end: eleven.end }))
    expect((await get(`Appointment/${visit.id}`)).status).toBe('booked')
  })

  it('lapses where the policy gives the clinic so many hours, and never else', async () => {
    const place = await approving({ approvalHours: 1 })
    const slot = await place.slotAt(1, '09:00')
    const before = Date.now()
    const visit = made(await place.book(slot.id, await place.patient()))
    const due = heldUntil(visit)
    expect(due).toBeGreaterThanOrEqual(before + 3_600_000)
    expect(due).toBeLessThan(before + 3_600_000 + 120_000)
    // An hour goes by in the database.
    const { pool } = house.house
    const past = new Date(Date.now() - 1_000).toISOString()
    const body = { ...visit, extension: visit.extension?.map((one) => (one.valueInstant ? { ...one, valueInstant: past } : one)) }
    await pool.query({
      text: 'with a as (update appointment set held_until = $1::timestamptz, body = $3::jsonb where id = $2) update claim set expires = $1::timestamptz where appointment = $4',
      values: [past, visit.id, JSON.stringify(body), `Appointment/${visit.id}`],
    })
    await pool.query({ text: 'update slot set held_until = $1::timestamptz where id = $2', values: [past, slot.id] })
    await eventually(60_000, async () => (await get(`Appointment/${visit.id}`)).status === 'cancelled')
    expect((await get(`Appointment/${visit.id}`)).cancelationReason?.text).toBe('The clinic has not answered in time.')
    expect((await get(`Slot/${slot.id}`)).status).toBe('free')
  })

  it('is one of many answers at once, each of which sees the others', async () => {
    const place = await approving()
    const visit = made(await place.book((await place.slotAt(1, '09:00')).id, await place.patient()))
    const doctor = `Practitioner/${place.practitioners[0]}`
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, () => answer(visit, doctor, 'accepted')),
      ...Array.from({ length: 6 }, () => cancel(visit)),
    ])
    for (const { status } of answers) expect([200, 201, 422]).toContain(status)
    expect((await get(`Appointment/${visit.id}`)).status).toBe('cancelled')
  })
})

describe('an AppointmentResponse', () => {
  it('of a patient says whether they come, and gives the visit up with the notice that it asks for', async () => {
    const place = await clinic(house.call, { policy: { cancelNoticeMinutes: 30 * 24 * 60, minNoticeMinutes: 60 } })
    const patient = await place.patient()
    const mine = await patientCall(patient, 'patient/AppointmentResponse.c patient/Appointment.r')
    const visit = made(await place.book((await place.slotAt(1, '09:00')).id, patient))
    made(await answer(visit, `Patient/${patient}`, 'tentative', mine))
    expect([(await get(`Appointment/${visit.id}`)).status, said(await get(`Appointment/${visit.id}`)).Patient]).toEqual([
      'booked',
      'tentative',
    ])
    expect(refusal(await answer(visit, `Patient/${patient}`, 'declined', mine))).toEqual([422, 'business-rule'])
    expect(matches(await house.call('GET', `AppointmentResponse?appointment=Appointment/${visit.id}`))).toHaveLength(1)
    const far = made(await place.book((await place.slotAt(40, '09:00')).id, patient))
    made(await answer(far, `Patient/${patient}`, 'declined', mine))
    const gone = await get(`Appointment/${far.id}`)
    expect([gone.status, gone.cancelationReason?.coding?.[0]?.code, (await place.slotAt(40, '09:00')).status]).toEqual([
      'cancelled',
      'pat',
      'free',
    ])
  })

  it('answers no visit of somebody else, nor one that is not there, alike', async () => {
    const place = await clinic(house.call)
    const [mine = '', theirs = ''] = await place.patients(2)
    const visit = made(await place.book((await place.slotAt(1, '09:00')).id, theirs))
    const call = await patientCall(mine)
    const [there, nowhere] = [
      await answer(visit, `Patient/${mine}`, 'declined', call),
      await answer({ ...visit, id: 'nowhere' }, `Patient/${mine}`, 'declined', call),
    ]
    expect([refusal(there), there.text.replaceAll(visit.id, 'x')]).toEqual([[404, 'not-found'], nowhere.text.replaceAll('nowhere', 'x')])
    expect(refusal(await answer(visit, `Practitioner/nobody`, 'accepted'))).toEqual([422, 'business-rule'])
  })

  it('books a pending visit that holds no time with the last who accepts, or meets that the time is gone', async () => {
    const place = await clinic(house.call)
    const [a = '', b = ''] = await place.patients(2)
    const doctor = `Practitioner/${place.practitioners[0]}`
    const slot = await place.slotAt(1, '09:00')
    const people = (who: string) => [`Patient/${who}`, doctor].map((reference) => ({ actor: { reference }, status: 'needs-action' }))
    const request = async (who: string) =>
      made(await house.call('POST', 'Appointment', place.appointment(slot, who, { status: 'pending', participant: people(who) })))
    const [first, second] = [await request(a), await request(b)]
    for (const who of [`Patient/${a}`, doctor]) made(await answer(first, who, 'accepted'))
    expect((await get(`Appointment/${first.id}`)).status).toBe('booked')
    made(await answer(second, `Patient/${b}`, 'accepted'))
    expect(refusal(await answer(second, doctor, 'accepted'))).toEqual([409, 'conflict'])
    const after = await get(`Appointment/${second.id}`)
    expect([after.status, said(after).Practitioner]).toEqual(['pending', 'needs-action'])
  })

  it('in one transaction with the Appointment comes after it', async () => {
    const place = await clinic(house.call)
    const slot = await place.slotAt(1, '09:00')
    const patient = await place.patient()
    const doctor = `Practitioner/${place.practitioners[0]}`
    const participant = [
      { actor: { reference: `Patient/${patient}` }, status: 'accepted' },
      { actor: { reference: doctor }, status: 'needs-action' },
    ]
    const response = {
      resourceType: 'AppointmentResponse',
      appointment: { reference: 'urn:uuid:0f0f0f0f-0000-4000-8000-000000000001' },
      actor: { reference: doctor },
      participantStatus: 'accepted',
    }
    const entry = [
      { resource: response, request: { method: 'POST', url: 'AppointmentResponse' } },
      {
        fullUrl: 'urn:uuid:0f0f0f0f-0000-4000-8000-000000000001',
        resource: place.appointment(slot, patient, { status: 'pending', participant }),
        request: { method: 'POST', url: 'Appointment' },
      },
    ]
    made(await house.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }), 200)
    expect(matches(await house.call('GET', `Appointment?patient=${patient}`)).map(({ status }) => status)).toEqual(['booked'])
  })

  it('to a visit that is over is a record, and changes nothing', async () => {
    const place = await clinic(house.call)
    const patient = await place.patient()
    const past = { start: '2020-01-06T09:00:00Z', end: '2020-01-06T09:30:00Z', slot: undefined, status: 'fulfilled' }
    const visit = made(await house.call('POST', 'Appointment', place.appointment({} as Body, patient, past)))
    made(await answer(visit, `Patient/${patient}`, 'declined'))
    expect((await get(`Appointment/${visit.id}`)).meta.versionId).toBe('1')
  })
})
