/** Whose time it is, whichever way it was written: by reference and address, over a block, after a hold's end. */
import { disagreements } from '../support/agreement.ts'
import { availability, type Clinic, clinic, create, instantIn, timezone } from '../support/clinic.ts'
import { pastEnd, whileHeld } from '../support/held.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let brief: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2 })
  brief = await clinic(house.call, { policy: { holdSeconds: 1, maxPerDay: 1 } })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const saidBy = ({ status, json }: Answer): string => `${status} ${json.issue?.[0]?.code}`
const appointment = (id: string) => house.call('GET', `Appointment/${id}`).then((answer) => made(answer, 200))
const slotNow = (slot: Body) => house.call('GET', `Slot/${slot.id}`).then((answer) => made(answer, 200))
const put = async (type: string, id: string, more: object): Promise<Answer> => {
  const now = made(await house.call('GET', `${type}/${id}`), 200)
  return house.call('PUT', `${type}/${id}`, { ...now, ...more })
}
const cancel = (id: string) => house.call('POST', `Appointment/${id}/$cancel`)
const claimsOf = async (id: string): Promise<string[]> => {
  const rows = await house.house.pool.query<{ resource: string }>({
    text: 'select resource from claim where appointment = $1 order by resource',
    values: [`Appointment/${id}`],
  })
  return rows.map(({ resource }) => resource)
}
const room = () =>
  create(house.call, {
    resourceType: 'Location',
    physicalType: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'ro' }] },
  })
const joined = (visit: object, ...references: string[]): object => ({
  ...visit,
  participant: [
    ...(visit as { participant: object[] }).participant,
    ...references.map((reference) => ({ actor: { reference }, status: 'accepted' })),
  ],
})
describe('a hold', () => {
  it('that is to replace itself is refused, and stays a hold that can be booked', async () => {
    const held = made(await place.hold((await place.slotAt(2, '09:00')).id, await place.patient()))
    const self = parameters({ 'cancelled-appt-id': `Appointment/${held.id}` })
    expect(saidBy(await house.call('POST', `Appointment/${held.id}/$book`, self))).toBe('422 business-rule')
    expect(await claimsOf(held.id)).toHaveLength(1)
    made(await house.call('POST', `Appointment/${held.id}/$book`), 200)
    expect(await claimsOf(held.id)).toHaveLength(1)
  })

  it('is not booked for another patient than it is for', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const held = made(await place.hold((await place.slotAt(2, '09:15')).id, a))
    const book = (patient: string) => house.call('POST', `Appointment/${held.id}/$book`, parameters({ patient: `Patient/${patient}` }))
    expect(saidBy(await book(b))).toBe('422 business-rule')
    made(await book(a), 200)
  })

  it('alone is released: a visit, and one that took place, are not', async () => {
    const visit = made(await place.book((await place.slotAt(2, '09:30')).id, await place.patient()))
    const release = () => house.call('POST', `Appointment/${visit.id}/$release`)
    for (const status of ['booked', 'arrived', 'checked-in']) {
      made(await put('Appointment', visit.id, { status }), 200)
      expect(saidBy(await release())).toBe('422 business-rule')
    }
    expect((await appointment(visit.id)).status).toBe('checked-in')
  })

  it('whose end nobody has swept up gives its Slot and its place of the day back to a PUT that cancels it', async () => {
    const slot = await brief.slotAt(2, '09:00')
    const held = made(await brief.hold(slot.id, await brief.patient()))
    await pastEnd(held)
    made(await put('Appointment', held.id, { status: 'cancelled' }), 200)
    expect((await slotNow(slot)).status).toBe('free')
    made(await brief.book((await brief.slotAt(2, '10:00')).id, await brief.patient()))
  })

  it('whose end is over leaves its place of the day to the next one; booked in time it keeps the place', async () => {
    const slots = await brief.slotsOn(3)
    const next = () => slots.shift()?.id ?? ''
    const taken: Body[] = []
    // The day has room for one: a hold tried before, that was given, is waited for.
    const hold = async () => {
      await pastEnd(...taken)
      return made(await brief.hold(next(), await brief.patient()))
    }
    const another = async () => {
      const answer = await brief.hold(next(), await brief.patient())
      if (answer.status === 201) taken.push(answer.json)
      return saidBy(answer)
    }
    const lapsed = await whileHeld(hold, another)
    expect(lapsed.found).toBe('422 business-rule')
    await pastEnd(lapsed.held)
    const booked = await whileHeld(
      hold,
      (held) => house.call('POST', `Appointment/${held.id}/$book`),
      ({ status }) => status === 200,
    )
    made(booked.found, 200)
    await pastEnd(booked.held)
    expect(saidBy(await brief.book(next(), await brief.patient()))).toBe('422 business-rule')
  })
})

