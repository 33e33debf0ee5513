/** One practitioner with two Schedules, rooms and devices: a visit takes up everyone who can be in one place only. */
import { disagreements } from '../support/agreement.ts'
import { availability, type Clinic, clinic, create, dateIn, timezone } from '../support/clinic.ts'
import { type Body, made, matches, type TestHouse, testHouse } from '../support/house.ts'
import { untilWaiting } from '../support/until-waiting.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2 })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const physical = (code: string) => ({ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code }] })
const scheduleOf = (actors: readonly string[], slotMinutes = 15): Promise<string> =>
  create(house.call, {
    resourceType: 'Schedule',
    active: true,
    actor: actors.map((reference) => ({ reference })),
    extension: [timezone('Etc/UTC'), availability({ slotMinutes })],
  })
const slotsOf = async (schedule: string, day: string): Promise<Body[]> =>
  matches(await house.call('GET', `Slot?schedule=Schedule/${schedule}&start=${day}&_sort=start&_count=200`))
const taken = (slots: readonly Body[]): string[] => slots.filter(({ status }) => status !== 'free').map(({ start }) => start.slice(11, 16))
const someday = dateIn(4)
const at = (slots: readonly Body[], time: string): Body => slots.find(({ start }) => start.slice(11, 16) === time) as Body

