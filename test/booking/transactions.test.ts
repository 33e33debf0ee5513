/**
 * Appointments and Slots in transactions: time is taken, moved and given back wholly or not at all, whoever else wants it.
 */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, nextTimesIn, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

type Answered = { resource?: Body; response: { status: string; etag: string; location?: string } }
type Sent = { resourceType: string; id?: string }

const transact = (entry: readonly object[], call = house.call): Promise<Answer> =>
  call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })
const done = (answer: Answer): Answered[] => made(answer, 200).entry as unknown as Answered[]
const post = (resource: object, fullUrl?: string): object => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: (resource as Sent).resourceType },
})
const put = (resource: object, more: object = {}): object => ({
  resource,
  request: { method: 'PUT', url: `${(resource as Sent).resourceType}/${(resource as Sent).id}`, ...more },
})
const remove = (reference: string, more: object = {}): object => ({ request: { method: 'DELETE', url: reference, ...more } })
const now = async (reference: string): Promise<Body> => made(await house.call('GET', reference), 200)
const etags = (entries: readonly Answered[]) => entries.map(({ response }) => [response.status, response.etag])

describe('a visit and its Slot in one transaction', () => {
  it('are booked together, whichever comes first, and the Slot gets one version', async () => {
    for (const [at, turned] of [
      ['09:00', false],
      ['09:15', true],
    ] as const) {
      const slot = await place.slotAt(2, at)
      const entry = [post(place.appointment(slot, await place.patient())), put({ ...slot, status: 'busy' }, { ifMatch: 'W/"1"' })]
      const entries = done(await transact(turned ? entry.toReversed() : entry))
      const expected = [
        ['201', 'W/"1"'],
        ['200', 'W/"2"'],
      ]
      expect(etags(entries)).toEqual(turned ? expected.toReversed() : expected)
      expect(await now(`Slot/${slot.id}`)).toMatchObject({ status: 'busy', meta: { versionId: '2' } })
    }
  })

  it('are cancelled and freed together', async () => {
    const slot = await place.slotAt(2, '09:30')
    const visit = made(await place.book(slot.id, await place.patient()))
    const entries = done(await transact([put({ ...slot, status: 'free' }, { ifMatch: 'W/"2"' }), put({ ...visit, status: 'cancelled' })]))
    expect(etags(entries)).toEqual([
      ['200', 'W/"3"'],
      ['200', 'W/"2"'],
    ])
    expect((await now(`Slot/${slot.id}`)).status).toBe('free')
  })

  it('are deleted together', async () => {
    const slot = made(await house.call('POST', 'Slot', { ...newSlot(3, '20:00'), status: 'free' }))
    const visit = made(await house.call('POST', 'Appointment', place.appointment(slot, await place.patient())))
    expect((await transact([remove(`Slot/${slot.id}`)])).status).toBe(409)
    const entries = done(await transact([remove(`Slot/${slot.id}`, { ifMatch: 'W/"2"' }), remove(`Appointment/${visit.id}`)]))
    expect(entries.map(({ response }) => response.status)).toEqual(['204', '204'])
  })

  it('is booked for a patient who is new with it, or neither is there', async () => {
    const patient = 'urn:uuid:5f0c0e6e-64b7-4d2c-9f0e-1c2f3a4b5c03'
    const slot = await place.slotAt(5, '16:00')
    const booked = {
      resourceType: 'Appointment',
      status: 'booked',
      start: slot.start,
      end: slot.end,
      slot: [{ reference: `Slot/${slot.id}` }],
      participant: [{ actor: { reference: patient }, status: 'accepted' }],
    }
    const person = (family: string) => post({ resourceType: 'Patient', name: [{ family }] }, patient)
    const entries = done(await transact([post(booked), person('Bookedfor')]))
    expect(entries[0]?.resource?.participant?.[0]?.actor).toEqual({ reference: `Patient/${entries[1]?.resource?.id}` })
    expect((await now(`Slot/${slot.id}`)).status).toBe('busy')
    expect((await transact([post(booked), person('Toolate')])).status).toBe(409)
    expect((await house.call('GET', 'Patient?family=Toolate')).json.total).toBe(0)
  })

  it('may both be new, with the Schedule that they hang on', async () => {
    const [schedule, slot] = ['urn:uuid:5f0c0e6e-64b7-4d2c-9f0e-1c2f3a4b5c01', 'urn:uuid:5f0c0e6e-64b7-4d2c-9f0e-1c2f3a4b5c02']
    const location = made(await house.call('POST', 'Location', room))
    const patient = await place.patient()
    const entries = done(
      await transact([
        post({
          resourceType: 'Appointment',
          status: 'booked',
          start: instantIn(4, '08:00'),
          end: instantIn(4, '08:15'),
          slot: [{ reference: slot }],
          participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
        }),
        post({ ...newSlot(4, '08:00'), schedule: { reference: schedule }, status: 'free' }, slot),
        post({ resourceType: 'Schedule', active: true, actor: [{ reference: `Location/${location.id}` }] }, schedule),
      ]),
    )
    const [visit, made_] = [entries[0]?.resource, entries[1]?.resource]
    expect(visit?.slot).toEqual([{ reference: `Slot/${made_?.id}` }])
    expect((await now(`Slot/${made_?.id}`)).status).toBe('busy')
    const claims = await house.house.pool.query<{ resource: string }>({
      text: 'select resource from claim where appointment = $1',
      values: [`Appointment/${visit?.id}`],
    })
    expect(claims).toEqual([{ resource: `Location/${location.id}` }])
  })

  it('move: the new visit takes what the cancelled one gives back', async () => {
    const slot = await place.slotAt(2, '10:00')
    const [first, second] = await place.patients(2)
    const visit = made(await place.book(slot.id, first ?? ''))
    done(await transact([post(place.appointment(slot, second ?? '')), put({ ...visit, status: 'cancelled' })]))
    expect((await now(`Slot/${slot.id}`)).status).toBe('busy')
    expect((await now(`Appointment/${visit.id}`)).status).toBe('cancelled')
  })

  it('are refused wholly where the time is another’s, with the next times', async () => {
    const [taken, free] = [await place.slotAt(2, '11:00'), await place.slotAt(2, '11:15')]
    const [a, b] = await place.patients(2)
    made(await place.book(taken.id, a ?? ''))
    const answer = await transact([post(place.appointment(free, b ?? '')), post(place.appointment(taken, b ?? ''))])
    expect([answer.status, answer.json.issue[0]?.code]).toEqual([409, 'conflict'])
    expect(answer.json.issue[0]?.expression).toEqual(['Bundle.entry[1].resource.start'])
    expect(nextTimesIn(answer).length).toBeGreaterThan(0)
    expect((await now(`Slot/${free.id}`)).status).toBe('free')
    expect((await house.call('GET', `Appointment?patient=Patient/${b}&_total=accurate`)).json.total).toBe(0)
  })

  it('do not go over a version that somebody else has written since', async () => {
    const slot = await place.slotAt(2, '11:30')
    made(await house.call('PUT', `Slot/${slot.id}`, { ...slot, comment: 'seen by nobody yet' }), 200)
    const entry = [post(place.appointment(slot, await place.patient())), put({ ...slot, status: 'busy' }, { ifMatch: 'W/"1"' })]
    const answer = await transact(entry)
    expect([answer.status, answer.json.issue[0]?.expression]).toEqual([412, ['Bundle.entry[1]']])
    expect((await now(`Slot/${slot.id}`)).status).toBe('free')
  })
})