describe('whoever else an Appointment names', () => {
  it('is taken up by $book and by $hold, and is free for nobody else', async () => {
    const [slot, patient, other] = [await place.slotAt(3, '09:00'), await place.patient(), `Practitioner/${place.practitioners[1]}`]
    const ward = `Location/${await room()}`
    const visit = made(
      await house.call('POST', 'Appointment/$book', joined(place.appointment(slot, patient, { status: 'proposed' }), other, ward)),
    )
    expect(await claimsOf(visit.id)).toEqual([ward, `Practitioner/${place.practitioners[0]}`, other].sort())
    expect(saidBy(await place.book((await place.slotAt(3, '09:00', 1)).id, await place.patient()))).toBe('409 conflict')
    made(await place.book((await place.slotAt(3, '09:15', 1)).id, await place.patient()))
    const late = place.appointment(await place.slotAt(3, '09:15'), await place.patient(), { status: 'proposed' })
    expect(saidBy(await house.call('POST', 'Appointment/$hold', joined(late, other)))).toBe('409 conflict')
    made(await house.call('POST', 'Appointment/$hold', late))
  })

  it('is refused under a patient scope, like another patient', async () => {
    const [slot, patient, other] = [await place.slotAt(3, '10:00'), await place.patient(), await place.patient()]
    const own = house.as(await house.token('patient/Appointment.cruds patient/Slot.rs', { patient }))
    const visit = place.appointment(slot, patient, { status: 'proposed' })
    const second = `Practitioner/${place.practitioners[1]}`
    expect(saidBy(await own('POST', 'Appointment/$book', joined(visit, second)))).toBe('422 business-rule')
    expect(saidBy(await own('POST', 'Appointment/$book', joined(visit, `Patient/${other}`)))).toBe('403 forbidden')
    made(await own('POST', 'Appointment/$book', visit))
  })

  it('is the same one by its address here and by one of its versions', async () => {
    const [slot, patient] = [await place.slotAt(3, '11:00'), await place.patient()]
    const second = `Practitioner/${place.practitioners[1]}`
    const { base } = house.house
    const plain = place.appointment(slot, patient) as { participant: { actor: { reference: string } }[] }
    const byAddress = {
      ...joined(plain, `${second}/_history/1`),
      slot: [{ reference: `${base}/Slot/${slot.id}` }],
    }
    const visit = made(await house.call('POST', 'Appointment', byAddress))
    expect(await claimsOf(visit.id)).toEqual([`Practitioner/${place.practitioners[0]}`, second].sort())
    expect((await slotNow(slot)).status).toBe('busy')
    made(await cancel(visit.id), 200)
    const proposed = place.appointment(slot, patient, {
      status: 'proposed',
      participant: [{ actor: { reference: `${base}/Patient/${patient}` }, status: 'accepted' }],
    })
    const booked = made(await house.call('POST', 'Appointment/$book', joined(proposed, `${base}/${second}`)))
    expect(await claimsOf(booked.id)).toHaveLength(2)
    expect(booked.participant.filter(({ actor }) => actor?.reference?.includes('Patient/'))).toHaveLength(1)
  })
})

it('a refusal of a time that is taken names the element that says it', async () => {
  const slot = await place.slotAt(4, '10:00')
  made(await place.book(slot.id, await place.patient()))
  const visit = await house.call('POST', 'Appointment', place.appointment(slot, await place.patient()))
  const { schedule, start, end } = slot
  const busy = await house.call('POST', 'Slot', { resourceType: 'Slot', schedule, status: 'busy', start, end })
  expect([visit, busy].map(({ status, json }) => [status, json.issue[0]?.expression])).toEqual([
    [409, ['Appointment.start']],
    [409, ['Slot.start']],
  ])
})