describe('two Schedules of one practitioner', () => {
  it("make each other's overlapping Slots unavailable, and a cancellation gives back exactly those", async () => {
    const other = await scheduleOf([`Practitioner/${place.practitioners[0]}`], 20)
    const patient = await place.patient()
    const slot = await place.slotAt(4, '10:00')
    const visit = made(await place.book(slot.id, patient))
    expect(taken(await slotsOf(other, someday))).toEqual(['10:00'])
    const late = made(await place.book((await place.slotAt(4, '10:15')).id, patient))
    expect(taken(await slotsOf(other, someday))).toEqual(['10:00', '10:20'])
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    // 10:00 to 10:20 still lies under the visit of 10:15.
    expect(taken(await slotsOf(other, someday))).toEqual(['10:00', '10:20'])
    expect(taken(await place.slotsOn(4))).toEqual(['10:15'])
    made(await house.call('POST', `Appointment/${late.id}/$cancel`), 200)
    expect(taken(await slotsOf(other, someday))).toEqual([])
    expect(taken(await place.slotsOn(4))).toEqual([])
  })

  it('give one of two simultaneous bookings of the same hour, whichever Schedule it came by', async () => {
    const other = await scheduleOf([`Practitioner/${place.practitioners[1]}`], 30)
    const theirs = (await slotsOf(other, someday)).slice(0, 8)
    const ours = (await place.slotsOn(4, 1)).filter((_, i) => i % 2 === 0).slice(0, 8)
    const patients = await place.patients(16)
    const answers = await Promise.all([...theirs, ...ours].map((slot, i) => place.book(slot.id, patients[i] ?? '')))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(8)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(8)
  })

  it('leave a Slot that two lie over to the one that is booked, before the one that is held', async () => {
    const practitioner = `Practitioner/${await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Long' }] })}`
    const slots = await slotsOf(await scheduleOf([practitioner]), someday)
    const hour = { start: `${someday}T09:00:00Z`, end: `${someday}T10:00:00Z` }
    const other = await create(house.call, { resourceType: 'Schedule', active: true, actor: [{ reference: practitioner }] })
    const long = { resourceType: 'Slot', schedule: { reference: `Schedule/${other}` }, status: 'free', ...hour }
    const { id } = made(await house.call('POST', 'Slot', long))
    const patients = await place.patients(3)
    const first = made(await place.book(at(slots, '09:00').id, patients[0] ?? ''))
    made(await place.hold(at(slots, '09:15').id, patients[1] ?? ''))
    const last = made(await place.book(at(slots, '09:30').id, patients[2] ?? ''))
    const statusNow = async () => made(await house.call('GET', `Slot/${id}`), 200).status
    made(await house.call('POST', `Appointment/${first.id}/$cancel`), 200)
    expect(await statusNow()).toBe('busy')
    made(await house.call('POST', `Appointment/${last.id}/$cancel`), 200)
    expect(await statusNow()).toBe('busy-tentative')
  })

  it('are deleted each by itself: a visit of one keeps not the other', async () => {
    const practitioner = `Practitioner/${await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Leaving' }] })}`
    const [kept, going] = [await scheduleOf([practitioner]), await scheduleOf([practitioner])]
    const visit = made(await place.book(at(await slotsOf(kept, someday), '09:00').id, await place.patient()))
    const under = at(await slotsOf(going, someday), '09:00')
    expect(under.status).toBe('busy')
    expect((await house.call('DELETE', `Schedule/${kept}`)).status).toBe(409)
    expect((await house.call('DELETE', `Schedule/${going}`)).status).toBe(204)
    // Its Slots go with it, whoever's visit lies over them.
    expect((await house.call('GET', `Slot/${under.id}`)).status).toBe(410)
    expect(await slotsOf(going, someday)).toEqual([])
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect((await house.call('GET', `Slot/${under.id}`)).status).toBe(410)
  })

  it('are deleted with all Slots that are still to come, and what these have goes back', async () => {
    const practitioner = `Practitioner/${await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Leaving' }] })}`
    const [kept, going] = [await scheduleOf([practitioner]), await scheduleOf([practitioner])]
    const write = async (status: string, day: string, from: string, until: string): Promise<string> => {
      const slot = { resourceType: 'Slot', status, schedule: { reference: `Schedule/${going}` } }
      return made(await house.call('POST', 'Slot', { ...slot, start: `${day}T${from}:00Z`, end: `${day}T${until}:00Z` })).id
    }
    const past = await write('free', dateIn(-2), '10:00', '10:15')
    const own = [
      await write('free', someday, '07:00', '07:15'),
      await write('busy', someday, '09:00', '09:15'),
      await write('busy-tentative', someday, '10:00', '10:15'),
      await write('busy-unavailable', someday, '11:00', '12:00'),
      await write('busy-unavailable', someday, '11:30', '11:45'),
    ]
    expect(taken(await slotsOf(kept, someday))).toEqual(['09:00', '10:00', '11:00', '11:15', '11:30', '11:45'])
    const ruled = await slotsOf(going, someday)
    expect((await house.call('DELETE', `Schedule/${going}`)).status).toBe(204)
    expect(taken(await slotsOf(kept, someday))).toEqual([])
    const statuses = await Promise.all([...own, ...ruled.map(({ id }) => id)].map((id) => house.call('GET', `Slot/${id}`)))
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([410]))
    made(await house.call('GET', `Slot/${past}`), 200)
    made(await place.book(at(await slotsOf(kept, someday), '09:00').id, await place.patient()))
    // It comes back with the Slots that its rules make, and they know of that visit.
    const again = { resourceType: 'Schedule', id: going, active: true, actor: [{ reference: practitioner }] }
    made(await house.call('PUT', `Schedule/${going}`, { ...again, extension: [timezone('Etc/UTC'), availability({ slotMinutes: 15 })] }))
    expect(taken(await slotsOf(going, someday))).toEqual(['09:00'])
  })

  it('are not deleted under a visit that lies over another’s, or under a block', async () => {
    const practitioner = `Practitioner/${await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Staying' }] })}`
    const [first, second] = [await scheduleOf([practitioner]), await scheduleOf([practitioner])]
    made(await place.book(at(await slotsOf(first, someday), '09:00').id, await place.patient()))
    const overbook = { overbook: { valueBoolean: true }, 'overbook-reason': 'Acute pain' }
    const over = made(await place.book(at(await slotsOf(second, someday), '09:00').id, await place.patient(), overbook))
    expect((await house.call('DELETE', `Schedule/${second}`)).status).toBe(409)
    made(await house.call('POST', `Appointment/${over.id}/$cancel`), 200)
    const slot = at(await slotsOf(second, someday), '10:00')
    const visit = made(await place.book(slot.id, await place.patient()))
    made(await house.call('PUT', `Slot/${slot.id}`, { ...slot, status: 'busy-unavailable' }), 200)
    expect((await house.call('DELETE', `Schedule/${second}`)).status).toBe(409)
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect((await house.call('DELETE', `Schedule/${second}`)).status).toBe(204)
  })

  it('are not deleted under a visit that is booked at that moment', async () => {
    const practitioner = `Practitioner/${await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Busy' }] })}`
    const schedule = await scheduleOf([practitioner])
    const slot = at(await slotsOf(schedule, someday), '09:00')
    const patient = await place.patient()
    const { booked, deleted } = await house.house.pool.connect(async (db) => {
      await db.query({ text: 'begin', values: [] })
      const text = `insert into claim (resource, session, period, appointment, client) values ($1, 'gate', tstzrange($2, $3), 'Slot/gate', 'test')`
      await db.query({ text, values: [practitioner, slot.start, slot.end] })
      const booking = place.book(slot.id, patient)
      await untilWaiting(house.house.pool, 1)
      const deleting = house.call('DELETE', `Schedule/${schedule}`)
      await Promise.race([deleting, untilWaiting(house.house.pool, 2)])
      await db.query({ text: 'rollback', values: [] })
      return { booked: await booking, deleted: await deleting }
    })
    expect([booked.status, deleted.status]).toEqual([201, 409])
  })

  it('are deleted in a Bundle with their Slots', async () => {
    const practitioner = `Practitioner/${await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Bundled' }] })}`
    const schedule = await scheduleOf([practitioner])
    const slot = { resourceType: 'Slot', status: 'busy', schedule: { reference: `Schedule/${schedule}` } }
    const { id } = made(await house.call('POST', 'Slot', { ...slot, start: `${someday}T07:00:00Z`, end: `${someday}T07:15:00Z` }))
    const free = at(await slotsOf(schedule, someday), '09:00').id
    const entry = [`Schedule/${schedule}`, `Slot/${id}`, `Slot/${free}`].map((url) => ({ request: { method: 'DELETE', url } }))
    made(await house.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }), 200)
    expect((await house.call('GET', `Slot/${id}`)).status).toBe(410)
  })

  it('share a PractitionerRole’s practitioner', async () => {
    const practitioner = await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Role' }] })
    const role = await create(house.call, {
      resourceType: 'PractitionerRole',
      active: true,
      practitioner: { reference: `Practitioner/${practitioner}` },
    })
    const [byRole, byPerson] = [await scheduleOf([`PractitionerRole/${role}`]), await scheduleOf([`Practitioner/${practitioner}`])]
    made(await place.book(at(await slotsOf(byRole, someday), '09:00').id, await place.patient()))
    expect(taken(await slotsOf(byPerson, someday))).toEqual(['09:00'])
  })
})

