/** Nobody is in two places at once, however many book for one patient at the same moment, on whichever path the rule binds. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { weekly } from '../support/recurrence.ts'

const doctors = 12
let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: doctors })
})
afterEach(async () => {
  expect(await disagreements(house.house.pool)).toEqual([])
  expect(house.warnings).toEqual([])
})
afterAll(() => house.close())

const each = <T>(deed: (doctor: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: doctors }, (_, at) => deed(at)))
const slotsAt = (day: number, time: string): Promise<Body[]> => each((doctor) => place.slotAt(day, time, doctor))
const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status).sort()
const oneOf = (won: number, lost: number): number[] => [won, ...Array.from({ length: doctors - 1 }, () => lost)]
/** As a client writes it by itself, with the practitioner of that Slot. */
const written = (slot: Body, patient: string, doctor: number): object =>
  place.appointment(slot, patient, {
    participant: [`Patient/${patient}`, `Practitioner/${place.practitioners[doctor]}`].map((reference) => ({
      actor: { reference },
      status: 'accepted',
    })),
  })
const takenOf = async (patient: string): Promise<Body[]> =>
  matches(await house.call('GET', `Appointment?patient=Patient/${patient}&status=booked,pending&_count=100`))

describe('one patient booked with twelve practitioners at one time', () => {
  it('is booked with one of them, and the others are told why', async () => {
    const patient = await place.patient()
    const answers = await Promise.all((await slotsAt(1, '09:00')).map(({ id }) => place.book(id, patient)))
    expect(statuses(answers)).toEqual(oneOf(201, 422))
    for (const { status, json } of answers)
      if (status === 422)
        expect(json.issue).toEqual([
          {
            severity: 'error',
            code: 'business-rule',
            diagnostics: 'The patient has another visit at that time.',
            expression: ['Appointment.participant'],
          },
        ])
    expect(await takenOf(patient)).toHaveLength(1)
  })

  it('who comes along to visits of several is in one of them', async () => {
    const [along = '', ...others] = await place.patients(doctors + 1)
    const answers = await each(async (doctor) => {
      const parameter = [others[doctor], along].map((id) => ({ name: 'patient', valueReference: { reference: `Patient/${id}` } }))
      const { id } = await place.slotAt(3, '16:00', doctor)
      return house.call('POST', `Slot/${id}/$book`, { resourceType: 'Parameters', parameter })
    })
    expect(statuses(answers)).toEqual(oneOf(201, 422))
    expect(await takenOf(along)).toHaveLength(1)
  })

  it.each(['book', 'hold'] as const)(
    'who asks for one time several times at once ($%s) gets it once, and is told that it is gone',
    async (way) => {
      for (const time of ['13:00', '13:15', '13:30', '13:45']) {
        const patient = await place.patient()
        const { id } = await place.slotAt(way === 'book' ? 1 : 2, time)
        expect(statuses(await each(() => place[way](id, patient)))).toEqual(oneOf(201, 409))
      }
    },
  )

  it('has one hold', async () => {
    const patient = await place.patient()
    expect(statuses(await Promise.all((await slotsAt(1, '09:15')).map(({ id }) => place.hold(id, patient))))).toEqual(oneOf(201, 422))
  })

  it('is in nobody’s way: other patients who book beside them are all booked', async () => {
    const [patient = '', ...others] = await place.patients(1 + doctors)
    const [early, late] = [await slotsAt(1, '09:30'), await slotsAt(1, '09:45')]
    const [theirs, mine] = await Promise.all([
      Promise.all(early.map(({ id }, at) => place.book(id, others[at] ?? ''))),
      Promise.all(late.map(({ id }) => place.book(id, patient))),
    ])
    expect(statuses(theirs)).toEqual(theirs.map(() => 201))
    expect(statuses(mine)).toEqual(oneOf(201, 422))
  })

  it('has one visit where each request brings an Idempotency-Key', async () => {
    const patient = await place.patient()
    const body = parameters({ patient: `Patient/${patient}` })
    const answers = await Promise.all(
      (await slotsAt(1, '10:00')).map(({ id }) => house.call('POST', `Slot/${id}/$book`, body, { 'idempotency-key': `one-${id}` })),
    )
    expect(statuses(answers)).toEqual(oneOf(201, 422))
  })

  it('has all of them where staff book against the rules, and over REST', async () => {
    const [overridden = '', posted = ''] = await place.patients(2)
    const slots = await slotsAt(1, '10:15')
    const half = doctors / 2
    const against = { 'override-reason': 'continuity' }
    expect(statuses(await Promise.all(slots.slice(0, half).map(({ id }) => place.book(id, overridden, against))))).toEqual(
      Array.from({ length: half }, () => 201),
    )
    const writes = slots.slice(half).map((slot, at) => house.call('POST', 'Appointment', written(slot, posted, half + at)))
    expect(statuses(await Promise.all(writes))).toEqual(Array.from({ length: half }, () => 201))
  })

  it('writes one visit by themself over REST', async () => {
    const patient = await place.patient()
    const mine = house.as(await house.token('patient/*.cruds', { patient }))
    const answers = await Promise.all(
      (await slotsAt(1, '10:30')).map((slot) => mine('POST', 'Appointment', place.appointment(slot, patient))),
    )
    expect(statuses(answers)).toEqual(oneOf(201, 422))
  })
})

describe('one patient’s visits that change', () => {
  it('two that are moved to one time by $reschedule end at different ones', async () => {
    for (const time of ['11:00', '11:15', '11:30']) {
      const patient = await place.patient()
      const visits = await Promise.all(
        ['12:00', '12:15'].map(async (old, at) => made(await place.book((await place.slotAt(2, old, at)).id, patient))),
      )
      const slots = await Promise.all([0, 1].map((doctor) => place.slotAt(1, time, doctor)))
      const answers = await Promise.all(
        visits.map(({ id }, at) => house.call('POST', `Appointment/${id}/$reschedule`, parameters({ slot: `Slot/${slots[at]?.id}` }))),
      )
      expect(statuses(answers)).toEqual([200, 422])
      expect((await takenOf(patient)).filter(({ start }) => Date.parse(start) === Date.parse(instantIn(1, time)))).toHaveLength(1)
      for (const { id } of visits) made(await house.call('POST', `Appointment/${id}/$cancel`, parameters({})), 200)
    }
  })

  it('two series at one time are one series, and each visit that the other cannot have is named', async () => {
    const patient = await place.patient()
    const resource = {
      resourceType: 'Appointment',
      status: 'proposed',
      extension: [weekly(4)],
      participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
    }
    const slots = (await slotsAt(3, '09:00')).slice(0, 3)
    const answers = await Promise.all(
      slots.map(({ id }) => house.call('POST', `Slot/${id}/$book`, parameters({ 'appt-resource': { resource } }))),
    )
    expect(statuses(answers)).toEqual([200, 422, 422])
    for (const { status, json } of answers)
      if (status === 422)
        // All of them, or those that were taken when it was looked.
        expect([...new Set(json.issue.map(({ diagnostics = '' }) => diagnostics.replace(/^Visit [1-4] of the series, .*: /, '')))]).toEqual(
          ['The patient has another visit at that time.'],
        )
    expect(await takenOf(patient)).toHaveLength(4)
  })
})