describe('many new Slots in one transaction', () => {
  it('lie under what is taken already as one alone would', async () => {
    const booked = made(await place.book((await place.slotAt(5, '09:00')).id, await place.patient()))
    const block = made(await house.call('POST', 'Slot', { ...newSlot(5, '21:00'), status: 'busy-unavailable' }))
    const entries = done(
      await transact([
        post({ ...newSlot(5, '09:00'), comment: 'under a visit' }),
        post({ ...newSlot(5, '21:00'), comment: 'under a block' }),
        post({ ...newSlot(5, '21:15') }),
        post({ ...newSlot(-3, '09:00'), status: 'busy', comment: 'of the past' }),
        post({ ...newSlot(5, '21:30'), status: 'busy' }),
      ]),
    )
    expect(entries.map(({ resource }) => resource?.status)).toEqual(['busy', 'busy-unavailable', 'free', 'busy', 'busy'])
    const holders = await house.house.pool.query<{ taken_by: string | null }>({
      text: 'select taken_by from slot where id = any($1) order by array_position($1, id)',
      values: [entries.map(({ resource }) => resource?.id)],
    })
    expect(holders.map((row) => row.taken_by)).toEqual([
      `Appointment/${booked.id}`,
      `Slot/${block.id}`,
      null,
      null,
      `Slot/${entries[4]?.resource?.id}`,
    ])
  })

  it('are refused wholly where one is too long', async () => {
    const answer = await transact([post(newSlot(6, '20:00')), post({ ...newSlot(6, '20:15'), end: instantIn(16, '00:00') })])
    expect([answer.status, answer.json.issue[0]?.expression]).toEqual([422, ['Bundle.entry[1].resource.end']])
  })

  it('made beside bookings of the same time are never left free under one', async () => {
    const slots = (await place.slotsOn(7)).slice(0, 12)
    const patients = await place.patients(slots.length)
    const beside = slots.map((slot) => transact([post(beforeLike(slot)), post(beforeLike(slot))]))
    const answers = await Promise.all([...slots.map((slot, n) => place.book(slot.id, patients[n] ?? '')), ...beside])
    expect(answers.map(({ status }) => status)).toEqual([...slots.map(() => 201), ...beside.map(() => 200)])
  })
})

