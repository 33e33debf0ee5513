/** What a visit over several Schedules goes through after it was made: each step gives and takes exactly what belongs to it. */
import { disagreements } from '../support/agreement.ts'
import { create, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, eventually, made, matches, type TestHouse, testHouse } from '../support/house.ts'
import { busyOf, groupsOf, type JointActor, type JointClinic, jointClinic, sent, slotsOf, takes } from '../support/joint-clinic.ts'

let house: TestHouse
let place: JointClinic
let patient: string
let day = 1
const nobody: JointActor = { actor: '', schedule: '' }

beforeAll(async () => {
  house = await testHouse({ tick: true })
  place = await jointClinic(house.call, { end: '12:00:00' })
})
beforeEach(async () => {
  day++
  patient = await create(house.call, { resourceType: 'Patient', active: true, name: [{ family: 'Joint' }] })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const doctor = (at = 0): JointActor => place.practitioners[at] ?? nobody
const locum = (): JointActor => doctor(1)
const room = (at = 0): JointActor => place.rooms[at] ?? nobody

async function slotAt(groups: readonly object[], time: string): Promise<Body> {
  const window = { start: instantIn(day, '00:00'), end: instantIn(day + 1, '00:00') }
  const found = matches(await house.call('POST', 'Slot/$find-slots', sent(groups, { 'healthcare-service': place.service, ...window })))
  const slot = found.find(({ start }) => start.slice(11, 16) === time)
  if (!slot) throw new Error(`nobody is free at ${time}`)
  return slot
}

const post = (path: string, groups: readonly object[], values: object = {}): Promise<Answer> =>
  house.call('POST', path, sent(groups, { patient, 'healthcare-service': place.service, ...values }))
const book = async (groups: readonly object[], time: string): Promise<Body> =>
  made(await post(`Slot/${(await slotAt(groups, time)).id}/$book`, groups))
const busy = async (...actors: readonly JointActor[]): Promise<string[]> =>
  Promise.all(actors.map(async ({ schedule }) => (await busyOf(house.call, schedule, day)).join(' ')))
const actorsOf = ({ participant }: Body): string[] =>
  participant.flatMap(({ actor }) => actor?.reference ?? []).filter((one) => !/^(Patient|HealthcareService)/.test(one))

it('a hold keeps all of it, is booked whole, and released whole', async () => {
  const groups = groupsOf([doctor()], [room()])
  const slot = await slotAt(groups, '09:15')
  const again = made(await post(`Slot/${slot.id}/$hold`, groups))
  made(await post(`Appointment/${again.id}/$book`, []), 200)
  const taken = [...(await slotsOf(house.call, doctor().schedule, day)), ...(await slotsOf(house.call, room().schedule, day))]
  expect(
    taken
      .filter(({ status }) => status === 'busy')
      .map(({ id }) => id)
      .sort(),
  ).toEqual(takes(slot).sort())
  const other = made(await post(`Slot/${(await slotAt(groups, '11:00')).id}/$hold`, groups))
  made(await house.call('POST', `Appointment/${other.id}/$release`), 200)
  expect(await busy(doctor(), room())).toEqual(['09:15 09:30', '09:00 09:30'])
})

it('a hold that lapses gives all of it back, with no one asking', async () => {
  const there = await jointClinic(house.call, { practitioners: 1, rooms: 1, devices: 0, policy: { holdSeconds: 1 }, end: '10:00:00' })
  const groups = groupsOf(there.practitioners, there.rooms)
  const asked = { 'healthcare-service': there.service }
  const [slot] = matches(await house.call('POST', 'Slot/$find-slots', sent(groups, { ...asked, start: instantIn(day, '00:00') })))
  const held = made(await post(`Slot/${slot?.id}/$hold`, groups, asked))
  expect(held.slot).toHaveLength(3)
  await eventually(60_000, async () => made(await house.call('GET', `Appointment/${held.id}`), 200).status === 'cancelled')
  expect(await busy(...there.practitioners, ...there.rooms)).toEqual(['', ''])
})

it('$reschedule keeps it on the same Schedules, also over its own time; where one is not free the old time stands', async () => {
  const booked = await book(groupsOf([doctor()], [room()]), '09:00')
  const moved = made(await post(`Appointment/${booked.id}/$reschedule`, [], { start: instantIn(day, '09:15') }), 200)
  expect(actorsOf(moved)).toEqual(actorsOf(booked))
  expect(await busy(doctor(), room())).toEqual(['09:15 09:30', '09:00 09:30'])
  patient = await create(house.call, { resourceType: 'Patient', active: true, name: [{ family: 'Other' }] })
  await book(groupsOf([locum()], [room()]), '10:30')
  const refused = await post(`Appointment/${booked.id}/$reschedule`, [], { start: instantIn(day, '10:30') })
  expect(refused.status).toBe(409)
  expect(await busy(doctor(), room())).toEqual(['09:15 09:30', '09:00 09:30 10:30'])
})

it('$reschedule to another doctor’s Slot keeps the room; a resource-group says who takes part from then on', async () => {
  const booked = await book(groupsOf([doctor()], [room()]), '09:00')
  const slot = (await slotsOf(house.call, locum().schedule, day)).find(({ start }) => start.slice(11, 16) === '09:30')
  const moved = made(await post(`Appointment/${booked.id}/$reschedule`, [], { slot: `Slot/${slot?.id}` }), 200)
  expect(actorsOf(moved).sort()).toEqual([locum().actor, room().actor].sort())
  expect(await busy(doctor(), locum(), room())).toEqual(['', '09:30 09:45', '09:30'])
  const elsewhere = groupsOf([locum()], [room(1)])
  const last = made(await post(`Appointment/${booked.id}/$reschedule`, elsewhere, { slot: `Slot/${slot?.id}` }), 200)
  expect(actorsOf(last).sort()).toEqual([locum().actor, room(1).actor].sort())
  expect(await busy(locum(), room(), room(1))).toEqual(['09:30 09:45', '', '09:30'])
})

it('a new one with cancelled-appt-id takes the place of the old in one step, over its own time', async () => {
  const groups = groupsOf([doctor()], [room()])
  const [booked, slot] = [await book(groups, '09:00'), (await slotsOf(house.call, doctor().schedule, day))[1]]
  const replacing = { 'cancelled-appt-id': `Appointment/${booked.id}` }
  const next = made(await post(`Slot/${slot?.id}/$book`, groups, replacing))
  expect(made(await house.call('GET', `Appointment/${booked.id}`), 200).status).toBe('cancelled')
  expect(actorsOf(next).sort()).toEqual([doctor().actor, room().actor].sort())
  expect(await busy(doctor(), room())).toEqual(['09:15 09:30', '09:00 09:30'])
})

it('a PUT of the front desk moves it from Slots of several Schedules to others, a DELETE gives them back', async () => {
  const booked = await book(groupsOf([doctor()], [room()]), '09:00')
  const wanted = await slotAt(groupsOf([doctor()], [room(1)]), '10:00')
  const participant = booked.participant.map((one) =>
    one.actor?.reference === room().actor ? { ...one, actor: { reference: room(1).actor } } : one,
  )
  const slot = takes(wanted).map((id) => ({ reference: `Slot/${id}` }))
  const time = { start: instantIn(day, '10:00'), end: instantIn(day, '10:30') }
  made(await house.call('PUT', `Appointment/${booked.id}`, { ...booked, ...time, slot, participant }), 200)
  expect(await busy(doctor(), room(), room(1))).toEqual(['10:00 10:15', '', '10:00'])
  expect((await house.call('DELETE', `Appointment/${booked.id}`)).status).toBe(204)
  expect(await busy(doctor(), room(), room(1))).toEqual(['', '', ''])
})

it('its patient may write what they say of it, and not put themselves into Slots of several', async () => {
  const booked = await book(groupsOf([doctor()], [room()]), '09:15')
  const online = house.as(await house.token('patient/Appointment.cruds', { patient }))
  made(await online('PUT', `Appointment/${booked.id}`, { ...booked, comment: 'With my mother' }), 200)
  expect(await busy(doctor(), room())).toEqual(['09:15 09:30', '09:00 09:30'])
  const wanted = takes(await slotAt(groupsOf([doctor()], [room()]), '10:00')).map((id) => ({ reference: `Slot/${id}` }))
  const time = { start: instantIn(day, '10:00'), end: instantIn(day, '10:30') }
  expect((await online('PUT', `Appointment/${booked.id}`, { ...booked, ...time, slot: wanted })).status).toBe(422)
})

it('a hundred at once over overlapping combinations: nobody is taken twice, and nothing is half taken', async () => {
  const there = await jointClinic(house.call, { practitioners: 4, rooms: 3, devices: 2, end: '10:30:00' })
  const everyone = await Promise.all(
    Array.from({ length: 100 }, () => create(house.call, { resourceType: 'Patient', active: true, name: [{ family: 'Crowd' }] })),
  )
  const window = { start: instantIn(3, '00:00'), end: instantIn(4, '00:00'), 'healthcare-service': there.service }
  const shown = await Promise.all(
    there.practitioners.map(async (one) => {
      const groups = groupsOf([one], there.rooms, there.devices)
      return { groups, slots: matches(await house.call('POST', 'Slot/$find-slots', sent(groups, window))) }
    }),
  )
  const answers = await Promise.all(
    everyone.map((one, i) => {
      const { groups, slots } = shown[i % shown.length] ?? { groups: [], slots: [] }
      const slot = slots[Math.floor(i / shown.length) % slots.length] as Body
      const named = takes(slot).map((id) => ({ name: 'slot', valueReference: { reference: `Slot/${id}` } }))
      return house.call(
        'POST',
        `Slot/${slot.id}/${i % 5 === 0 ? '$hold' : '$book'}`,
        sent(i % 2 ? named : groups, {
          patient: one,
          'healthcare-service': there.service,
        }),
      )
    }),
  )
  expect([...new Set(answers.map(({ status }) => status))].sort()).toEqual([201, 409])
  const won = answers.filter(({ status }) => status === 201).map(({ json }) => json)
  // Two devices for an hour and a half of visits of half an hour.
  expect(won.length).toBeLessThanOrEqual(6)
  expect(won.length).toBeGreaterThanOrEqual(2)
  const all = [...there.practitioners, ...there.rooms, ...there.devices]
  const slots = (await Promise.all(all.map(({ schedule }) => slotsOf(house.call, schedule, 3)))).flat()
  const named = won.flatMap(({ slot }) => slot.map(({ reference }) => reference?.slice(5) ?? ''))
  expect(new Set(named).size).toBe(named.length)
  expect(
    slots
      .filter(({ status }) => status !== 'free')
      .map(({ id }) => id)
      .sort(),
  ).toEqual([...named].sort())
  for (const one of won)
    for (const group of [there.practitioners, there.rooms, there.devices])
      expect(group.filter(({ actor }) => actorsOf(one).includes(actor))).toHaveLength(1)
})