describe('a Schedule that comes later', () => {
  it('has no free Slot where its practitioner is booked, held or blocked already', async () => {
    const practitioner = `Practitioner/${await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Later' }] })}`
    const first = await scheduleOf([practitioner])
    const slots = await slotsOf(first, someday)
    const [a = '', b = ''] = await place.patients(2)
    const visit = made(await place.book(at(slots, '09:00').id, a))
    made(await place.hold(at(slots, '09:15').id, b))
    const block = { resourceType: 'Slot', schedule: { reference: `Schedule/${first}` }, status: 'busy-unavailable' }
    made(await house.call('POST', 'Slot', { ...block, start: `${someday}T10:00:00Z`, end: `${someday}T10:30:00Z` }))
    const later = await slotsOf(await scheduleOf([practitioner], 30), someday)
    expect(later.slice(0, 4).map(({ status }) => status)).toEqual(['busy', 'free', 'busy-unavailable', 'free'])
    const [{ holder } = { holder: '' }] = await house.house.pool.query<{ holder: string }>({
      text: 'select taken_by as holder from slot where id = $1',
      values: [later[0]?.id],
    })
    expect(holder).toBe(`Appointment/${visit.id}`)
    // Nor is one that is written by hand over both.
    const over = {
      resourceType: 'Slot',
      schedule: block.schedule,
      status: 'free',
      start: `${someday}T09:00:00Z`,
      end: `${someday}T09:30:00Z`,
    }
    expect(made(await house.call('POST', 'Slot', over)).status).toBe('busy')
  })
})

