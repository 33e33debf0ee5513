/** Who waits for a practitioner and a room at once, each on a Schedule of its own: offered, kept and booked together or not at all. */
import type { Pool } from '../../src/store/db.ts'
import type { House } from '../../src/store/house.ts'
import { disagreements } from '../support/agreement.ts'
import { create, dateIn, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, type TestHouse, testHouse } from '../support/house.ts'
import { type JointActor, type JointClinic, type JointOptions, jointClinic, jointVisit, slotsWithin } from '../support/joint-clinic.ts'
import { waitlistSettled } from '../support/waitlist-settled.ts'

type Offer = Body & { about: { reference: string }[] }

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const day = 2
const hour = { end: '10:00:00', practitioners: 1, devices: 0 }
const participant = (reference: string, status = 'accepted') => ({ actor: { reference }, status })
const aPatient = (): Promise<string> => create(house.call, { resourceType: 'Patient', active: true })

/** The Slots of several Schedules that lie in a time of that day. */
const slotsAt = (from: string, until: string, ...actors: readonly JointActor[]): Promise<Body[]> =>
  slotsWithin(house.call, { day, from, until, actors })

const statusOf = async (slots: readonly Body[]): Promise<string[]> => [
  ...new Set(await Promise.all(slots.map(async ({ id }) => made(await house.call('GET', `Slot/${id}`), 200).status))),
]

const visit = async (from: string, until: string, ...actors: readonly JointActor[]): Promise<Body> =>
  jointVisit(house.call, { day, from, until, actors, others: [`Patient/${await aPatient()}`] })

async function wait(place: JointClinic, actors: readonly JointActor[], more: object = {}): Promise<Body> {
  // What was made or freed before is not offered.
  await waitlistSettled(house.house)
  return made(
    await house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'waitlist',
      requestedPeriod: [{ start: dateIn(day), end: dateIn(day) }],
      participant: [
        participant(`Patient/${await aPatient()}`),
        ...[`HealthcareService/${place.service}`, ...actors.map(({ actor }) => actor)].map((one) => participant(one, 'needs-action')),
      ],
      ...more,
    }),
  )
}

const offersTo = async (entry: Body): Promise<Offer[]> =>
  (matches(await house.call('GET', 'Communication?status=in-progress&_count=100')) as Offer[]).filter(({ about }) =>
    about.some(({ reference }) => reference === `Appointment/${entry.id}`),
  )
const cancel = async (one: Body) => made(await house.call('POST', `Appointment/${one.id}/$cancel`), 200)
const answer = (entry: Body, what: string) => house.call('POST', `Appointment/${entry.id}/$${what}-offer`)

async function place(more: JointOptions = {}) {
  const clinic = await jointClinic(house.call, { ...hour, rooms: 2, ...more })
  const [doctor, room, other] = [clinic.practitioners[0], clinic.rooms[0], clinic.rooms[1]] as [JointActor, JointActor, JointActor]
  return { clinic, doctor, room, other }
}

it('offers a freed time once all whom the entry names are free, whoever was last, keeps all of it and books all of it', async () => {
  const { clinic, doctor, room, other } = await place()
  const [doctors, rooms] = [await visit('09:00', '09:30', doctor, other), await visit('09:00', '09:30', room)]
  const entry = await wait(clinic, [doctor, room])
  await cancel(doctors)
  await waitlistSettled(house.house)
  expect(await offersTo(entry)).toEqual([])
  expect(await statusOf(await slotsAt('09:00', '09:30', doctor, other))).toEqual(['free'])
  await cancel(rooms)
  await waitlistSettled(house.house)
  const [offer, second] = await offersTo(entry)
  expect(second).toBeUndefined()
  const wanted = await slotsAt('09:00', '09:30', doctor, room)
  expect(wanted).toHaveLength(3)
  const told = offer?.about.map(({ reference }) => reference).slice(1)
  expect(told).toEqual(wanted.map(({ id }) => `Slot/${id}`))
  const said = offer?.extension?.[0]?.extension?.find(({ url }) => url === 'slot')
  expect(said?.valueReference).toEqual({ reference: `Slot/${wanted[0]?.id}` })
  expect(await statusOf(wanted)).toEqual(['busy-tentative'])
  const booked = made(await answer(entry, 'accept'), 200)
  expect(booked).toMatchObject({ id: entry.id, status: 'booked' })
  expect(booked.slot.map(({ reference }) => reference)).toEqual(wanted.map(({ id }) => `Slot/${id}`))
  const people = booked.participant.map(({ actor }) => actor?.reference)
  expect(people).toEqual(expect.arrayContaining([doctor.actor, room.actor, `HealthcareService/${clinic.service}`]))
  expect(people).not.toContain(other.actor)
  expect(await statusOf(wanted)).toEqual(['busy'])
})