it('a Slot is of its Schedule by the address of that', async () => {
  const schedule = `${house.house.base}/Schedule/${place.schedules[0]}`
  const [start, end] = [instantIn(4, '09:00'), instantIn(4, '09:15')]
  made(await house.call('POST', 'Slot', { resourceType: 'Slot', schedule: { reference: schedule }, status: 'busy', start, end }))
  expect(saidBy(await place.book((await place.slotAt(4, '09:15')).id, await place.patient()))).toBe('201 undefined')
  const under = (await place.slotsOn(4)).filter((slot) => Date.parse(slot.start) === Date.parse(start))
  expect(under.map(({ status }) => status)).toEqual(['busy', 'busy'])
})

describe('a block over a booked Slot', () => {
  it.each(['free', 'busy'])('set %s gives the Slot back to the visit', async (status) => {
    const slot = await place.slotAt(5, status === 'free' ? '09:00' : '09:30')
    const visit = made(await place.book(slot.id, await place.patient()))
    made(await put('Slot', slot.id, { status: 'busy-unavailable' }), 200)
    expect(made(await put('Slot', slot.id, { status }), 200).status).toBe('busy')
    expect(saidBy(await put('Slot', slot.id, { status: 'free' }))).toBe('409 conflict')
    made(await cancel(visit.id), 200)
    expect((await slotNow(slot)).status).toBe('free')
  })

  it('deleted with its Slot lets the visit be written, and keeps what the visit claims', async () => {
    const slot = await place.slotAt(5, '10:00')
    const visit = made(await place.book(slot.id, await place.patient()))
    made(await put('Slot', slot.id, { status: 'busy-unavailable' }), 200)
    made(await put('Appointment', visit.id, { comment: 'under a block' }), 200)
    expect((await house.call('DELETE', `Slot/${slot.id}`)).status).toBe(204)
    made(await put('Appointment', visit.id, { comment: 'without a Slot' }), 200)
    expect(await claimsOf(visit.id)).toHaveLength(1)
    const moved = { start: instantIn(5, '10:15'), end: instantIn(5, '10:30') }
    expect(saidBy(await put('Appointment', visit.id, moved))).toBe('422 business-rule')
    made(await put('Appointment', visit.id, { status: 'cancelled' }), 200)
    expect(await claimsOf(visit.id)).toEqual([])
  })

  it('leaves a Slot that it covers and that is written back unchanged: lifted, both are free', async () => {
    const [covered, schedule] = [await place.slotAt(5, '11:00'), { reference: `Schedule/${place.schedules[0]}` }]
    const [start, end] = [instantIn(5, '11:00'), instantIn(5, '12:00')]
    const block = made(await house.call('POST', 'Slot', { resourceType: 'Slot', schedule, status: 'busy-unavailable', start, end }))
    made(await put('Slot', covered.id, { comment: 'seen' }), 200)
    made(await put('Slot', block.id, { status: 'free' }), 200)
    expect((await slotNow(covered)).status).toBe('free')
  })
})

it('a visit that is written again keeps as many claims as it was given, and takes up who came to its Schedule', async () => {
  const practitioner = await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'New' }] })
  const more = { active: true, extension: [timezone('Etc/UTC'), availability({})] }
  const actor = [{ reference: `Practitioner/${practitioner}` }]
  const schedule = await create(house.call, { resourceType: 'Schedule', actor, ...more })
  const slots = made(
    await house.call('GET', `Slot?schedule=Schedule/${schedule}&start=ge${instantIn(2, '09:00')}&_sort=start&_count=1`),
    200,
  )
  const held = made(await place.hold(slots.entry?.[0]?.resource.id ?? '', await place.patient()))
  const ward = `Location/${await room()}`
  made(await put('Schedule', schedule, { actor: [...actor, { reference: ward }] }), 200)
  made(await put('Appointment', held.id, { comment: 'a remark' }), 200)
  expect(await claimsOf(held.id)).toEqual([ward, `Practitioner/${practitioner}`])
  made(await house.call('POST', `Appointment/${held.id}/$book`), 200)
})

