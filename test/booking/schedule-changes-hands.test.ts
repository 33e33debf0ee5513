/** A Schedule that comes to be somebody's while it is booked: their time is taken up, whichever of the two came first. */
import type { Db } from '../../src/store/db.ts'
import { closeInAgreement } from '../support/agreement.ts'
import { type Clinic, clinic, create, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, type TestHouse, testHouse } from '../support/house.ts'
import { untilWaiting } from '../support/until-waiting.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterAll(() => closeInAgreement(house))

const sql = (text: string, ...values: unknown[]) => ({ text, values })
const between = (from: string, until: string) => ({ start: instantIn(2, from), end: instantIn(2, until) })
const person = () =>
  create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Taken-Over' }] }).then((id) => `Practitioner/${id}`)
const participant = (reference: string) => [{ actor: { reference }, status: 'accepted' }]
const visit = (actor: string, more: object): object => ({
  ...{ resourceType: 'Appointment', status: 'booked', participant: participant(actor) },
  ...more,
})
const taken = async (actor: string, from: string, until: string): Promise<boolean> => {
  const answer = await house.call('POST', 'Appointment', visit(actor, between(from, until)))
  expect([201, 409]).toContain(answer.status)
  return answer.status === 409
}

/** A Schedule of a hall that anyone may be in, with a Slot at nine and one at eleven; `become` gives it to somebody. */
async function scheduleOfHall() {
  const hall = await create(house.call, { resourceType: 'Location' })
  const body = { resourceType: 'Schedule', active: true, actor: [{ reference: `Location/${hall}` }] }
  const schedule = await create(house.call, body)
  const slotAt = async (from: string, until: string): Promise<Body> => {
    const slot = { resourceType: 'Slot', status: 'free', schedule: { reference: `Schedule/${schedule}` } }
    return made(await house.call('POST', 'Slot', { ...slot, ...between(from, until) }))
  }
  const become = (reference: string) => house.call('PUT', `Schedule/${schedule}`, { ...body, id: schedule, actor: [{ reference }] })
  const room = { resourceType: 'Location', id: hall, physicalType: { coding: [{ code: 'ro' }] } }
  const becomeRoom = () => house.call('PUT', `Location/${hall}`, room)
  return {
    schedule,
    hall: `Location/${hall}`,
    slot: await slotAt('09:00', '09:30'),
    later: await slotAt('11:00', '11:30'),
    become,
    becomeRoom,
  }
}
type Hall = Awaited<ReturnType<typeof scheduleOfHall>>

/** Whoever takes this time of somebody waits until `work` is done. */
async function whileTaken<T>(resource: string, [from, until]: readonly [string, string], work: () => Promise<T>): Promise<T> {
  return house.house.pool.connect(async (db: Db) => {
    await db.query(sql('begin'))
    const { start, end } = between(from, until)
    const text = `insert into claim (resource, session, period, appointment, client) values ($1, 'gate', tstzrange($2, $3), 'Slot/gate', 'test')`
    await db.query(sql(text, resource, start, end))
    try {
      return await work()
    } finally {
      await db.query(sql('rollback'))
    }
  })
}

/** Until so many wait, or one of them has come to its end without. */
const untilBothWait = (...both: readonly Promise<unknown>[]) => Promise.race([untilWaiting(house.house.pool, both.length), ...both])

type Booking = (hall: Hall) => Promise<Answer>
const patient = () => place.patient()
const operation = (name: string, slot: string | undefined, who: string) =>
  house.call('POST', `Appointment/$${name}`, {
    resourceType: 'Parameters',
    parameter: [
      { name: 'slot', valueReference: { reference: `Slot/${slot}` } },
      { name: 'patient', valueReference: { reference: `Patient/${who}` } },
    ],
  })
const moved = (appointment: Body, slot: string | undefined) =>
  house.call('POST', `Appointment/${appointment.id}/$reschedule`, {
    resourceType: 'Parameters',
    parameter: [{ name: 'slot', valueReference: { reference: `Slot/${slot}` } }],
  })