it('goes to the next who wants all of it or a part when it is declined, and never to the same by the other’s time', async () => {
  const { clinic, doctor, room } = await place()
  const together = await visit('09:30', '10:00', doctor, room)
  const [first, next, alone] = [
    await wait(clinic, [doctor, room], { priority: 1 }),
    await wait(clinic, [doctor, room], { priority: 2 }),
    await wait(clinic, [doctor], { priority: 9 }),
  ]
  await cancel(together)
  await waitlistSettled(house.house)
  const counts = async () => (await Promise.all([first, next, alone].map(offersTo))).map(({ length }) => length)
  expect(await counts()).toEqual([1, 0, 0])
  made(await answer(first, 'decline'), 200)
  await waitlistSettled(house.house)
  expect(await counts()).toEqual([0, 1, 0])
  const [doctors, rooms] = [await slotsAt('09:30', '10:00', doctor), await slotsAt('09:30', '10:00', room)]
  expect(await statusOf([...doctors, ...rooms])).toEqual(['busy-tentative'])
  made(await answer(next, 'decline'), 200)
  await waitlistSettled(house.house)
  expect(await counts()).toEqual([0, 0, 1])
  expect([await statusOf(doctors), await statusOf(rooms)]).toEqual([['busy-tentative'], ['free']])
  made(await answer(alone, 'decline'), 200)
  await waitlistSettled(house.house)
  expect(await counts()).toEqual([0, 0, 0])
  expect(await statusOf([...doctors, ...rooms])).toEqual(['free'])
})

it('takes any one of each kind: the room that is free, from the time at which the practitioner can begin', async () => {
  const { clinic, doctor, room, other } = await place({ roomSlotMinutes: 60 })
  const [whole, taken, morning] = [
    await visit('09:00', '10:00', room),
    await visit('09:00', '10:00', other),
    await visit('09:00', '09:15', doctor),
  ]
  const entry = await wait(clinic, [doctor, room, other])
  await cancel(taken)
  await waitlistSettled(house.house)
  const [offer] = await offersTo(entry)
  const wanted = [...(await slotsAt('09:15', '09:45', doctor)), ...(await slotsAt('09:00', '10:00', other))]
  expect(offer?.about.map(({ reference }) => reference).slice(1)).toEqual(wanted.map(({ id }) => `Slot/${id}`))
  expect(made(await answer(entry, 'accept'), 200).start).toBe(new Date(instantIn(day, '09:15')).toISOString())
  for (const one of [whole, morning]) await cancel(one)
})

it('moves the later visit of a patient who has one to the time of both', async () => {
  const { clinic, doctor, room } = await place()
  const [sooner, later] = [await visit('09:00', '09:30', doctor, room), await slotsAt('09:30', '10:00', doctor, room)]
  const entry = await wait(clinic, [doctor, room])
  const who = entry.participant.filter(({ actor }) => actor?.reference?.startsWith('Patient/'))
  const had = made(
    await house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'booked',
      start: instantIn(day, '09:30'),
      end: instantIn(day, '10:00'),
      slot: later.map(({ id }) => ({ reference: `Slot/${id}` })),
      participant: [...who, ...[doctor.actor, room.actor, `HealthcareService/${clinic.service}`].map((one) => participant(one))],
    }),
  )
  await cancel(sooner)
  await waitlistSettled(house.house)
  expect(await offersTo(entry)).toHaveLength(1)
  const moved = made(await answer(entry, 'accept'), 200)
  expect([moved.id, Date.parse(moved.start)]).toEqual([had.id, Date.parse(instantIn(day, '09:00'))])
  expect(await statusOf(await slotsAt('09:00', '09:30', doctor, room))).toEqual(['busy'])
  expect(await statusOf(later)).toEqual(['free'])
  expect(made(await house.call('GET', `Appointment/${entry.id}`), 200).status).toBe('cancelled')
})

