/** What a clinic's booking-policy asks of a booking, of a patient who leaves, and what staff may override (docs/booking.md). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, instantIn, ours } from '../support/clinic.ts'
import {
  type Answer,
  type Body,
  type Call,
  type Extension,
  made,
  matches,
  parameters,
  type TestHouse,
  testHouse,
} from '../support/house.ts'

let house: TestHouse

beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const refusal = ({ status, json }: Answer): unknown[] => [status, json.issue?.[0]?.code, json.issue?.[0]?.diagnostics]
const patientCall = async (patient: string): Promise<Call> =>
  house.as(await house.token('patient/Appointment.cruds patient/Slot.rs patient/ServiceRequest.rs', { patient }))
const isBroken = (message: string) => [422, 'business-rule', message]
const agreed = {
  coding: [{ system: 'https://slotwise.org/fhir/CodeSystem/override-reason', code: 'agreed' }],
  text: 'Agreed by phone',
}
const override = { 'override-reason': { valueCodeableConcept: agreed } }

/** Puts a policy on the Schedule, over what the service says. */
async function policy(place: Clinic, parts: object[]): Promise<Answer> {
  const schedule = await place.schedule()
  const others = (schedule.extension ?? []).filter(({ url }) => url !== ours('booking-policy'))
  const extension = [...others, { url: ours('booking-policy'), extension: parts }]
  return house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, extension })
}
const rule = (expression: string, message = 'No.') => ({
  url: 'rule',
  extension: [
    { url: 'expression', valueString: expression },
    { url: 'message', valueString: message },
  ],
})

describe("a rule of the clinic's own", () => {
  it('is over the patient, the Appointment, the Slot, the Schedule and the service', async () => {
    const place = await clinic(house.call)
    const child = await create(house.call, { resourceType: 'Patient', birthDate: '2020-05-05' })
    const adult = await create(house.call, { resourceType: 'Patient', birthDate: '1980-05-05' })
    made(
      await policy(place, [
        rule('%patient.birthDate <= today() - 18 years', 'This clinic is for adults.'),
        rule("%service.name = 'Visit' and %schedule.active and %slot.status = 'free'"),
        rule('%appointment.start > %now and %appointment.participant.actor.reference.exists()'),
      ]),
      200,
    )
    const slot = await place.slotAt(1, '09:00')
    expect(refusal(await place.book(slot.id, child))).toEqual(isBroken('This clinic is for adults.'))
    expect(refusal(await place.hold(slot.id, child))).toEqual(isBroken('This clinic is for adults.'))
    const mine = await patientCall(child)
    expect(refusal(await mine('POST', 'Appointment', place.appointment(slot, child)))).toEqual(isBroken('This clinic is for adults.'))
    const visit = made(await place.book(slot.id, adult))
    expect(
      made(
        await house.call(
          'POST',
          `Appointment/${visit.id}/$reschedule`,
          parameters({ slot: `Slot/${(await place.slotAt(1, '10:00')).id}` }),
        ),
        200,
      ).status,
    ).toBe('booked')
    made(await house.call('POST', 'Appointment', place.appointment(await place.slotAt(1, '11:00'), child)))
    expect(house.warnings).toEqual([])
  })

  it('that cannot be evaluated refuses nothing and warns the operator, without what it looked at', async () => {
    const place = await clinic(house.call)
    made(await policy(place, [rule('%patient.name.given.single() and (1 | 2)')]), 200)
    const patient = await create(house.call, { resourceType: 'Patient', name: [{ given: ['Zenobia'] }] })
    made(await place.book((await place.slotAt(1, '09:00')).id, patient))
    expect(house.warnings).toHaveLength(1)
    expect(house.warnings[0]).toContain('a rule of a booking-policy cannot be evaluated')
    expect(house.warnings[0]).not.toContain('Zenobia')
  })

  it.each([
    ['%patient.birthDate = = 1', 'The expression of the rule is no FHIRPath.'],
    [
      '%patient.active and %doctor.active',
      'A rule speaks of %appointment, %patient, %slot, %schedule, %service, %now; there is no %doctor.',
    ],
    [`%patient.active and '${'x'.repeat(1000)}' = 'x'`, 'The expression of a rule has at most 1000 characters.'],
  ])('is refused where it stands when it cannot be read: %.40s', async (expression, message) => {
    const place = await clinic(house.call)
    const answer = await policy(place, [rule('true'), rule(expression)])
    expect([answer.status, answer.json.issue[0]?.diagnostics]).toEqual([400, message])
    expect(answer.json.issue[0]?.expression).toEqual(['Schedule.extension[2].extension[1].extension[0]'])
  })
})

