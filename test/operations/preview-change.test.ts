/** `$preview-change` against what then really happens: the Slots that come and go, the visits that lie outside, the moves. */

import { disagreements } from '../support/agreement.ts'
import { availability, type Clinic, clinic, create, dateIn, instantIn, ours, timezone } from '../support/clinic.ts'
import { type Answer, type Body, type Call, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { type JointActor, jointClinic, jointVisit } from '../support/joint-clinic.ts'
import { recurrence, times } from '../support/recurrence.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

type Part = { name: string; part?: Part[]; valueUnsignedInt?: number; valueInstant?: string; resource?: Body } & {
  valueCoding?: { code: string }
  valueReference?: { reference: string }
}
const named = (parts: readonly Part[] | undefined, name: string): Part[] => (parts ?? []).filter((part) => part.name === name)
const reference = (part: Part | undefined, name: string): string => named(part?.part, name)[0]?.valueReference?.reference ?? ''

function told(answer: Answer) {
  const { parameter } = made(answer, 200) as unknown as { parameter: Part[] }
  const count = (name: string) => named(parameter, name)[0]?.valueUnsignedInt
  const visits = named(parameter, 'visit')
  return {
    slots: [count('slots-added'), count('slots-changed'), count('slots-removed')],
    visits: count('visits'),
    orphaned: count('orphaned'),
    orphans: visits.map((visit) => reference(visit, 'appointment')),
    codes: visits.map((visit) => named(visit.part, 'reason').map(({ part }) => named(part, 'code')[0]?.valueCoding?.code)),
    proposals: visits.map((visit) => named(visit.part, 'proposal')),
    batch: named(parameter, 'accept-all')[0]?.resource,
  }
}

const preview = (place: Clinic, body: object, call: Call = house.call): Promise<Answer> =>
  call('POST', `Schedule/${place.schedules[0]}/$preview-change`, body)

const slotsOf = async (place: Clinic): Promise<Body[]> => {
  const found: Body[] = []
  let next: string | undefined = `Slot?schedule=Schedule/${place.schedules[0]}&start=ge${dateIn(1)}&_sort=start&_count=1000`
  while (next) {
    const answer: Answer = await house.call('GET', next)
    found.push(...matches(answer))
    next = answer.json.link?.find(({ relation }) => relation === 'next')?.url
  }
  return found
}
const withWeek = (schedule: Body, week: Parameters<typeof availability>[0]): object => ({
  ...schedule,
  extension: [timezone('Etc/UTC'), availability(week)],
})
const bookAt = async (place: Clinic, time: string, patient: string, day = 2): Promise<Body> =>
  made(await place.book((await place.slotAt(day, time)).id, patient))

describe('a new rule', () => {
  it('gives the counts that the write then brings about, and changes nothing itself', async () => {
    // From tomorrow on: a Slot of today may be over between the preview and the change.
    const place = await clinic(house.call, { begin: instantIn(1, '00:00'), horizon: new Date(instantIn(10, '12:00')) })
    const [a = '', b = ''] = await place.patients(2)
    await bookAt(place, '09:30', a)
    await bookAt(place, '15:00', b)
    const schedule = await place.schedule()
    for (const week of [
      { start: '10:00:00', end: '12:00:00' },
      { start: '08:00:00', end: '12:00:00', slotMinutes: 30 },
      { days: ['mon', 'wed', 'fri'], start: '09:00:00', end: '17:30:00' },
    ]) {
      const changed = withWeek(await place.schedule(), week)
      const before = await slotsOf(place)
      const { slots } = told(await preview(place, changed))
      expect(await slotsOf(place)).toEqual(before)
      made(await house.call('PUT', `Schedule/${schedule.id}`, changed), 200)
      const after = await slotsOf(place)
      const there = new Map(before.map((slot) => [slot.start, slot.end]))
      const now = new Map(after.map((slot) => [slot.start, slot.end]))
      const added = after.filter(({ start }) => !there.has(start)).length
      const changedEnds = after.filter(({ start, end }) => there.has(start) && there.get(start) !== end).length
      const removed = before.filter(({ start }) => !now.has(start)).length
      expect(slots).toEqual([added, changedEnds, removed])
    }
  })

  it('orphans the visits that it leaves outside, and says why; those that were outside before are not its doing', async () => {
    const place = await clinic(house.call)
    const patients = await place.patients(5)
    await bookAt(place, '09:15', patients[0] ?? '')
    const noon = await bookAt(place, '12:00', patients[1] ?? '')
    const across = made(await place.book((await place.slotAt(2, '11:45')).id, patients[2] ?? '', { duration: 15 }))
    const late = await bookAt(place, '16:45', patients[3] ?? '')
    const byHand = { resourceType: 'Slot', schedule: { reference: `Schedule/${place.schedules[0]}` }, status: 'free' }
    const outside = made(await house.call('POST', 'Slot', { ...byHand, start: instantIn(2, '20:00'), end: instantIn(2, '20:15') }))
    made(await place.book(outside.id, patients[4] ?? ''))
    const found = told(await preview(place, withWeek(await place.schedule(), { end: '11:50:00' })))
    expect(found).toMatchObject({ visits: 5, orphaned: 3 })
    expect(found.orphans).toEqual([across, noon, late].map(({ id }) => `Appointment/${id}`))
    expect(found.codes).toEqual([['too-short'], ['no-opening'], ['no-opening']])
    const closed = told(await preview(place, { ...(await place.schedule()), active: false }))
    expect([closed.orphaned, closed.codes[0]]).toEqual([4, ['schedule-active']])
  })
})

describe('time off', () => {
  it('orphans what it lies over, by the clinic’s dates, also what was put there by hand', async () => {
    const place = await clinic(house.call, { zone: 'Pacific/Auckland', start: '08:00:00', end: '20:00:00' })
    const patients = await place.patients(3)
    const slots = await place.slotsOn(3)
    const taken = [slots[0], slots.at(-1)].map((slot) => slot?.id ?? '')
    for (const [at, slot] of taken.entries()) made(await place.book(slot, patients[at] ?? ''))
    const local = (at: string) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Pacific/Auckland' }).format(new Date(at))
    for (const day of [dateIn(2), dateIn(3), dateIn(4)]) {
      const there = [slots[0], slots.at(-1)].filter((slot) => local(slot?.start ?? '') === day)
      const found = told(await preview(place, parameters({ 'not-available': { valuePeriod: { start: day, end: day } } })))
      expect([day, found.orphaned]).toEqual([day, there.length])
    }
    const byHand = { resourceType: 'Slot', schedule: { reference: `Schedule/${place.schedules[0]}` }, status: 'free' }
    const night = { start: `${dateIn(5)}T11:00:00Z`, end: `${dateIn(5)}T11:15:00Z` }
    const slot = made(await house.call('POST', 'Slot', { ...byHand, ...night }))
    made(await place.book(slot.id, patients[2] ?? ''))
    const found = told(await preview(place, parameters({ 'not-available': { valuePeriod: night } })))
    expect([found.orphaned, found.codes]).toEqual([1, [['no-opening', 'not-available']]])
  })
})

it('orphans each seat of a class, each visit of a series, and a joint visit by any of its Schedules', async () => {
  const place = await clinic(house.call, { minutes: 15, policy: { capacity: 3 } })
  const patients = await place.patients(3)
  const seats = [await bookAt(place, '10:00', patients[0] ?? ''), await bookAt(place, '10:00', patients[1] ?? '')]
  const off = (day: number) => parameters({ 'not-available': { valuePeriod: { start: dateIn(day), end: dateIn(day) } } })
  const classes = told(await preview(place, off(2)))
  expect([classes.orphaned, classes.orphans?.toSorted()]).toEqual([2, seats.map(({ id }) => `Appointment/${id}`).sort()])
  const slot = await place.slotAt(3, '09:00')
  const daily = recurrence('d', times(3))
  const proposed = { ...place.appointment(slot, patients[2] ?? ''), status: 'proposed', extension: [daily] }
  const sent = parameters({ 'appt-resource': { resource: proposed } })
  const series = matches(await house.call('POST', 'Appointment/$book', sent))
  expect(series).toHaveLength(3)
  expect(told(await preview(place, off(4))).orphans).toEqual([`Appointment/${series[1]?.id}`])

  const { practitioners, rooms, service } = await jointClinic(house.call, { practitioners: 1, rooms: 1, devices: 0 })
  const both = [...practitioners, ...rooms]
  const joint = await atNine(2, both, patients[0] ?? '', service)
  for (const { schedule } of both) {
    const found = told(await house.call('POST', `Schedule/${schedule}/$preview-change`, off(2)))
    expect(found.orphans).toEqual([`Appointment/${joint.id}`])
  }
})

const atNine = (day: number, actors: readonly JointActor[], patient: string, service: string): Promise<Body> =>
  jointVisit(house.call, { day, from: '09:00', until: '09:30', actors, others: [`Patient/${patient}`, `HealthcareService/${service}`] })

it('proposes for a joint visit what all of it have free, whichever of them is away, and it goes there whole', async () => {
  const { practitioners, rooms, service } = await jointClinic(house.call, { practitioners: 1, rooms: 2, devices: 0, end: '11:00:00' })
  const [doctor, room] = [practitioners[0], rooms[0]] as [JointActor, JointActor]
  const [first = '', second = ''] = [await create(house.call, patientResource), await create(house.call, patientResource)]
  const visit = await atNine(2, [doctor, room], first, service)
  // On the next day somebody has the room at that time, and the doctor is free.
  await atNine(3, [room], second, service)
  const away = parameters({ 'not-available': { valuePeriod: { start: dateIn(2), end: dateIn(2) } }, propose: { valueBoolean: true } })
  for (const { schedule } of [doctor, room]) {
    const { proposals } = told(await house.call('POST', `Schedule/${schedule}/$preview-change`, away))
    const times = proposals.flat().map(({ part }) => named(part, 'start')[0]?.valueInstant?.slice(0, 16))
    expect(times).toEqual(['09:30', '10:00', '10:15'].map((time) => `${dateIn(3)}T${time}`))
  }
  const { batch } = told(await house.call('POST', `Schedule/${room.schedule}/$preview-change`, away))
  const accepted = made(await house.call('POST', '', batch ?? {}), 200)
  expect(accepted.entry?.map((one) => (one as unknown as { response: { status: string } }).response.status.slice(0, 3))).toEqual(['200'])
  const moved = made(await house.call('GET', `Appointment/${visit.id}`), 200)
  expect(Date.parse(moved.start)).toBe(Date.parse(instantIn(3, '09:30')))
  const people = moved.participant.map(({ actor }) => actor?.reference)
  expect(people).toEqual(expect.arrayContaining([doctor.actor, room.actor]))
})
const patientResource = { resourceType: 'Patient', active: true }

/** Up to the beginning of a day, so that the time of day at which this runs makes no Slot more or less. */
const horizonTo = (days: number): Date => new Date(`${dateIn(days)}T00:00:00Z`)

describe('proposals', () => {
  it('are with the same practitioner first, then with others, never twice the same; the batch accepts them, each by itself', async () => {
    const place = await clinic(house.call, { n: 2, start: '09:00:00', end: '10:00:00', horizon: horizonTo(5) })
    const patients = await place.patients(6)
    const visits = [
      await bookAt(place, '09:00', patients[0] ?? ''),
      await bookAt(place, '09:15', patients[1] ?? ''),
      await bookAt(place, '09:30', patients[2] ?? ''),
      await bookAt(place, '09:45', patients[3] ?? ''),
    ]
    const off = parameters({ 'not-available': { valuePeriod: { start: dateIn(2), end: dateIn(3) } }, propose: { valueBoolean: true } })
    const found = told(await preview(place, off))
    expect(found.orphaned).toBe(4)
    const first = found.proposals.map(([one]) => reference(one, 'slot'))
    expect(new Set(first).size).toBe(4)
    const schedules = found.proposals.map(([one]) => reference(one, 'schedule'))
    expect(schedules).toEqual(Array.from({ length: 4 }, () => `Schedule/${place.schedules[0]}`))
    for (const one of found.proposals) {
      expect(one).toHaveLength(3)
      const same = one.filter((other) => reference(other, 'schedule') === `Schedule/${place.schedules[0]}`)
      for (const { part } of same) expect(named(part, 'start')[0]?.valueInstant?.slice(0, 10)).not.toBe(dateIn(3))
      expect(one.map((other) => reference(other, 'schedule'))).toContain(`Schedule/${place.schedules[1]}`)
    }
    // Somebody is quicker than the front desk at the second visit's new time.
    const lost = first[1] ?? ''
    made(await place.book(lost.slice('Slot/'.length), patients[4] ?? ''))
    const answer = made(await house.call('POST', '', found.batch ?? {}), 200) as unknown as { entry: { response: { status: string } }[] }
    expect(answer.entry.map(({ response }) => response.status.slice(0, 3))).toEqual(['200', '409', '200', '200'])
    const after = await Promise.all(visits.map(async ({ id }) => made(await house.call('GET', `Appointment/${id}`), 200)))
    expect(after.map(({ status, slot }) => [status, slot[0]?.reference])).toEqual([
      ['booked', first[0]],
      ['booked', visits[1]?.slot[0]?.reference],
      ['booked', first[2]],
      ['booked', first[3]],
    ])
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('are not at times that the change takes away, nor over the patient’s other visits', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00', horizon: horizonTo(4) })
    const other = await clinic(house.call)
    const patient = await place.patient()
    await bookAt(place, '09:45', patient)
    made(await other.book((await other.slotAt(3, '09:00')).id, patient))
    const changed = withWeek(await place.schedule(), { start: '09:00:00', end: '09:30:00' })
    const body = { ...parameters({ propose: { valueBoolean: true } }) } as { parameter: object[] }
    body.parameter.push({ name: 'schedule', resource: changed })
    const [proposals = []] = told(await preview(place, body)).proposals
    expect(proposals.map(({ part }) => named(part, 'start')[0]?.valueInstant?.slice(0, 16))).toEqual([`${dateIn(3)}T09:15`])
  })
})

it('is for those who may see everybody’s visits, and written down for each patient', async () => {
  const place = await clinic(house.call)
  const patient = await place.patient()
  await bookAt(place, '09:15', patient)
  const off = parameters({ 'not-available': { valuePeriod: { start: dateIn(2), end: dateIn(2) } } })
  for (const scope of ['user/Schedule.rs', 'user/Schedule.rs user/Appointment.rs?status=booked', 'user/Appointment.rs'])
    expect((await preview(place, off, house.as(await house.token(scope)))).status).toBe(403)
  const own = house.as(await house.token('patient/*.rs', { patient }))
  expect((await preview(place, off, own)).status).toBe(403)
  expect((await preview(place, off, house.as(await house.token('user/Schedule.rs user/Appointment.rs')))).status).toBe(200)
  expect(matches(await house.call('GET', `AuditEvent?patient=Patient/${patient}&subtype=preview-change`))).toHaveLength(1)
})

it('refuses what a write would refuse', async () => {
  const place = await clinic(house.call)
  const schedule = await place.schedule()
  const outcome = async (body: object) => {
    const { status, json } = await preview(place, body)
    return [status, json.issue?.[0]?.code]
  }
  expect(await outcome(parameters({}))).toEqual([400, 'required'])
  expect(await outcome({ ...schedule, id: 'another' })).toEqual([400, 'value'])
  expect(await outcome({ ...schedule, actor: [] })).toEqual([400, expect.any(String)])
  const broken = { url: ours('availability'), extension: [{ url: 'daysOfWeek', valueCode: 'someday' }] }
  expect(await outcome({ ...schedule, extension: [broken] })).toEqual([400, 'value'])
  expect((await house.call('POST', 'Schedule/nobody/$preview-change', schedule)).status).toBe(404)
  const gone = await create(house.call, { resourceType: 'Schedule', actor: [{ reference: `Location/${place.location}` }] })
  await house.call('DELETE', `Schedule/${gone}`)
  expect(
    (await house.call('POST', `Schedule/${gone}/$preview-change`, parameters({ 'not-available': { valuePeriod: { start: dateIn(1) } } })))
      .status,
  ).toBe(410)
})