describe('offered to three at once', () => {
  const three = (): House => ({ ...house.house, waitlist: { ...house.house.waitlist, offersAtOnce: 3 } })
  /** Four of whom three are offered a time of both that was given up. */
  async function offered() {
    const one = await place()
    const { clinic, doctor, room } = one
    const [nine, half] = [await visit('09:00', '09:30', doctor, room), await visit('09:30', '10:00', doctor, room)]
    const entries: Body[] = []
    for (const priority of [1, 2, 3, 4]) entries.push(await wait(clinic, [doctor, room], { priority }))
    const live = async () => (await Promise.all(entries.map(offersTo))).map(({ length }) => length)
    const slots = await slotsAt('09:00', '09:30', doctor, room)
    await cancel(nine)
    await waitlistSettled(three())
    expect(await live()).toEqual([1, 1, 1, 0])
    return { ...one, entries, slots, half, live }
  }
  /** How the offers to an entry stand, the first first. */
  const told = async (entry: Body): Promise<[string, string | undefined][]> => {
    const all = matches(await house.call('GET', 'Communication?_count=200&_sort=_lastUpdated')) as (Offer & {
      statusReason?: { text?: string }
    })[]
    return all
      .filter(({ about }) => about.some(({ reference }) => reference === `Appointment/${entry.id}`))
      .map(({ status, statusReason }) => [status, statusReason?.text])
  }

  it('is whose acceptance comes first, whole; the others are told, wait on, and are offered the next', async () => {
    const { entries, slots, half, live } = await offered()
    const [one, two, three_, four] = entries as [Body, Body, Body, Body]
    for (const entry of [one, two, three_])
      expect((await offersTo(entry))[0]?.about.map(({ reference }) => reference).slice(1)).toEqual(slots.map(({ id }) => `Slot/${id}`))
    const answers = await Promise.all([one, two, three_].map((entry) => answer(entry, 'accept')))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
    const winner = answers.findIndex(({ status }) => status === 200)
    expect(made(answers[winner] as Answer, 200).slot.map(({ reference }) => reference)).toEqual(slots.map(({ id }) => `Slot/${id}`))
    // Who was judged before the winner's time was taken hears that it has been; who was judged after, that the offer is over.
    for (const refused of answers.filter(({ status }) => status === 409))
      expect(refused.json.issue[0]?.diagnostics).toMatch(/^(This offer does not stand any more|This time has just been taken)/)
    await waitlistSettled(three())
    expect(await live()).toEqual([0, 0, 0, 0])
    expect(await statusOf(slots)).toEqual(['busy'])
    const losers = [one, two, three_].filter((_, n) => n !== winner)
    expect(await told(entries[winner] as Body)).toEqual([['completed', 'The offer was accepted.']])
    for (const loser of losers) {
      expect(await told(loser)).toEqual([['stopped', 'The offer does not stand any more.']])
      expect(made(await house.call('GET', `Appointment/${loser.id}`), 200).status).toBe('waitlist')
    }
    await cancel(half)
    await waitlistSettled(three())
    expect((await Promise.all([...losers, four].map(offersTo))).map(({ length }) => length)).toEqual([1, 1, 1])
  })

  it('stands for the others when one has run out or is declined, and goes to the next when it is nobody’s any more', async () => {
    const { entries, slots, live, doctor, room } = await offered()
    const [one, two, three_, four] = entries as [Body, Body, Body, Body]
    await house.house.pool.query({ text: 'update waitlist_offer set expires = now() where entry = $1', values: [one.id] })
    expect((await answer(one, 'accept')).status).toBe(410)
    await waitlistSettled(three())
    expect(await told(one)).toEqual([['stopped', 'The offer was not answered in time.']])
    made(await answer(two, 'decline'), 200)
    await waitlistSettled(three())
    expect([await live(), await statusOf(slots)]).toEqual([[0, 0, 1, 0], ['busy-tentative']])
    made(await answer(three_, 'decline'), 200)
    await waitlistSettled(three())
    expect([await live(), await statusOf(slots)]).toEqual([[0, 0, 0, 1], ['busy-tentative']])
    for (const late of [one, two, three_]) expect([409, 410]).toContain((await answer(late, 'accept')).status)
    const booked = made(await answer(four, 'accept'), 200)
    const people = booked.participant.map(({ actor }) => actor?.reference)
    expect(people).toEqual(expect.arrayContaining([doctor.actor, room.actor]))
    expect(await statusOf(slots)).toEqual(['busy'])
  })

  it('is refused to who has another visit by then, and to all while the room is blocked; then it is the others’ still', async () => {
    const { entries, slots, live, room } = await offered()
    const [one, two] = entries as [Body, Body]
    const patient = one.participant.filter(({ actor }) => actor?.reference?.startsWith('Patient/'))
    const elsewhere = { start: instantIn(day, '09:15'), end: instantIn(day, '09:45'), participant: patient }
    made(await house.call('POST', 'Appointment', { resourceType: 'Appointment', status: 'booked', ...elsewhere }))
    expect((await answer(one, 'accept')).status).toBe(422)
    const block = await create(house.call, {
      ...{ resourceType: 'Slot', status: 'busy-unavailable', schedule: { reference: `Schedule/${room.schedule}` } },
      ...{ start: instantIn(day, '09:00'), end: instantIn(day, '09:30') },
    })
    expect((await answer(two, 'accept')).status).toBe(409)
    await waitlistSettled(three())
    expect(await live()).toEqual([1, 1, 1, 0])
    made(await house.call('DELETE', `Slot/${block}`), 204)
    await waitlistSettled(three())
    expect(await live()).toEqual([1, 1, 1, 0])
    expect(await statusOf(slots)).toEqual(['busy-tentative'])
    expect(made(await answer(two, 'accept'), 200).slot.map(({ reference }) => reference)).toEqual(slots.map(({ id }) => `Slot/${id}`))
  })
})