/** Each takes the Slot at nine. */
const bookings: Readonly<Record<string, Booking>> = {
  'an Appointment that is written': async ({ slot }) =>
    house.call(
      'POST',
      'Appointment',
      visit(`Patient/${await patient()}`, { ...between('09:00', '09:30'), slot: [{ reference: `Slot/${slot.id}` }] }),
    ),
  'a Slot that is set busy': ({ slot }) => house.call('PUT', `Slot/${slot.id}`, { ...slot, status: 'busy' }),
  $book: async ({ slot }) => operation('book', slot.id, await patient()),
  $hold: async ({ slot }) => operation('hold', slot.id, await patient()),
}

describe.each(Object.entries(bookings))('%s', (_, booking) => {
  it('is waited for by who gives the Schedule to somebody, and is theirs', async () => {
    const [a, hall] = [await person(), await scheduleOfHall()]
    const { booked, given } = await whileTaken(`Schedule/${hall.schedule}`, ['09:00', '09:30'], async () => {
      const answer = booking(hall)
      await untilWaiting(house.house.pool, 1)
      const change = hall.become(a)
      await untilBothWait(answer, change)
      return { booked: answer, given: change }
    })
    expect([(await booked).status < 300, (await given).status]).toEqual([true, 200])
    expect([await taken(a, '09:00', '09:30'), await taken(a, '10:00', '10:30')]).toEqual([true, false])
  })

  it.each(['a Practitioner', 'a room'])('waits for who gives the Schedule to %s, and is theirs', async (whom) => {
    const hall = await scheduleOfHall()
    const resource = whom === 'a room' ? hall.hall : await person()
    // What is booked at eleven is taken up by them too, which the gate holds up.
    made(await operation('book', hall.later.id, await patient()))
    const { booked, given } = await whileTaken(resource, ['11:00', '11:30'], async () => {
      const change = whom === 'a room' ? hall.becomeRoom() : hall.become(resource)
      await untilWaiting(house.house.pool, 1)
      const answer = booking(hall)
      await untilBothWait(change, answer)
      return { booked: answer, given: change }
    })
    expect([(await booked).status < 300, (await given).status]).toEqual([true, 200])
    expect([await taken(resource, '09:00', '09:30'), await taken(resource, '10:00', '10:30')]).toEqual([true, false])
  })
})

it('a visit that is moved there waits for who gives the Schedule to somebody, and is theirs', async () => {
  const [a, hall] = [await person(), await scheduleOfHall()]
  const elsewhere = await scheduleOfHall()
  const appointment = made(await operation('book', elsewhere.later.id, await patient()))
  made(await operation('book', hall.later.id, await patient()))
  const { change, answer } = await whileTaken(a, ['11:00', '11:30'], async () => {
    const given = hall.become(a)
    await untilWaiting(house.house.pool, 1)
    const move = moved(appointment, hall.slot.id)
    await untilBothWait(given, move)
    return { change: given, answer: move }
  })
  expect([(await answer).status, (await change).status]).toEqual([200, 200])
  expect([await taken(a, '09:00', '09:30'), await taken(a, '10:00', '10:30')]).toEqual([true, false])
})

it('a visit whose role comes to be somebody’s meanwhile waits for that, and is theirs', async () => {
  const [a, hall] = [await person(), await scheduleOfHall()]
  const role = await create(house.call, { resourceType: 'PractitionerRole' })
  const withRole = async (slot: Body): Promise<Answer> => {
    const valueReference = { reference: `Patient/${await patient()}` }
    const resource = { resourceType: 'Appointment', status: 'proposed', participant: participant(`PractitionerRole/${role}`) }
    return house.call('POST', `Slot/${slot.id}/$book`, {
      resourceType: 'Parameters',
      parameter: [
        { name: 'patient', valueReference },
        { name: 'appt-resource', resource },
      ],
    })
  }
  made(await withRole(hall.later))
  const { change, answer } = await whileTaken(a, ['11:00', '11:30'], async () => {
    const given = house.call('PUT', `PractitionerRole/${role}`, {
      resourceType: 'PractitionerRole',
      id: role,
      practitioner: { reference: a },
    })
    await untilWaiting(house.house.pool, 1)
    const booked = withRole(hall.slot)
    await untilBothWait(given, booked)
    return { change: given, answer: booked }
  })
  expect([(await answer).status, (await change).status]).toEqual([201, 200])
  expect([await taken(a, '09:00', '09:30'), await taken(a, '10:00', '10:30')]).toEqual([true, false])
})