describe('many who want one Slot', () => {
  it('one transaction of all and one booking of all wins, and nothing of the others is there', async () => {
    for (const at of ['13:00', '13:15', '13:30', '13:45']) {
      const slot = await place.slotAt(2, at)
      const patients = await place.patients(16)
      const answers = await Promise.all(
        patients.map((patient, n) => {
          if (n % 4 === 3) return place.book(slot.id, patient)
          const entry = [post(place.appointment(slot, patient)), put({ ...slot, status: 'busy' })]
          return transact(n % 4 === 2 ? entry.toReversed() : entry)
        }),
      )
      const won = answers.filter(({ status }) => status < 300)
      expect([won.length, answers.filter(({ status }) => status === 409).length]).toEqual([1, patients.length - 1])
      const visits = await house.call('GET', `Appointment?slot=Slot/${slot.id}&_total=accurate`)
      expect(visits.json.total).toBe(1)
      expect((await now(`Slot/${slot.id}`)).meta.versionId).toBe('2')
    }
  })

  it('of transactions that want two Slots in opposite order one wins each', async () => {
    const [a, b] = [await place.slotAt(2, '14:00'), await place.slotAt(2, '14:15')]
    const patients = await place.patients(12)
    const answers = await Promise.all(
      patients.map((patient, n) => {
        const entry = [a, b].map((slot) => post(place.appointment(slot, patient)))
        return transact(n % 2 === 0 ? entry : entry.toReversed())
      }),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 11 }, () => 409)])
  })

  it('different times never get in each other’s way', async () => {
    const slots = (await place.slotsOn(8)).slice(0, 16)
    const patients = await place.patients(slots.length)
    const answers = await Promise.all(
      slots.map((slot, n) => transact([put({ ...slot, status: 'busy' }), post(place.appointment(slot, patients[n] ?? ''))])),
    )
    expect(answers.map(({ status }) => status)).toEqual(slots.map(() => 200))
  })
})

const room = {
  resourceType: 'Location',
  name: 'Room',
  physicalType: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'ro' }] },
}

const newSlot = (day: number, time: string) => ({
  resourceType: 'Slot',
  schedule: { reference: `Schedule/${place.schedules[0]}` },
  status: 'free',
  start: instantIn(day, time),
  end: new Date(Date.parse(instantIn(day, time)) + 900_000).toISOString(),
})

/** A new free Slot over the same time. */
const beforeLike = ({ schedule, start, end }: Body) => ({ resourceType: 'Slot', schedule, start, end, status: 'free' })
