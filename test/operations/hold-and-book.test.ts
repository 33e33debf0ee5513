/** The answers of `$hold`, `$book`, `$release` and `$cancel`: status, shape and headers (the table of answers in docs/operations.md). */
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { heldUntil } from '../support/held.ts'
import { type Answer, appointmentIn, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let patients: string[]

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
  patients = await place.patients(12)
})
afterAll(() => house.close())

const [whom, next] = [
  (): string => patients[0] ?? '',
  (() => {
    const times = ['09', '10', '11', '12', '13', '14', '15', '16'].flatMap((hour) =>
      ['00', '15', '30', '45'].map((minute) => `${hour}:${minute}`),
    )
    return (): Promise<Body> => place.slotAt(2, times.shift() ?? '')
  })(),
]
const post = (path: string, values: Readonly<Record<string, unknown>> = {}, headers?: Record<string, string>): Promise<Answer> =>
  house.call('POST', path, parameters(values), headers)
const slotStatus = async (id: string): Promise<string> => made(await house.call('GET', `Slot/${id}`), 200).status

/** Made, at a Location of its own, the Appointment alone. */
async function expectCreated(answer: Answer, status: string): Promise<Body> {
  const appointment = made(answer)
  expect(appointment).toMatchObject({ resourceType: 'Appointment', status })
  expect(answer.headers.get('location')).toBe(`${house.house.base}/Appointment/${appointment.id}/_history/${appointment.meta.versionId}`)
  expect(answer.headers.get('etag')).toBe(`W/"${appointment.meta.versionId}"`)
  expect(made(await house.call('GET', `Appointment/${appointment.id}`), 200)).toEqual(appointment)
  return appointment
}

/** A searchset of one Appointment and what was said about it. */
function expectBundle(answer: Answer, status: string): Body {
  const { json } = answer
  expect([answer.status, json.resourceType, (json as unknown as { type: string }).type, json.total]).toEqual([
    200,
    'Bundle',
    'searchset',
    1,
  ])
  expect(json.entry?.map(({ search, resource }) => `${search?.mode} ${resource.resourceType}`)).toEqual([
    'match Appointment',
    'outcome OperationOutcome',
  ])
  const appointment = appointmentIn(answer) as Body
  expect(appointment.status).toBe(status)
  return appointment
}

describe('Slot/{id}', () => {
  it('$book: 201 with the booked Appointment; the Slot is busy', async () => {
    const slot = await next()
    const booked = await expectCreated(await place.book(slot.id, whom(), { comment: 'Knee' }), 'booked')
    expect(booked).toMatchObject({ start: new Date(slot.start).toISOString(), slot: [{ reference: `Slot/${slot.id}` }], comment: 'Knee' })
    expect(booked.participant.map(({ actor, status }) => `${actor?.reference} ${status}`).sort()).toEqual(
      [`Patient/${whom()}`, `Practitioner/${place.practitioners[0]}`, `Location/${place.location}`, `HealthcareService/${place.service}`]
        .map((reference) => `${reference} accepted`)
        .sort(),
    )
    expect(await slotStatus(slot.id)).toBe('busy')
  })

  it('$hold: 201, pending, held-until and Expires in ten minutes; then $book of it: 200, a Bundle', async () => {
    const slot = await next()
    const asked = Date.now()
    const answer = await place.hold(slot.id, whom())
    const answered = Date.now()
    const held = await expectCreated(answer, 'pending')
    const until = heldUntil(held)
    expect(until).toBeGreaterThanOrEqual(asked + 600_000 - 1_000)
    expect(until).toBeLessThanOrEqual(answered + 600_000 + 1_000)
    expect(Math.abs(Date.parse(answer.headers.get('expires') ?? '') - until)).toBeLessThan(1_000)
    expect(new Set(held.participant.map(({ status }) => status))).toEqual(new Set(['tentative']))
    expect(await slotStatus(slot.id)).toBe('busy-tentative')
    const booked = expectBundle(await post(`Appointment/${held.id}/$book`, { comment: 'Yes' }), 'booked')
    expect(booked).toMatchObject({ id: held.id, comment: 'Yes' })
    expect(heldUntil(booked)).toBeNaN()
    expect(new Set(booked.participant.map(({ status }) => status))).toEqual(new Set(['accepted']))
    expect(await slotStatus(slot.id)).toBe('busy')
  })

  it('$release: 200, the cancelled Appointment; the Slot is free', async () => {
    const slot = await next()
    made(await place.hold(slot.id, whom()))
    expect(made(await post(`Slot/${slot.id}/$release`), 200)).toMatchObject({ resourceType: 'Appointment', status: 'cancelled' })
    expect(await slotStatus(slot.id)).toBe('free')
    expect((await post(`Slot/${slot.id}/$release`)).status).toBe(422)
    const strict = { prefer: 'handling=strict' }
    expect((await house.call('POST', `Slot/${slot.id}/$release`, parameters({ slto: slot.id }), strict)).status).toBe(400)
  })
})