describe('referralRequired', () => {
  const request = (patient: string, more: object = {}) =>
    create(house.call, {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject: { reference: `Patient/${patient}` },
      ...more,
    })
  const message = /^A referral is needed/

  it('asks for an active ServiceRequest of the patient, for the service', async () => {
    const place = await clinic(house.call, { policy: { referralRequired: true } })
    const [patient, other] = [await place.patient(), await place.patient()]
    const slot = await place.slotAt(1, '09:00')
    const based = (id: string) => place.appointment(slot, patient, { status: 'proposed', basedOn: [{ reference: `ServiceRequest/${id}` }] })
    const useless = {
      'of another': await request(other),
      'not active': await request(patient, { status: 'completed' }),
      'for somebody else': await request(patient, { performer: [{ reference: `Practitioner/${other}` }] }),
      'for something else': await request(patient, { code: { coding: [{ code: 'x-ray' }] } }),
    }
    expect(refusal(await place.book(slot.id, patient))[2]).toMatch(message)
    for (const [what, id] of Object.entries(useless))
      expect([what, refusal(await house.call('POST', 'Appointment/$book', based(id)))[2]]).toEqual([what, expect.stringMatching(message)])
    const mine = await patientCall(patient)
    expect(refusal(await mine('POST', 'Appointment', { ...based(useless['not active']), status: 'booked' }))[2]).toMatch(message)
    made(await house.call('POST', 'Appointment/$book', based(await request(patient, { code: place.type[0] }))))
  })

  it.each([
    ['the service', (place: Clinic) => `HealthcareService/${place.service}`],
    ['its practitioner', (place: Clinic) => `${house.house.base}/Practitioner/${place.practitioners[0]}`],
  ])('is met by its identifier, where it asks %s', async (_, performer) => {
    const place = await clinic(house.call, { policy: { referralRequired: true } })
    const patient = await place.patient()
    const value = `R-${place.service}`
    const more = {
      identifier: [{ system: 'urn:test:referrals', value }],
      performer: [{ reference: performer(place) }],
      code: { text: 'Other words' },
    }
    const id = await request(patient, more)
    const booked = made(
      await place.book((await place.slotAt(1, '09:00')).id, patient, { 'referral-identifier': `urn:test:referrals|${value}` }),
    )
    expect((booked as Body & { basedOn: unknown }).basedOn).toEqual([{ reference: `ServiceRequest/${id}` }])
  })
})

it('newPatients false: a patient of the practice is none, whoever of it has seen them', async () => {
  const organization = await create(house.call, { resourceType: 'Organization', name: 'Practice' })
  const [first, second] = [await clinic(house.call), await clinic(house.call, { policy: { newPatients: false } })]
  const known = await first.patient()
  made(await first.book((await first.slotAt(1, '09:00')).id, known))
  const slot = await second.slotAt(1, '12:00')
  expect(refusal(await second.book(slot.id, known))).toEqual(isBroken('No new patients are being taken here.'))
  for (const { practitioners, location } of [first, second])
    await create(house.call, {
      resourceType: 'PractitionerRole',
      practitioner: { reference: `Practitioner/${practitioners[0]}` },
      organization: { reference: `Organization/${organization}` },
      location: [{ reference: `Location/${location}` }],
    })
  expect(refusal(await second.book(slot.id, await second.patient()))).toEqual(isBroken('No new patients are being taken here.'))
  made(await second.book((await second.slotAt(1, '12:00')).id, known))
})

