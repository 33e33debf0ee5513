/** Offers of the waitlist and their answers lock in the order of everybody (docs/decisions/0030): nobody waits in a circle. */
import { systemIds } from '../../src/base/ids.ts'
import type { Pool } from '../../src/store/db.ts'
import { lockResource } from '../../src/store/resources.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { disagreements } from '../support/agreement.ts'
import { clinic, create, dateIn, instantIn } from '../support/clinic.ts'
import { deadlocksOf } from '../support/deadlocks.ts'
import { type Answer, type Body, made, type TestHouse, testHouse } from '../support/house.ts'
import { type JointActor, jointClinic, jointVisit } from '../support/joint-clinic.ts'
import { untilWaiting } from '../support/until-waiting.ts'
import { waitlistSettled } from '../support/waitlist-settled.ts'

let house: TestHouse
let deadlocks: readonly unknown[]
beforeAll(async () => {
  house = await testHouse()
  deadlocks = deadlocksOf(house.house.pool)
})
afterEach(async () => {
  expect(deadlocks).toEqual([])
  expect(await disagreements(house.house.pool)).toEqual([])
})
afterAll(() => house.close())

const participant = (reference: string, status = 'accepted') => ({ actor: { reference }, status })
const aPatient = (): Promise<string> => create(house.call, { resourceType: 'Patient', active: true })
const answer = (entry: Body, what: string) => house.call('POST', `Appointment/${entry.id}/$${what}-offer`)
const cancel = async ({ id }: Body) => made(await house.call('POST', `Appointment/${id}/$cancel`), 200)

const offered = async (entry: Body): Promise<boolean> => {
  const text = `select 1 from waitlist_offer where entry = $1 and state = 'live'`
  return (await house.house.pool.query({ text, values: [entry.id] })).length > 0
}

async function wait(id: string, day: number, patient: string, wanted: readonly string[], priority = 1): Promise<Body> {
  // What was made or freed before is not offered.
  await waitlistSettled(house.house)
  const wish = {
    ...{ resourceType: 'Appointment', id, status: 'waitlist', priority, requestedPeriod: [{ start: dateIn(day), end: dateIn(day) }] },
    participant: [participant(`Patient/${patient}`), ...wanted.map((one) => participant(one, 'needs-action'))],
  }
  return made(await house.call('PUT', `Appointment/${id}`, wish))
}

it('whoever accepts a time for a visit that they have waits for it before their entry is locked', async () => {
  const place = await clinic(house.call)
  const [patient, tag] = [await place.patient(), systemIds.next()]
  // By their ids the visit comes before the entry.
  const write = place.appointment(await place.slotAt(5, '09:00'), patient)
  const visit = made(await house.call('PUT', `Appointment/a-${tag}`, { ...write, id: `a-${tag}` }))
  const entry = await wait(`b-${tag}`, 2, patient, [`HealthcareService/${place.service}`])
  await cancel(made(await place.book((await place.slotAt(2, '09:00')).id, await place.patient())))
  await waitlistSettled(house.house)
  expect(await offered(entry)).toBe(true)
  const { pool } = house.house
  const asked = await inTransaction(pool, async (tx) => {
    await lockResource(tx, 'Appointment', visit.id)
    const put = (one: Body) => ({
      resource: { ...one, comment: 'Called' },
      request: { method: 'PUT', url: `Appointment/${one.id}` },
    })
    const both = house.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [put(visit), put(entry)] })
    await untilWaiting(pool, 1)
    const accepted = answer(entry, 'accept')
    await untilWaiting(pool, 2)
    return { both, accepted }
  })
  expect((await asked.both).status).toBe(200)
  expect(made(await asked.accepted, 200)).toMatchObject({
    id: visit.id,
    status: 'booked',
    comment: 'Called',
    start: expect.stringContaining('T09:00'),
  })
  expect(made(await house.call('GET', `Appointment/${entry.id}`), 200).status).toBe('cancelled')
})

it('a time that goes from one offer to the next is given back once whoever moves there waits', async () => {
  const day = 3
  const place = await jointClinic(house.call, { end: '10:00:00', practitioners: 1, rooms: 2, devices: 0 })
  const [doctor] = place.practitioners as [JointActor]
  // Claims are taken in the order of their names: the room that is free comes before the one that is given back.
  const [free, given] = place.rooms.toSorted((a, b) => (a.actor < b.actor ? -1 : 1)) as [JointActor, JointActor]
  const others = [`Patient/${await aPatient()}`]
  const before = await jointVisit(house.call, { day, from: '09:00', until: '09:30', actors: [doctor, given], others })
  const among = (...actors: JointActor[]) => [`HealthcareService/${place.service}`, ...actors.map(({ actor }) => actor)]
  const [first, next] = [
    await wait(systemIds.next(), day, await aPatient(), among(doctor, given), 1),
    await wait(systemIds.next(), day, await aPatient(), among(doctor, free), 9),
  ]
  const rooms = made(
    await house.call('POST', 'Appointment', {
      ...{ resourceType: 'Appointment', status: 'booked', start: instantIn(day, '09:30'), end: instantIn(day, '10:00') },
      participant: [`Patient/${await aPatient()}`, free.actor, given.actor].map((one) => participant(one)),
    }),
  )
  await cancel(before)
  await waitlistSettled(house.house)
  expect(await offered(first)).toBe(true)
  made(await answer(first, 'decline'), 200)
  const { pool } = house.house
  const moved: Promise<Answer>[] = []
  const racing: Pool = {
    ...pool,
    connect: (use) =>
      pool.connect((db) =>
        use({
          query: async (statement) => {
            const takes = /insert into claim/.test(statement.text) && String(statement.values[0]).includes('"Communication/')
            if (takes && moved.length === 0) {
              const there = { ...rooms, start: instantIn(day, '09:00'), end: instantIn(day, '09:30') }
              moved.push(house.call('PUT', `Appointment/${rooms.id}`, there))
              await untilWaiting(pool, 1)
            }
            return db.query(statement)
          },
        }),
      ),
  }
  await waitlistSettled({ ...house.house, pool: racing })
  expect((await Promise.all(moved)).map(({ status }) => status)).toEqual([409])
  expect([await offered(first), await offered(next)]).toEqual([false, true])
})