describe('Appointment/$book and $hold', () => {
  it('take a bare Appointment: 201, its own words kept', async () => {
    const [one, two] = [await next(), await next()]
    const proposal = place.appointment(one, whom(), { status: 'proposed', description: 'Check-up', priority: 3 })
    expect(await expectCreated(await house.call('POST', 'Appointment/$book', proposal), 'booked')).toMatchObject({
      description: 'Check-up',
      priority: 3,
    })
    const held = await house.call('POST', 'Appointment/$hold', place.appointment(two, whom(), { status: 'proposed' }))
    expect(heldUntil(await expectCreated(held, 'pending'))).not.toBeNaN()
    expect(held.headers.get('expires')).toBeTruthy()
  })

  it('take appt-resource: 201; appointment-resource: 200, a Bundle', async () => {
    const [one, two] = [await next(), await next()]
    const proposal = (slot: Body) => place.appointment(slot, whom(), { status: 'proposed' })
    await expectCreated(await post('Appointment/$book', { 'appt-resource': proposal(one) }), 'booked')
    expectBundle(await post('Appointment/$book', { 'appointment-resource': proposal(two) }), 'booked')
  })

  it('take slot and patient: 201; patient-id: 200, a Bundle', async () => {
    const [one, two] = [await next(), await next()]
    await expectCreated(await post('Appointment/$book', { slot: `Slot/${one.id}`, patient: `Patient/${whom()}` }), 'booked')
    expectBundle(await post('Appointment/$book', { slot: `Slot/${two.id}`, 'patient-id': { valueUri: `Patient/${whom()}` } }), 'booked')
  })

  it('take a Schedule and a start, as ISiK sends them: 201', async () => {
    const slot = await next()
    const booked = await post('Appointment/$book', {
      schedule: `Schedule/${place.schedules[0]}`,
      'appt-resource': { ...place.appointment(slot, whom(), { status: 'proposed' }), slot: undefined },
    })
    expect(await expectCreated(booked, 'booked')).toMatchObject({ slot: [{ reference: `Slot/${slot.id}` }] })
  })

  it('take a hold by appt-id and by appointment-reference: 200, a Bundle', async () => {
    for (const name of [
      { 'appt-id': (id: string) => ({ valueUri: `Appointment/${id}` }) },
      { 'appointment-reference': (id: string) => `Appointment/${id}` },
    ]) {
      const held = made(await place.hold((await next()).id, whom()))
      const [key, value] = Object.entries(name)[0] as [string, (id: string) => unknown]
      expect(expectBundle(await post('Appointment/$book', { [key]: value(held.id) }), 'booked').id).toBe(held.id)
    }
  })

  it('refuse what is booked already with 409, and booking what is cancelled with 422', async () => {
    const visit = made(await place.book((await next()).id, whom()))
    expect((await post(`Appointment/${visit.id}/$book`)).status).toBe(409)
    made(await post(`Appointment/${visit.id}/$cancel`), 200)
    expect((await post(`Appointment/${visit.id}/$book`)).status).toBe(422)
  })

  it('refuse an invalid Appointment with 400 that names the element', async () => {
    const slot = await next()
    const wrong = await house.call('POST', 'Appointment/$book', place.appointment(slot, whom(), { status: 'reserved' }))
    expect([wrong.status, wrong.json.issue[0]?.expression?.[0]]).toEqual([400, 'Appointment.status'])
    expect(await slotStatus(slot.id)).toBe('free')
  })
})