describe('a visit of two patients', () => {
  const bookTwo = (slot: string, ...patients: string[]): Promise<Answer> =>
    house.call('POST', `Slot/${slot}/$book`, {
      resourceType: 'Parameters',
      parameter: patients.map((id) => ({ name: 'patient', valueReference: { reference: `Patient/${id}` } })),
    })

  it('is refused for either of them', async () => {
    const place = await clinic(house.call)
    const known = await place.patient()
    made(await place.book((await place.slotAt(1, '09:00')).id, known))
    const young = await create(house.call, { resourceType: 'Patient', birthDate: '2020-01-01' })
    const grown = await create(house.call, { resourceType: 'Patient', birthDate: '1980-01-01' })
    const { id } = await place.slotAt(2, '09:00')
    made(await policy(place, [{ url: 'newPatients', valueBoolean: false }]), 200)
    expect(refusal(await bookTwo(id, known, grown))).toEqual(isBroken('No new patients are being taken here.'))
    made(await policy(place, [rule('%patient.birthDate <= today() - 18 years', 'For adults.')]), 200)
    expect(refusal(await bookTwo(id, grown, young))).toEqual(isBroken('For adults.'))
    made(await bookTwo(id, grown, await create(house.call, { resourceType: 'Patient', birthDate: '1981-01-01' })))
  })

  it('is none where one of them is not there any more', async () => {
    const place = await clinic(house.call)
    const [a = '', gone = ''] = await place.patients(2)
    expect((await house.call('DELETE', `Patient/${gone}`)).status).toBe(204)
    const { id } = await place.slotAt(2, '09:00')
    expect(refusal(await bookTwo(id, a, gone))).toEqual([404, 'not-found', `There is no Patient/${gone}.`])
  })

  it('is moved into its own time, where neither of them is anywhere else', async () => {
    const place = await clinic(house.call, { minutes: 30, slotMinutes: 15 })
    const [a = '', b = ''] = await place.patients(2)
    const visit = made(await bookTwo((await place.slotAt(2, '09:00')).id, a, b))
    const later = await place.slotAt(2, '09:15')
    const moved = await house.call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${later.id}` }))
    expect(Date.parse(made(moved, 200).start)).toBe(Date.parse(later.start))
  })
})

it('a buffer that a policy has gained is kept from the next look on, by what is taken before the window too', async () => {
  const place = await clinic(house.call)
  made(await place.book((await place.slotAt(2, '09:00')).id, await place.patient()))
  const [from, until] = [instantIn(2, '09:15'), instantIn(2, '10:00')]
  const found = async (): Promise<string[]> =>
    matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?start=${from}&end=${until}`)).map(({ start }) =>
      start.slice(11, 16),
    )
  expect(await found()).toEqual(['09:15', '09:30', '09:45'])
  const service = made(await house.call('GET', `HealthcareService/${place.service}`), 200)
  const extension = [{ url: ours('booking-policy'), extension: [{ url: 'bufferBeforeMinutes', valueUnsignedInt: 10 }] }]
  made(await house.call('PUT', `HealthcareService/${place.service}`, { ...service, extension }), 200)
  expect(await found()).toEqual(['09:30', '09:45'])
})

