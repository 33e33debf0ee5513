/**
 * The dialects on the one engine, each as its guide writes its requests: Argonaut, IHE ITI-115 to 118, ISiK, and what Epic,
 * Oracle Health and Medplum send. The numbers (J1 …) are those of the golden requests in the project's notes on standards.
 */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, instantIn } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

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

const npi = { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' }

/** The proposals of `$find`, and what was said beside them. */
function proposals(answer: Answer): Body[] {
  const found = matches(answer)
  expect([answer.status, (answer.json as unknown as { type: string }).type, answer.json.total]).toEqual([200, 'searchset', found.length])
  expect(answer.json.entry?.at(-1)?.search?.mode).toBe('outcome')
  for (const one of found) {
    expect(one).toMatchObject({ resourceType: 'Appointment', status: 'proposed' })
    expect(new Set(one.participant.map(({ status }) => status))).toEqual(new Set(['needs-action']))
  }
  return found
}
const starts = (found: readonly Body[]): string[] => found.map(({ start }) => start)

describe('$find in each dialect', () => {
  let napa: Clinic
  let window: Readonly<Record<string, unknown>>
  beforeAll(async () => {
    napa = await clinic(house.call)
    const location = made(await house.call('GET', `Location/${napa.location}`), 200)
    made(await house.call('PUT', `Location/${napa.location}`, { ...location, address: { city: 'Napa' } }), 200)
    const doctor = made(await house.call('GET', `Practitioner/${napa.practitioners[0]}`), 200)
    made(await house.call('PUT', `Practitioner/${napa.practitioners[0]}`, { ...doctor, identifier: [npi] }), 200)
    window = { start: { valueDateTime: instantIn(2, '00:00') }, end: { valueDateTime: instantIn(9, '00:00') } }
  })

  it('J1: Argonaut by GET, with a place by text', async () => {
    const type = napa.type[0]?.coding[0]
    const asked = new URLSearchParams({
      start: instantIn(2, '00:00'),
      end: instantIn(4, '00:00'),
      practitioner: `Practitioner/${napa.practitioners[0]}`,
      'location-string': 'Napa',
      'visit-type': `${type?.system}|${type?.code}`,
      _count: '3',
    })
    const found = proposals(await house.call('GET', `Appointment/$find?${asked}`))
    expect(starts(found)).toEqual(['09:00', '09:15', '09:30'].map((time) => iso(instantIn(2, time))))
    expect(found[0]).toMatchObject({
      serviceType: [{ coding: [type] }],
      requestedPeriod: [{ start: iso(instantIn(2, '00:00')), end: iso(instantIn(4, '00:00')) }],
    })
    expect(proposals(await house.call('GET', `Appointment/$find?location-string=Nowhere&start=${instantIn(2, '00:00')}`))).toEqual([])
    const byName = await house.call(
      'GET',
      `Appointment/$find?location=Napa&provider=Practitioner/${napa.practitioners[0]}&max=2&start=${instantIn(2, '00:00')}`,
    )
    expect(starts(proposals(byName))).toEqual(starts(found).slice(0, 2))
  })

  it('J2: IHE by POST, with a logical reference, a Timing and a referral', async () => {
    const patient = await napa.patient()
    const referral = { system: 'urn:oid:1.2.3', value: `R,${patient}` }
    const request = await create(house.call, {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      identifier: [referral],
      subject: { reference: `Patient/${patient}` },
      performer: [{ reference: `Practitioner/${napa.practitioners[0]}` }],
    })
    const days = [...'0123456'].map((n) => new Date(instantIn(2 + Number(n), '00:00')).getUTCDay())
    const timing = { repeat: { dayOfWeek: ['mon', 'wed'], timeOfDay: ['09:00:00', '14:30:00'], frequency: 1 } }
    const answer = await post('Appointment/$find', {
      ...window,
      practitioner: { valueReference: { identifier: npi } },
      timing: { valueTiming: timing },
      'referral-identifier': { valueIdentifier: referral },
      reason: { valueString: 'http://snomed.info/sct|185349003' },
    })
    const found = proposals(answer)
    const wanted = [1, 3].map((day) => 2 + days.indexOf(day)).toSorted((a, b) => a - b)
    expect(starts(found)).toEqual(wanted.flatMap((day) => [iso(instantIn(day, '09:00')), iso(instantIn(day, '14:30'))]))
    expect(found[0]).toMatchObject({
      basedOn: [{ reference: `ServiceRequest/${request}` }],
      reasonCode: [{ coding: [{ system: 'http://snomed.info/sct', code: '185349003' }] }],
    })
    expect(found[0]?.participant.map(({ actor }) => actor?.reference)).toContain(`Patient/${patient}`)
    expect(JSON.stringify(answer.json.entry?.at(-1)?.resource)).toContain('timing.repeat.frequency')
    // What the proposal says passes to the booking that takes it.
    const booked = inBundle(await post('Appointment/$book', { 'appointment-reference': `Appointment/${found[0]?.id}` }), 'booked')
    expect(booked).toMatchObject({ basedOn: [{ reference: `ServiceRequest/${request}` }] })
    expect(booked.participant.map(({ actor }) => actor?.reference)).toContain(`Patient/${patient}`)
    const unknown = { 'referral-identifier': { valueIdentifier: { system: 'urn:oid:1.2.3', value: 'none' } } }
    expect(proposals(await post('Appointment/$find', { ...window, ...unknown }))).toEqual([])
    const nobody = { practitioner: { valueReference: { identifier: { system: 'urn:oid:9', value: 'nobody' } } } }
    expect(proposals(await post('Appointment/$find', { ...window, ...nobody }))).toEqual([])
  })

  it('J3 and J4: Argonaut and IHE hold; held time is found again by nobody; the second is refused in the words of its guide', async () => {
    const patient = await napa.patient()
    const sent = { ...window, practitioner: `Practitioner/${napa.practitioners[0]}`, patient: `Patient/${patient}`, _count: 3 }
    const [one, two] = proposals(await post('Appointment/$find', sent))
    const again = proposals(await post('Appointment/$find', { ...sent, patient: [] }))
    const first = await house.call(
      'POST',
      `Appointment/${one?.id}/$hold`,
      parameters({ 'appt-id': { valueUri: `Appointment/${one?.id}` } }),
    )
    const held = inBundle(first, 'pending')
    expect(new Set(held.participant.map(({ status }) => status))).toEqual(new Set(['tentative']))
    expect(Date.parse(first.headers.get('expires') ?? '')).toBeGreaterThan(Date.now())
    expect(await statusOf(held.slot[0]?.reference ?? '')).toBe('busy-tentative')
    expect(starts(proposals(await post('Appointment/$find', sent)))).not.toContain(held.start)
    inBundle(
      await post('Appointment/$hold', {
        'appointment-reference': `Appointment/${two?.id}`,
        'patient-reference': `Patient/${await napa.patient()}`,
      }),
      'pending',
    )
    const late = await post('Appointment/$hold', {
      'appointment-reference': `Appointment/${again[0]?.id}`,
      patient: `Patient/${await napa.patient()}`,
    })
    expect([late.status, late.json.resourceType]).toEqual([409, 'Bundle'])
    expect(late.json.entry?.map(({ resource }) => resource.issue.map(({ severity, code }) => `${severity} ${code}`))).toEqual([
      ['fatal conflict', 'fatal not-found'],
    ])
  })

  it('J5: Argonaut book of a proposal for a patient named by uri', async () => {
    const patient = await napa.patient()
    const [one] = proposals(
      await post('Appointment/$find', { ...window, practitioner: `Practitioner/${napa.practitioners[0]}`, _count: 1 }),
    )
    const booked = inBundle(
      await post(`Appointment/${one?.id}/$book`, {
        'appt-id': { valueUri: `Appointment/${one?.id}` },
        'patient-id': { valueUri: `Patient/${patient}` },
        comment: 'First visit',
      }),
      'booked',
    )
    expect(booked).toMatchObject({ comment: 'First visit', requestedPeriod: one?.requestedPeriod })
    expect(booked.participant.find(({ actor }) => actor?.reference === `Patient/${patient}`)?.status).toBe('accepted')
    expect(await statusOf(booked.slot[0]?.reference ?? '')).toBe('busy')
  })

  it('J9: Epic names, and Identifiers that hold ids', async () => {
    const patient = await napa.patient()
    const found = proposals(
      await post('Appointment/$find', {
        startTime: window.start,
        endTime: window.end,
        patient: { resourceType: 'Patient', id: patient },
        serviceType: { valueCodeableConcept: napa.type[0] },
        indications: { valueCodeableConcept: { text: 'Cough' } },
        'location-reference': `Location/${napa.location}`,
      }),
    )
    const [one] = found
    expect(one).toMatchObject({ reasonCode: [{ text: 'Cough' }] })
    const booked = inBundle(
      await post('Appointment/$book', {
        patient: { valueIdentifier: { value: patient } },
        appointment: { valueIdentifier: { value: one?.id } },
        appointmentNote: 'Wheelchair',
      }),
      'booked',
    )
    expect(booked).toMatchObject({ comment: 'Wheelchair', start: one?.start })
  })

  it('J10: Oracle Health names, booked at type level', async () => {
    const [one] = proposals(
      await post('Appointment/$find', {
        ...window,
        'service-type': { valueCodeableConcept: napa.type[0] },
        practitioner: `Practitioner/${napa.practitioners[0]}`,
        location: `Location/${napa.location}`,
        _count: 1,
      }),
    )
    inBundle(
      await post('Appointment/$book', { 'appt-id': `Appointment/${one?.id}`, 'patient-id': `Patient/${await napa.patient()}` }),
      'booked',
    )
  })

  it('Medplum: Schedule/{id}/$find, a Slot as a resource, patient-reference: 201; $confirm of a hold', async () => {
    const [slot, next] = matches(await house.call('GET', `Schedule/${napa.schedules[0]}/$find?start=${instantIn(5, '00:00')}&_count=2`))
    const booked = made(await post('Appointment/$book', { slot, 'patient-reference': `Patient/${await napa.patient()}` }))
    expect(booked.slot).toEqual([{ reference: `Slot/${slot?.id}` }])
    const bare = { resourceType: 'Slot', schedule: next?.schedule, start: next?.start, end: next?.end, status: 'free' }
    const held = made(await post('Appointment/$hold', { slot: bare, 'patient-reference': `Patient/${await napa.patient()}` }))
    expect(held.slot).toEqual([{ reference: `Slot/${next?.id}` }])
    inBundle(await house.call('POST', `Appointment/${held.id}/$confirm`, parameters({})), 'booked')
  })

  it('books for several patients who all are free then', async () => {
    const [a = '', b = '', c = ''] = await napa.patients(3)
    // Behind the week in which others find the first time, or the first Monday's.
    const at = (time: string) => napa.slotAt(12, time)
    const sent = (slot: Body, patients: readonly string[]) => ({ slot: `Slot/${slot.id}`, patient: patients.map((id) => `Patient/${id}`) })
    const joint = made(await post('Appointment/$book', sent(await at('09:00'), [a, b])))
    expect(joint.participant.map(({ actor }) => actor?.reference)).toEqual(expect.arrayContaining([`Patient/${a}`, `Patient/${b}`]))
    const place2 = await place.slotAt(12, '09:00')
    const clash = await post('Appointment/$book', { slot: `Slot/${place2.id}`, patient: [`Patient/${c}`, `Patient/${b}`] })
    expect([clash.status, clash.json.issue[0]?.code]).toEqual([422, 'business-rule'])
    expect((await post('Appointment/$book', sent(await at('10:00'), [a, 'nobody']))).status).toBe(404)
    const confined = house.as(await house.token('patient/Appointment.cruds patient/Slot.rs', { patient: a }))
    expect((await confined('POST', 'Appointment/$book', parameters(sent(await at('10:00'), [a, b])))).status).toBe(403)
  })

  it('leaves out Slots that are kept for another type of appointment', async () => {
    const system = 'http://terminology.hl7.org/CodeSystem/v2-0276'
    const start = instantIn(8, '20:00')
    const extra = {
      resourceType: 'Slot',
      status: 'free',
      schedule: { reference: `Schedule/${napa.schedules[0]}` },
      start,
      end: instantIn(8, '20:15'),
    }
    await create(house.call, { ...extra, appointmentType: { coding: [{ system, code: 'WALKIN' }] } })
    const asked = (type: string) =>
      `Schedule/${napa.schedules[0]}/$find-slots?start=${instantIn(8, '16:45')}&end=${instantIn(8, '23:00')}&appointment-type=${encodeURIComponent(type)}`
    const found = async (type: string) => starts(matches(await house.call('GET', asked(type)))).map(iso)
    expect(await found(`${system}|FOLLOWUP`)).toEqual([iso(instantIn(8, '16:45'))])
    expect(await found(`${system}|WALKIN`)).toEqual([iso(instantIn(8, '16:45')), iso(start)])
    expect(await found('WALKIN')).toHaveLength(2)
  })

  it('finds by modality: virtual where the service or the place is', async () => {
    const remote = await clinic(house.call)
    const service = made(await house.call('GET', `HealthcareService/${remote.service}`), 200)
    const says = {
      coding: [
        { system: 'http://example.org/delivery', code: 'virtual' },
        { system: 'http://example.org/delivery', code: 'video' },
      ],
    }
    made(await house.call('PUT', `HealthcareService/${remote.service}`, { ...service, characteristic: [says] }), 200)
    const found = async (modality: string, schedule: string | undefined) =>
      matches(await house.call('GET', `Slot/$find-slots?schedule=${schedule}&modality=${modality}&_count=1`)).length
    expect([
      await found('virtual', remote.schedules[0]),
      await found('video', remote.schedules[0]),
      await found('in-person', remote.schedules[0]),
    ]).toEqual([1, 1, 0])
    expect([await found('virtual', napa.schedules[0]), await found('in-person', napa.schedules[0])]).toEqual([0, 1])
  })

  it('gives a POSTed $find-slots next links that GET follows to the same end', async () => {
    const asked = {
      schedule: `Schedule/${napa.schedules[0]}`,
      practitioner: { valueReference: { identifier: npi } },
      start: { valueDateTime: instantIn(9, '00:00') },
      end: { valueDateTime: instantIn(10, '00:00') },
      timing: { valueTiming: { repeat: { timeOfDay: ['09:00:00', '09:30:00', '10:15:00', '11:00:00', '16:45:00'] } } },
      'service-type': { valueCodeableConcept: napa.type[0] },
    }
    const whole = starts(matches(await post('Slot/$find-slots', asked)))
    expect(whole).toHaveLength(5)
    let page = await post('Slot/$find-slots', { ...asked, _count: 2 })
    const walked = starts(matches(page))
    for (let link = next(page); link; link = next(page)) {
      page = await house.call('GET', link)
      walked.push(...starts(matches(page)))
    }
    expect(walked).toEqual(whole)
  })
})

const next = ({ json }: Answer): string | undefined => json.link?.find(({ relation }) => relation === 'next')?.url

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

describe('J12: REST cancel by JSON Patch', () => {
  it('frees the Slot; a stale If-Match is 412 and changes nothing', async () => {
    const slot = await place.slotAt(10, '09:00')
    const visit = made(await place.book(slot.id, await place.patient()))
    const reason = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason', code: 'pat-crs' }] }
    const sent = [
      { op: 'test', path: '/status', value: 'booked' },
      { op: 'replace', path: '/status', value: 'cancelled' },
      { op: 'add', path: '/cancelationReason', value: reason },
    ]
    const patch = (version: number) =>
      house.call('PATCH', `Appointment/${visit.id}`, sent, { 'content-type': 'application/json-patch+json', 'if-match': `W/"${version}"` })
    expect((await patch(7)).status).toBe(412)
    expect(await statusOf(`Slot/${slot.id}`)).toBe('busy')
    const answer = await patch(1)
    expect(made(answer, 200)).toMatchObject({ status: 'cancelled', cancelationReason: reason, meta: { versionId: '2' } })
    expect(await statusOf(`Slot/${slot.id}`)).toBe('free')
  })
})

describe('searches of the guides', () => {
  it('J13: ITI-118 by POST _search, chained through identifiers, with the actors', async () => {
    const [oid, npi] = [
      { system: 'urn:oid:1.2.3.4.5', value: '12345' },
      { system: 'http://hl7.org/fhir/sid/us-npi', value: '9999999999' },
    ]
    const patient = await create(house.call, { resourceType: 'Patient', identifier: [oid], name: [{ family: 'Known' }] })
    const doctor = made(await house.call('GET', `Practitioner/${place.practitioners[0]}`), 200)
    made(await house.call('PUT', `Practitioner/${doctor.id}`, { ...doctor, identifier: [npi] }), 200)
    const visit = made(await place.book((await place.slotAt(7, '09:00')).id, patient))
    made(await place.book((await place.slotAt(7, '10:00')).id, await place.patient()))
    const search = (form: Record<string, string>) =>
      fetch(`${house.house.base}/Appointment/_search`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(form),
      }).then(async (answer) => (await answer.json()) as Body)
    const token = await house.token('system/*.cruds')
    const asked = {
      'patient.identifier': 'urn:oid:1.2.3.4.5|12345',
      date: `gt${instantIn(1, '00:00')}`,
      'practitioner.identifier': `${npi.system}|${npi.value}`,
      _include: 'Appointment:actor',
      _count: '10',
    }
    const found = await search(asked)
    expect([found.total, found.entry?.filter(({ search }) => search?.mode === 'match').map(({ resource }) => resource.id)]).toEqual([
      1,
      [visit.id],
    ])
    expect(
      found.entry
        ?.filter(({ search }) => search?.mode === 'include')
        .map(({ resource }) => resource.resourceType)
        .sort(),
    ).toEqual(['HealthcareService', 'Location', 'Patient', 'Practitioner'])
    expect((await search({ ...asked, 'patient.identifier': 'urn:oid:9.9|12345' })).total).toBe(0)
  })

  it('J14: BaRS spells its chain with the name of a type', async () => {
    const window = `start=ge${encodeURIComponent(instantIn(8, '09:00').replace('Z', '+00:00'))}&start=le${encodeURIComponent(instantIn(8, '09:30').replace('Z', '+00:00'))}`
    const chain = `Schedule.actor:HealthcareService=${place.service}`
    const found = await house.call(
      'GET',
      `Slot?status=free,busy&${window}&${chain}&_include=Slot:schedule&_include=Schedule:actor:HealthcareService`,
    )
    expect(found.status).toBe(200)
    expect(
      matches(found)
        .map(({ start }) => iso(start))
        .sort(),
    ).toEqual(['09:00', '09:00', '09:15', '09:15', '09:30', '09:30'].map((time) => iso(instantIn(8, time))))
    const included = found.json.entry?.filter(({ search }) => search?.mode === 'include').map(({ resource }) => resource.resourceType)
    expect(included?.sort()).toEqual(['HealthcareService', 'Schedule', 'Schedule'])
  })

  it('ISiK: a Schedule with its Slots by _revinclude, a Slot with its Appointment', async () => {
    const slots = await house.call('GET', `Schedule?_id=${place.schedules[1]}&_include=Schedule:actor&_revinclude=Slot:schedule`)
    const shown = slots.json.entry?.filter(({ search }) => search?.mode !== 'outcome')
    const types = new Set(shown?.map(({ resource }) => resource.resourceType))
    expect(types).toEqual(new Set(['Schedule', 'Slot', 'Practitioner', 'Location', 'HealthcareService']))
    const slot = await place.slotAt(9, '09:00')
    const visit = made(await place.book(slot.id, await place.patient()))
    const taken = await house.call('GET', `Slot?_id=${slot.id}&_include=Slot:schedule&_revinclude=Appointment:slot`)
    expect(taken.json.entry?.map(({ resource }) => resource.id).sort()).toEqual([slot.id, place.schedules[0], visit.id].sort())
  })
})