describe('IHE calls (appointment-* names)', () => {
  it('are refused with the status and a Bundle holding only the OperationOutcome', async () => {
    const slot = await next()
    made(await place.book(slot.id, whom()))
    const proposal = place.appointment(slot, patients[1] ?? '', { status: 'proposed' })
    const refused = await post('Appointment/$book', { 'appointment-resource': proposal })
    expect(refused.status).toBe(409)
    expect(refused.json.entry?.map(({ resource }) => resource.resourceType)).toEqual(['OperationOutcome'])
    expect(refused.json.entry?.[0]?.resource.issue[0]).toMatchObject({ severity: 'fatal', code: 'conflict' })
    const unknown = await post('Appointment/$book', { 'appointment-reference': 'Appointment/none' })
    expect([unknown.status, unknown.json.resourceType]).toEqual([404, 'Bundle'])
  })
})

describe('$cancel and $release', () => {
  it('$cancel: 200, the Appointment with its reason and comment; the time is free and found again', async () => {
    const slot = await next()
    const visit = made(await place.book(slot.id, whom()))
    const reason = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason', code: 'pat' }] }
    const answer = await post(`Appointment/${visit.id}/$cancel`, { reason: { valueCodeableConcept: reason }, comment: 'Away' })
    expect(made(answer, 200)).toMatchObject({ id: visit.id, status: 'cancelled', cancelationReason: reason, comment: 'Away' })
    expect(answer.headers.get('etag')).toBe('W/"2"')
    expect(await slotStatus(slot.id)).toBe('free')
    const found = matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?start=${slot.start}&_count=1`))
    expect(found.map(({ id }) => id)).toEqual([slot.id])
    // Asked again, it stays as it is.
    expect(made(await post(`Appointment/${visit.id}/$cancel`), 200).meta.versionId).toBe('2')
  })

  it('refuse to cancel what is over, and to release what is booked', async () => {
    const past = { resourceType: 'Appointment', status: 'fulfilled', start: instantIn(-1, '09:00'), end: instantIn(-1, '09:15') }
    const participant = [{ actor: { reference: `Patient/${whom()}` }, status: 'accepted' }]
    const done = made(await house.call('POST', 'Appointment', { ...past, participant }))
    expect((await post(`Appointment/${done.id}/$cancel`)).status).toBe(422)
    const visit = made(await place.book((await next()).id, whom()))
    expect((await post(`Appointment/${visit.id}/$release`)).status).toBe(422)
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).status).toBe('booked')
  })
})

/** What the server is asked for, it takes whole or refuses: never another time, and never half of what was said. */
describe('what is asked for', () => {
  const at = (time: string): Promise<Body> => place.slotAt(3, time)
  const named = (slots: readonly Body[]) => slots.map(({ id }) => ({ reference: `Slot/${id}` }))
  const wish = (slots: readonly Body[], more: object = {}) => {
    const [first] = slots
    return { ...place.appointment(first as Body, whom(), { status: 'proposed', slot: named(slots) }), ...more }
  }
  const book = (body: object): Promise<Answer> => house.call('POST', 'Appointment/$book', body)
  const refusal = ({ status, json }: Answer) => [status, json.issue?.[0]?.code, json.issue?.[0]?.expression?.[0]]

  it('a visit that the Schedule closes upon is outside its Slots: nobody has taken that time, and other times are no help', async () => {
    const last = await at('16:45')
    const answer = await place.book(last.id, whom(), { duration: 30 })
    expect(refusal(answer)).toEqual([422, 'business-rule', 'Appointment.start'])
    const staff = await place.book(last.id, whom(), {
      duration: 30,
      overbook: { valueBoolean: true },
      'overbook-reason': { valueCodeableConcept: { text: 'Late' } },
    })
    expect(staff.status).toBe(422)
    made(await place.book(last.id, whom()))
    const before = await place.book((await at('16:30')).id, patients[1] ?? '', { duration: 30 })
    expect(refusal(before)).toEqual([409, 'conflict', 'slot'])
  })

  it('a Schedule that is not there is 404 and one that was deleted 410, at its address and beside a start', async () => {
    const bare = { resourceType: 'Schedule', active: true, actor: [{ reference: `Practitioner/${place.practitioners[0]}` }] }
    const { id } = made(await house.call('POST', 'Schedule', bare))
    await house.call('DELETE', `Schedule/${id}`)
    for (const [schedule, expected] of [
      ['nowhere', [404, 'not-found']],
      [id, [410, 'deleted']],
    ] as const) {
      const patient = `Patient/${whom()}`
      const booked = await post('Appointment/$book', { patient, schedule: `Schedule/${schedule}`, start: instantIn(3, '09:00') })
      expect(refusal(booked)).toEqual([...expected, 'schedule'])
      expect(refusal(await house.call('GET', `Schedule/${schedule}/$find-slots`))).toEqual([...expected, 'Schedule'])
    }
  })

  it('a Slot with a start or a Schedule beside it that are not its own is refused', async () => {
    const [slot, other] = [await at('09:00'), await clinic(house.call)]
    const patient = `Patient/${whom()}`
    const start = await post(`Slot/${slot.id}/$book`, { patient, start: slot.end })
    expect(start.status).toBe(422)
    const schedule = await post(`Slot/${slot.id}/$hold`, { patient, schedule: `Schedule/${other.schedules[0]}` })
    expect(refusal(schedule)).toEqual([400, 'value', 'schedule'])
    const agreed = { patient, start: slot.start, schedule: `Schedule/${place.schedules[0]}` }
    expect(made(await post(`Slot/${slot.id}/$book`, agreed))).toMatchObject({ start: new Date(slot.start).toISOString() })
  })

  it('Slots of one Schedule may be named in any order, and are all taken or refused', async () => {
    const [one, two, three] = [await at('10:00'), await at('10:15'), await at('10:30')]
    const apart = await book(wish([one, three], { end: two.end }))
    expect(refusal(apart)).toEqual([422, 'business-rule', 'slot'])
    const backwards = made(await book(wish([two, one], { start: one.start, end: two.end })))
    expect(backwards.slot).toEqual(named([one, two]))
    const nowhere = await book({ ...wish([three]), slot: [...named([three]), { reference: 'Slot/nowhere' }] })
    expect(refusal(nowhere)).toEqual([404, 'not-found', 'slot'])
    expect(await slotStatus(three.id)).toBe('free')
  })

  it('a length off the grid is booked to the minute, and takes each Slot that it touches; the front desk may book what is left', async () => {
    const slots = (await place.slotsOn(8)).slice(4, 7)
    const visit = made(await place.book(slots[0]?.id ?? '', whom(), { duration: 31 }))
    const [start, end] = [Date.parse(visit.start), Date.parse(visit.end)]
    expect([end - start, visit.slot]).toEqual([31 * 60_000, slots.map(({ id }) => ({ reference: `Slot/${id}` }))])
    const rest = place.appointment(slots[2] as Body, patients[1] ?? '', { slot: undefined, start: visit.end })
    expect((await place.book(slots[2]?.id ?? '', patients[1] ?? '')).status).toBe(409)
    made(await house.call('POST', 'Appointment', rest))
  })

  it('an Appointment without times lasts as long as its minutesDuration says', async () => {
    const slots = [await at('11:00'), await at('11:15')]
    const booked = made(await book(wish(slots, { start: undefined, end: undefined, minutesDuration: 30 })))
    expect(booked).toMatchObject({ end: new Date(slots[1]?.end ?? '').toISOString(), minutesDuration: 30, slot: named(slots) })
  })

  it('an Appointment that is over, or that is cancelled and not there, is not booked', async () => {
    const slot = await at('12:00')
    for (const status of ['cancelled', 'fulfilled', 'entered-in-error'])
      expect([status, ...refusal(await book(wish([slot], { status })))]).toEqual([status, 422, 'business-rule', 'Appointment.status'])
    const gone = await post('Appointment/$book', { 'appointment-resource': wish([slot], { id: 'nowhere', status: 'cancelled' }) })
    expect(gone.status).toBe(404)
    expect(await slotStatus(slot.id)).toBe('free')
  })

  it('no hold says that a stored Appointment which is over were not there', async () => {
    const participant = [{ actor: { reference: `Patient/${whom()}` }, status: 'accepted' }]
    for (const status of ['cancelled', 'noshow']) {
      const over = made(await house.call('POST', 'Appointment', { ...wish([await at('12:15')], { status, participant }), slot: undefined }))
      const answer = await house.call('POST', 'Appointment/$hold', over)
      expect([status, ...refusal(answer)]).toEqual([status, 422, 'business-rule', 'Appointment.status'])
    }
  })

  it('an Appointment is cancelled also where a Slot of its own is deleted by now, and not booked', async () => {
    const actor = [{ reference: `Practitioner/${place.practitioners[0]}` }]
    const { id: schedule } = made(await house.call('POST', 'Schedule', { resourceType: 'Schedule', actor }))
    const slotFrom = async (from: string, until: string) => {
      const times = { start: instantIn(60, from), end: instantIn(60, until) }
      const slot = { resourceType: 'Slot', schedule: { reference: `Schedule/${schedule}` }, status: 'free', ...times }
      return made(await house.call('POST', 'Slot', slot))
    }
    const slots = [await slotFrom('09:00', '09:15'), await slotFrom('09:15', '09:30')] as const
    const wished = made(await house.call('POST', 'Appointment', wish(slots, { end: slots[1].end })))
    expect((await house.call('DELETE', `Slot/${slots[1].id}`)).status).toBeLessThan(300)
    const refused = await book({ ...wished, start: slots[1].start })
    expect(refusal(refused)).toEqual([404, 'not-found', 'slot'])
    expect(made(await book({ ...wished, status: 'cancelled' }))).toMatchObject({ id: wished.id, status: 'cancelled' })
  })
})

/** The same of one that has an id: a wish, a visit, a hold, a proposal. */
describe('what is asked for of an Appointment that is stored', () => {
  const at = (time: string): Promise<Body> => place.slotAt(4, time)
  const named = (slots: readonly Body[]) => slots.map(({ id }) => ({ reference: `Slot/${id}` }))
  /** Who sends an Appointment gets the outcome in a Bundle, as IHE has it. */
  const refusal = ({ status, json }: Answer) => {
    const [issue] = (json.entry?.[0]?.resource ?? json).issue ?? []
    return [status, issue?.code, issue?.expression?.[0]]
  }
  const wish = async (slots: readonly Body[], more: object = {}): Promise<Body> => {
    const visit = place.appointment(slots[0] as Body, whom(), { status: 'proposed', slot: named(slots), ...more })
    return made(await house.call('POST', 'Appointment', visit))
  }
  const send = (resource: object, more: object = {}): Promise<Answer> =>
    post('Appointment/$book', { 'appointment-resource': resource, ...more })
  const bookIt = ({ id }: Body, more: object = {}): Promise<Answer> => post(`Appointment/${id}/$book`, { ...more })
  const nothingChanged = async ({ id, meta }: Body): Promise<void> =>
    expect(made(await house.call('GET', `Appointment/${id}`), 200).meta.versionId).toBe(meta.versionId)
  const elsewhere = async (): Promise<string> => `Schedule/${(await clinic(house.call)).schedules[0]}`

  it('a wish is booked in each Slot that it names, or not at all', async () => {
    const [one, two, far] = [await at('09:00'), await at('09:15'), await at('11:00')]
    const apart = await wish([one, far], { end: two.end })
    for (const answer of [await bookIt(apart), await send(apart), await send({ ...apart, slot: named([far, one]) })])
      expect(refusal(answer)).toEqual([422, 'business-rule', 'slot'])
    const timeless = await wish([one, far], { start: undefined, end: undefined, minutesDuration: 30 })
    expect(refusal(await send({ ...timeless, start: one.start, end: two.end }))).toEqual([422, 'business-rule', 'slot'])
    await nothingChanged(apart)
    expect(await slotStatus(one.id)).toBe('free')
    const backwards = await wish([two, one], { start: one.start, end: two.end })
    expect(appointmentIn(await bookIt(backwards))).toMatchObject({ id: backwards.id, status: 'booked', slot: named([one, two]) })
  })

  it('a wish is booked at the start and on the Schedule that are said beside it, or not at all', async () => {
    const [slot, other] = [await at('10:00'), await at('10:15')]
    const timeless = await wish([slot], { start: undefined, end: undefined })
    const outside = { slot: `Slot/${other.id}`, start: slot.start }
    expect(refusal(await bookIt(timeless, outside))).toEqual([422, 'business-rule', 'Appointment.start'])
    const timely = await wish([slot])
    expect(refusal(await bookIt(timely, { start: instantIn(4, '10:10') }))).toEqual([422, 'business-rule', 'start'])
    expect(refusal(await send(timely, { start: other.start }))).toEqual([400, 'value', 'start'])
    expect(refusal(await send(timely, { slot: `Slot/${other.id}` }))).toEqual([400, 'value', 'slot'])
    const schedule = await elsewhere()
    expect(refusal(await bookIt(timely, { schedule }))).toEqual([400, 'value', 'schedule'])
    expect(refusal(await send(timely, { schedule }))).toEqual([400, 'value', 'schedule'])
    await nothingChanged(timely)
    const own = { schedule: `Schedule/${place.schedules[0]}`, slot: `Slot/${other.id}`, start: other.start }
    const booked = appointmentIn(await bookIt(timely, own))
    expect(booked).toMatchObject({ id: timely.id, status: 'booked', slot: named([other]), start: new Date(other.start).toISOString() })
  })

  it('a visit is moved to each Slot that is named, or stays', async () => {
    const [one, two, three, far] = [await at('13:00'), await at('13:15'), await at('13:30'), await at('15:00')]
    const visit = made(await place.book(one.id, whom()))
    const apart = { ...visit, slot: named([two, far]), start: two.start, end: three.end }
    expect(refusal(await send(apart))).toEqual([422, 'business-rule', 'slot'])
    expect(refusal(await send(visit, { slot: `Slot/${two.id}` }))).toEqual([400, 'value', 'slot'])
    expect(refusal(await send(visit, { schedule: await elsewhere() }))).toEqual([400, 'value', 'schedule'])
    await nothingChanged(visit)
    const moved = appointmentIn(await send({ ...visit, slot: named([three, two]), start: two.start, end: three.end })) as Body
    expect(moved).toMatchObject({ id: visit.id, slot: named([two, three]) })
    const shorter = appointmentIn(await send({ ...moved, end: two.end })) as Body
    expect(shorter).toMatchObject({ id: visit.id, slot: named([two]) })
    const bare = { ...shorter, status: 'proposed', slot: undefined, start: undefined, end: undefined, minutesDuration: undefined }
    const again = appointmentIn(await send(bare, { slot: `Slot/${three.id}` }))
    expect(again).toMatchObject({ id: visit.id, slot: named([three]), start: new Date(three.start).toISOString() })
  })

  it('a hold and a proposal are taken at their own time: another beside them is refused, the same is not', async () => {
    const [slot, other, schedule] = [await at('16:00'), await at('16:15'), await elsewhere()]
    const held = made(await place.hold(slot.id, whom()))
    const found = await post('Appointment/$find', {
      patient: `Patient/${whom()}`,
      schedule: `Schedule/${place.schedules[0]}`,
      start: other.start,
      end: other.end,
    })
    const proposal = appointmentIn(found) as Body
    for (const [one, own] of [
      [held, slot],
      [proposal, other],
    ] as const) {
      const another = own === slot ? other : slot
      const id = { 'appt-id': one.id, patient: `Patient/${whom()}` }
      const beside = (more: object): Promise<Answer> => post('Appointment/$book', { ...id, ...more })
      expect(refusal(await beside({ slot: `Slot/${another.id}` }))).toEqual([400, 'value', 'slot'])
      expect(refusal(await beside({ start: another.start }))).toEqual([400, 'value', 'start'])
      expect(refusal(await beside({ slot: `Slot/${own.id}`, schedule }))).toEqual([400, 'value', 'schedule'])
      expect(refusal(await beside({ duration: 30 }))).toEqual([400, 'value', 'duration'])
      const longer = { ...one, end: new Date(Date.parse(own.end) + 15 * 60_000).toISOString() }
      expect(refusal(await post('Appointment/$book', { 'appt-id': one.id, 'appointment-resource': longer }))).toEqual([
        400,
        'value',
        'duration',
      ])
      const same = { slot: `Slot/${own.id}`, start: own.start, schedule: `Schedule/${place.schedules[0]}`, duration: 15 }
      expect(appointmentIn(await beside(same))).toMatchObject({ status: 'booked', slot: named([own]) })
    }
  })

  it('a hold is booked for whom and for what it was taken: others beside it are refused', async () => {
    const held = made(await place.hold((await at('11:15')).id, whom()))
    const stranger = {
      resourceType: 'Patient',
      name: [{ family: 'Unheld', given: ['Somebody'] }],
      birthDate: '1971-02-03',
      gender: 'other',
    }
    const other = await clinic(house.call)
    const refused: [more: object, told: unknown[]][] = [
      [{ 'patient-resource': stranger }, [422, 'business-rule', 'patient']],
      [{ patient: `Patient/${patients[1]}` }, [422, 'business-rule', 'patient']],
      [{ 'healthcare-service': `HealthcareService/${other.service}` }, [400, 'value', 'healthcare-service']],
      [{ overbook: { valueBoolean: true }, 'overbook-reason': 'Pain' }, [422, 'business-rule', 'overbook']],
    ]
    for (const [more, told] of refused) expect([more, refusal(await bookIt(held, more))]).toEqual([more, told])
    await nothingChanged(held)
    const own = { patient: `Patient/${whom()}`, 'healthcare-service': `HealthcareService/${place.service}` }
    expect(appointmentIn(await bookIt(held, own))).toMatchObject({ id: held.id, status: 'booked' })
  })

  it('a visit is moved to the length that is said beside it, or stays', async () => {
    const [one, two] = [await at('12:00'), await at('12:15')]
    const visit = made(await place.book(one.id, whom()))
    expect(refusal(await send(visit, { duration: 30 }))).toEqual([400, 'value', 'duration'])
    await nothingChanged(visit)
    const bare = { ...visit, status: 'proposed', start: undefined, end: undefined, minutesDuration: undefined }
    const same = appointmentIn(await send({ ...bare, description: 'Longer' }, { duration: 15 })) as Body
    expect(same).toMatchObject({ id: visit.id, description: 'Longer', slot: named([one]), end: visit.end })
    const longer = appointmentIn(await send(bare, { duration: 30 })) as Body
    expect(longer).toMatchObject({ id: visit.id, slot: named([one, two]), start: visit.start, minutesDuration: 30 })
  })
})