it('takes another room where somebody takes the one that it was found for just then, and passes nobody over', async () => {
  const { clinic, doctor, room, other } = await place()
  const doctors = await visit('09:00', '09:30', doctor)
  const [first, next] = [
    await wait(clinic, [doctor, room, other], { priority: 1 }),
    await wait(clinic, [doctor, room, other], { priority: 9 }),
  ]
  await cancel(doctors)
  const { pool } = house.house
  const taken: JointActor[] = []
  const racing: Pool = {
    ...pool,
    connect: (use) =>
      pool.connect((db) =>
        use({
          query: async (statement) => {
            const asked = /insert into claim/.test(statement.text) ? String(statement.values[0]) : ''
            if (asked.includes('"Communication/') && taken.length === 0) {
              taken.push(asked.includes(`"${room.actor}"`) ? room : other)
              await visit('09:00', '09:30', ...taken)
            }
            return db.query(statement)
          },
        }),
      ),
  }
  await waitlistSettled({ ...house.house, pool: racing })
  expect(taken).toHaveLength(1)
  expect((await Promise.all([first, next].map(offersTo))).map(({ length }) => length)).toEqual([1, 0])
  const left = [room, other].find((one) => one !== taken[0]) as JointActor
  const wanted = await slotsAt('09:00', '09:30', doctor, left)
  expect((await offersTo(first))[0]?.about.map(({ reference }) => reference).slice(1)).toEqual(wanted.map(({ id }) => `Slot/${id}`))
  const people = made(await answer(first, 'accept'), 200).participant.map(({ actor }) => actor?.reference)
  expect(people).toEqual(expect.arrayContaining([doctor.actor, left.actor]))
})