describe('a block beside a visit', () => {
  it('may lie in its buffers: only the visit itself is kept from it', async () => {
    const buffered = await clinic(house.call, { slotMinutes: 30, minutes: 30, policy: { bufferBeforeMinutes: 15, bufferAfterMinutes: 15 } })
    const schedule = { reference: `Schedule/${buffered.schedules[0]}` }
    const block = { resourceType: 'Slot', schedule, status: 'busy-unavailable', start: instantIn(5, '10:00'), end: instantIn(5, '10:30') }
    made(await house.call('POST', 'Slot', block))
    const [before, after] = [await buffered.slotAt(5, '09:30'), await buffered.slotAt(5, '10:30')]
    const found = matches(await house.call('GET', `${schedule.reference}/$find-slots?start=${before.start}&end=${after.end}`))
    expect(found.map(({ id }) => id)).toEqual([before.id, after.id])
    for (const { id } of [before, after]) made(await buffered.book(id, await buffered.patient()))
  })
})

describe('a patient who writes the Appointment', () => {
  it('is bound to one Schedule, to those whom it names, and to a service that it offers', async () => {
    const patient = await place.patient()
    const own = house.as(await house.token('patient/Appointment.cruds patient/Slot.rs', { patient }))
    const [slot, theirs] = [await place.slotAt(6, '09:00'), await place.slotAt(6, '09:00', 1)]
    const visit = place.appointment(slot, patient)
    const both = { ...visit, slot: [slot, theirs].map(({ id }) => ({ reference: `Slot/${id}` })) }
    expect(saidBy(await own('POST', 'Appointment', both))).toBe('422 business-rule')
    expect(saidBy(await own('POST', 'Appointment', joined(visit, `Practitioner/${place.practitioners[1]}`)))).toBe('422 business-rule')
    const strange = { ...visit, serviceType: [{ coding: [{ system: 'urn:test:service', code: 'unheard-of' }] }] }
    expect(saidBy(await own('POST', 'Appointment', strange))).toBe('422 business-rule')
    made(await own('POST', 'Appointment', visit))
  })

  it('says which where the Schedule offers several services', async () => {
    const type = (code: string) => [{ coding: [{ system: 'urn:test:service', code }] }]
    const service = (code: string) => create(house.call, { resourceType: 'HealthcareService', active: true, type: type(code) })
    const actor = [
      `Practitioner/${place.practitioners[1]}`,
      `HealthcareService/${await service('x')}`,
      `HealthcareService/${await service('y')}`,
    ]
    const extension = [timezone('Etc/UTC'), availability({ start: '20:00:00', end: '21:00:00' })]
    const schedule = await create(house.call, { resourceType: 'Schedule', actor: actor.map((reference) => ({ reference })), extension })
    const found = made(
      await house.call('GET', `Slot?schedule=Schedule/${schedule}&start=ge${instantIn(2, '00:00')}&_sort=start&_count=1`),
      200,
    )
    const slot = found.entry?.[0]?.resource as Body
    const patient = await place.patient()
    const own = house.as(await house.token('patient/Appointment.cruds patient/Slot.rs', { patient }))
    const participant = [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }]
    const visit = place.appointment(slot, patient, { participant, serviceType: undefined })
    expect(saidBy(await own('POST', 'Appointment', visit))).toBe('400 required')
    made(await own('POST', 'Appointment', { ...visit, serviceType: type('y') }))
  })
})

it('an Appointment that is cancelled already and is answered has its AuditEvent', async () => {
  const visit = made(await place.book((await place.slotAt(6, '12:00')).id, await place.patient()))
  const events = async () => {
    const rows = await house.house.pool.query<{ n: number }>({
      text: `select count(*)::int as n from audit_event where interaction = 'cancel' and entity like $1 || '%'`,
      values: [`Appointment/${visit.id}`],
    })
    return rows[0]?.n
  }
  made(await cancel(visit.id), 200)
  const once = await events()
  made(await cancel(visit.id), 200)
  expect([once, await events()]).toEqual([1, 2])
})