describe('a patient who leaves', () => {
  const message = 'This visit can be cancelled or moved online until 3 days before it starts. Please call the clinic.'

  it('gives notice, on every path; staff need not', async () => {
    const place = await clinic(house.call, { policy: { cancelNoticeMinutes: 3 * 24 * 60 } })
    const patient = await place.patient()
    const mine = await patientCall(patient)
    const visit = made(await place.book((await place.slotAt(1, '09:00')).id, patient))
    const later = await place.slotAt(5, '09:00')
    const at = `Appointment/${visit.id}`
    const participant = visit.participant.map((one) => ({ ...one, status: 'declined' }))
    const entry = [{ request: { method: 'DELETE', url: at } }]
    const paths: Record<string, Promise<Answer>> = {
      $cancel: mine('POST', `${at}/$cancel`),
      PUT: mine('PUT', at, { ...visit, status: 'cancelled', participant }),
      PATCH: mine('PATCH', at, [{ op: 'replace', path: '/status', value: 'cancelled' }], { 'content-type': 'application/json-patch+json' }),
      DELETE: mine('DELETE', at),
      transaction: mine('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }),
      $reschedule: mine('POST', `${at}/$reschedule`, parameters({ slot: `Slot/${later.id}` })),
      'PUT of another time': mine('PUT', at, { ...visit, start: later.start, end: later.end, slot: [{ reference: `Slot/${later.id}` }] }),
      $book: mine('POST', `Slot/${later.id}/$book`, parameters({ 'cancelled-appt-id': at })),
      'IHE cancel': mine('POST', 'Appointment/$book', { ...visit, status: 'cancelled' }),
    }
    for (const [path, answer] of Object.entries(paths)) expect([path, ...refusal(await answer)]).toEqual([path, ...isBroken(message)])
    expect(made(await house.call('GET', at), 200).meta.versionId).toBe('1')
    const cancelled = made(await house.call('POST', `${at}/$cancel`), 200)
    const [late] = (cancelled.extension ?? []).filter(({ url }) => url === ours('late-cancellation')) as (Extension & {
      valueUnsignedInt: number
    })[]
    const notice = (Date.parse(visit.start) - Date.now()) / 60_000
    expect(Math.abs((late?.valueUnsignedInt ?? 0) - notice)).toBeLessThan(2)
  })

  it('is late only beyond the notice, and not for what the clinic has done', async () => {
    const place = await clinic(house.call, { policy: { cancelNoticeMinutes: 3 * 24 * 60 } })
    const patient = await place.patient()
    const mine = await patientCall(patient)
    const [soon, later] = [await place.slotAt(1, '10:00'), await place.slotAt(5, '10:00')]
    const early = made(await mine('POST', `Appointment/${made(await place.book(later.id, patient)).id}/$cancel`), 200)
    const coding = [{ system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason', code: 'prov' }]
    const reason = { valueCodeableConcept: { coding } }
    const ours = made(await place.book(soon.id, patient))
    const cancelled = made(await house.call('POST', `Appointment/${ours.id}/$cancel`, parameters({ reason })), 200)
    expect([early.status, early.extension, cancelled.extension]).toEqual(['cancelled', undefined, undefined])
  })

  it('may move a visit so often, however it is moved, and cannot wipe out the record', async () => {
    const place = await clinic(house.call, { policy: { maxReschedules: 2 } })
    const patient = await place.patient()
    const mine = await patientCall(patient)
    const slots = await Promise.all(['09:00', '10:00', '11:00', '12:00', '13:00'].map((time) => place.slotAt(2, time)))
    const slot = (index: number) => slots[index]?.id ?? ''
    const moved = 'This visit has been moved 2 times already, as often as it may be.'
    const first = made(await place.book(slot(0), patient))
    const second = made(await mine('POST', `Appointment/${first.id}/$reschedule`, parameters({ slot: `Slot/${slot(1)}` })), 200)
    expect(refusal(await mine('PUT', `Appointment/${first.id}`, { ...second, extension: undefined }))).toEqual(
      isBroken('Leave what the clinic has written (moves, replaced visits, overrides, the confirmation number) as it is.'),
    )
    const put = { ...second, start: slots[2]?.start, end: slots[2]?.end, slot: [{ reference: `Slot/${slot(2)}` }] }
    expect(refusal(await mine('PUT', `Appointment/${first.id}`, put))).toEqual(
      isBroken('Move this visit with $reschedule: how often it may be moved is counted.'),
    )
    const third = made(await mine('POST', `Slot/${slot(2)}/$book`, parameters({ 'cancelled-appt-id': `Appointment/${first.id}` })))
    const again = parameters({ slot: `Slot/${slot(3)}` })
    expect(refusal(await mine('POST', `Appointment/${third.id}/$reschedule`, again))).toEqual(isBroken(moved))
    const instead = { 'cancelled-appt-id': `Appointment/${third.id}` }
    expect(refusal(await mine('POST', `Slot/${slot(3)}/$book`, parameters(instead)))).toEqual(isBroken(moved))
    expect(refusal(await place.book(slot(3), patient, instead))).toEqual(isBroken(moved))
    expect(made(await house.call('GET', `Appointment/${third.id}`), 200)).toMatchObject({ status: 'booked', start: third.start })
    made(await house.call('POST', `Appointment/${third.id}/$reschedule`, parameters({ slot: `Slot/${slot(3)}`, ...override })), 200)
    made(await mine('POST', `Appointment/${third.id}/$cancel`), 200)
  })
})

describe('override-reason', () => {
  it('books against the rules, keeps why, and says so to the audit; never against claims', async () => {
    const place = await clinic(house.call, { policy: { minNoticeMinutes: 60 * 24 * 60, maxPerDay: 1, referralRequired: true } })
    const [patient, other] = await place.patients(2)
    const slot = await place.slotAt(1, '09:00')
    expect((await place.book(slot.id, patient ?? '')).status).toBe(422)
    const booked = made(await place.book(slot.id, patient ?? '', override))
    expect(booked.extension).toEqual([{ url: ours('override-reason'), valueCodeableConcept: agreed }])
    const audit = matches(await house.call('GET', `AuditEvent?patient=${patient}&subtype=override`)) as (Body & {
      entity: { query?: string }[]
    })[]
    const queries = audit.flatMap(({ entity }) => entity.flatMap(({ query }) => (query ? [Buffer.from(query, 'base64').toString()] : [])))
    expect(queries.map((query) => JSON.parse(query))).toEqual([agreed])
    expect((await place.book(slot.id, other ?? '', override)).status).toBe(409)
    made(await place.book((await place.slotAt(1, '10:00')).id, other ?? '', override))
  })

  it('is a code of ours, or of a system of the clinic’s own', async () => {
    const place = await clinic(house.call, { policy: { minNoticeMinutes: 60 * 24 * 60 } })
    const slot = await place.slotAt(1, '09:00')
    const patient = await place.patient()
    const [ours] = agreed.coding
    const own = { system: 'urn:clinic:reasons', code: 'sports-day' }
    const refused = [
      ['Agreed by phone', 'required'],
      [{ valueCodeableConcept: { text: 'Agreed by phone' } }, 'required'],
      [{ valueCodeableConcept: { coding: [{ code: 'sports-day' }] } }, 'required'],
      [{ valueCodeableConcept: { coding: [{ ...ours, code: 'sports-day' }] } }, 'value'],
      [{ valueCodeableConcept: { coding: [own, { ...ours, code: 'sports-day' }] } }, 'value'],
      ['other', 'required'],
      [{ valueCoding: { ...ours, code: 'other' } }, 'required'],
    ] as const
    for (const [said, code] of refused) {
      const answer = await place.book(slot.id, patient, { 'override-reason': said })
      expect([said, answer.status, answer.json.issue?.[0]?.code, answer.json.issue?.[0]?.expression]).toEqual([
        said,
        400,
        code,
        ['override-reason'],
      ])
    }
    const other = { coding: [{ ...ours, code: 'other' }], text: 'It is their birthday' }
    const kept = [
      ['agreed', { coding: [{ ...ours, display: 'Agreed with those whom it concerns' }] }],
      [`${own.system}|${own.code}`, { coding: [own] }],
      [{ valueCoding: ours }, { coding: [ours] }],
      [{ valueCodeableConcept: other }, other],
    ] as const
    for (const [said, stored] of kept) {
      const booked = made(await place.book(slot.id, patient, { 'override-reason': said }))
      expect(booked.extension).toMatchObject([{ valueCodeableConcept: stored }])
      made(await house.call('POST', `Appointment/${booked.id}/$cancel`), 200)
    }
  })

  it('is not for patients, nor can they say it in their own words', async () => {
    const place = await clinic(house.call, { policy: { minNoticeMinutes: 60 * 24 * 60 } })
    const patient = await place.patient()
    const mine = await patientCall(patient)
    const slot = await place.slotAt(1, '09:00')
    const said = { extension: [{ url: ours('override-reason'), valueCodeableConcept: { text: 'Please' } }] }
    expect((await mine('POST', `Slot/${slot.id}/$book`, parameters(override))).status).toBe(403)
    expect((await mine('POST', 'Appointment/$book', place.appointment(slot, patient, { status: 'proposed', ...said }))).status).toBe(422)
    expect((await mine('POST', 'Appointment', place.appointment(slot, patient, said))).status).toBe(422)
    const far = made(
      await mine('POST', 'Appointment/$book', place.appointment(await place.slotAt(62, '09:00'), patient, { status: 'proposed', ...said })),
    )
    expect(far.extension).toBeUndefined()
  })

  it('lifts no rule without which it is no visit', async () => {
    const place = await clinic(house.call)
    const slot = await place.slotAt(1, '09:00')
    const start = { valueInstant: instantIn(1, '09:07') }
    const sent = place.appointment({ ...slot, start: start.valueInstant }, await place.patient(), { status: 'proposed' })
    const answer = await house.call('POST', 'Appointment/$book', parameters({ 'appt-resource': sent, ...override }))
    expect(answer.status).toBe(422)
  })
})