describe('rooms, devices and clinics', () => {
  it('claim a room and a device, but never a clinic', async () => {
    const room = await create(house.call, { resourceType: 'Location', status: 'active', name: 'Room', physicalType: physical('ro') })
    const site = await create(house.call, { resourceType: 'Location', status: 'active', name: 'Site', physicalType: physical('si') })
    const scanner = await create(house.call, { resourceType: 'Device', status: 'active' })
    const people = await Promise.all([1, 2, 3].map(() => create(house.call, { resourceType: 'Practitioner', name: [{ family: 'P' }] })))
    const inRoom = await scheduleOf([`Practitioner/${people[0]}`, `Location/${room}`, `Location/${site}`])
    const alsoInRoom = await scheduleOf([`Practitioner/${people[1]}`, `Location/${room}`])
    const onSite = await scheduleOf([`Practitioner/${people[2]}`, `Location/${site}`])
    const withScanner = await scheduleOf([`Device/${scanner}`, `Location/${site}`])
    const patients = await place.patients(3)
    made(await place.book(at(await slotsOf(inRoom, someday), '09:00').id, patients[0] ?? ''))
    expect(taken(await slotsOf(alsoInRoom, someday))).toEqual(['09:00'])
    expect(taken(await slotsOf(onSite, someday))).toEqual([])
    expect(taken(await slotsOf(withScanner, someday))).toEqual([])
    const scan = at(await slotsOf(withScanner, someday), '09:00')
    made(await place.book(scan.id, patients[1] ?? ''))
    const clashing = {
      resourceType: 'Appointment',
      status: 'booked',
      start: scan.start,
      end: scan.end,
      participant: [`Patient/${patients[2]}`, `Device/${scanner}`].map((reference) => ({ actor: { reference }, status: 'accepted' })),
    }
    expect((await house.call('POST', 'Appointment', clashing)).status).toBe(409)
    const excused = clashing.participant.map((one, i) => (i === 1 ? { ...one, status: 'declined' } : one))
    made(await house.call('POST', 'Appointment', { ...clashing, participant: excused }))
    const informed = clashing.participant.map((one, i) => (i === 1 ? { ...one, required: 'information-only' } : one))
    made(await house.call('POST', 'Appointment', { ...clashing, participant: informed }))
  })

  it('claim the Schedule itself where none of its actors can be in one place only', async () => {
    const site = await create(house.call, { resourceType: 'Location', status: 'active', name: 'Hall' })
    const [one, two] = [await scheduleOf([`Location/${site}`]), await scheduleOf([`Location/${site}`])]
    const [a, b] = await place.patients(2)
    const slot = at(await slotsOf(one, someday), '09:00')
    made(await place.book(slot.id, a ?? ''))
    expect((await place.book(slot.id, b ?? '')).status).toBe(409)
    made(await place.book(at(await slotsOf(two, someday), '09:00').id, b ?? ''))
  })
})

describe('an Appointment without a Slot', () => {
  it('takes the free Slots of its practitioner that it overlaps, moves and gives them back', async () => {
    const day = dateIn(6)
    const visit = {
      resourceType: 'Appointment',
      status: 'booked',
      start: `${day}T09:10:00Z`,
      end: `${day}T09:40:00Z`,
      participant: [`Patient/${await place.patient()}`, `Practitioner/${place.practitioners[0]}`].map((reference) => ({
        actor: { reference },
        status: 'accepted',
      })),
    }
    const stored = made(await house.call('POST', 'Appointment', visit))
    expect(taken(await place.slotsOn(6))).toEqual(['09:00', '09:15', '09:30'])
    const moved = made(
      await house.call('PUT', `Appointment/${stored.id}`, { ...stored, start: `${day}T11:00:00Z`, end: `${day}T11:30:00Z` }),
      200,
    )
    expect(taken(await place.slotsOn(6))).toEqual(['11:00', '11:15'])
    made(await house.call('PUT', `Appointment/${stored.id}`, { ...moved, status: 'pending' }), 200)
    expect(taken(await place.slotsOn(6))).toEqual([])
    made(await house.call('PUT', `Appointment/${stored.id}`, { ...moved }), 200)
    expect(taken(await place.slotsOn(6))).toEqual(['11:00', '11:15'])
    expect((await house.call('DELETE', `Appointment/${stored.id}`)).status).toBe(204)
    expect(taken(await place.slotsOn(6))).toEqual([])
  })
})
