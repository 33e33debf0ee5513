/** Who is taken up by a visit that names a role or a place, when these say so only after it was written; and by other spellings. */
import { closeInAgreement } from '../support/agreement.ts'
import { type Clinic, clinic, create, instantIn } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2 })
})
afterAll(() => closeInAgreement(house))

const saidBy = ({ status, json }: Answer): string => `${status} ${json.issue?.[0]?.code}`
const room = { physicalType: { coding: [{ code: 'ro' }] } }
const person = () => create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Stand-In' }] }).then((id) => `Practitioner/${id}`)
const change = async (reference: string, more: object): Promise<Answer> => {
  const now = made(await house.call('GET', reference), 200)
  return house.call('PUT', reference, { ...now, ...more })
}
const visit = (time: string, actors: readonly string[], more: object = {}): object => ({
  resourceType: 'Appointment',
  status: 'booked',
  start: instantIn(2, time),
  end: instantIn(2, `${time.slice(0, 3)}59`),
  participant: actors.map((reference) => ({ actor: { reference }, status: 'accepted' })),
  ...more,
})
const write = (...said: Parameters<typeof visit>) => house.call('POST', 'Appointment', visit(...said))
const slotNow = (slot: Body) => house.call('GET', `Slot/${slot.id}`).then((answer) => made(answer, 200))

describe('a PractitionerRole', () => {
  it('that comes after the visits that name it takes up its Practitioner for them', async () => {
    const slot = await place.slotAt(2, '09:00')
    const role = 'PractitionerRole/comes-later'
    const first = appointmentIn(await write('09:00', [role]))
    const practitioner = { reference: `Practitioner/${place.practitioners[0]}` }
    made(await house.call('PUT', role, { resourceType: 'PractitionerRole', id: 'comes-later', practitioner }))
    expect((await slotNow(slot)).status).toBe('busy')
    expect(saidBy(await write('09:00', [practitioner.reference]))).toBe('409 conflict')
    expect((await place.book(slot.id, await place.patient())).status).toBe(409)
    made(await house.call('POST', `Appointment/${first?.id}/$cancel`), 200)
    expect((await slotNow(slot)).status).toBe('free')
  })

  it('does not become another’s whose visits lie under its own', async () => {
    const [a, b] = [await person(), await person()]
    const role = `PractitionerRole/${await create(house.call, { resourceType: 'PractitionerRole', practitioner: { reference: a } })}`
    made(await write('10:00', [role]))
    const own = made(await write('10:00', [b]))
    const answer = await change(role, { practitioner: { reference: b } })
    expect(saidBy(answer)).toBe('409 conflict')
    expect(answer.json.issue?.[0]?.diagnostics).toMatch(/Appointment\/[\w-]+\)\. Move or cancel them first\./)
    made(await house.call('POST', `Appointment/${own.id}/$cancel`), 200)
    made(await change(role, { practitioner: { reference: b } }), 200)
    expect(saidBy(await write('10:00', [b]))).toBe('409 conflict')
    made(await write('11:00', [b]))
  })

  it('leaves visits alone that are over, declined or taken by nobody', async () => {
    const [a, role] = [await person(), 'PractitionerRole/of-nobody-yet']
    made(await write('10:00', [a]))
    made(await write('10:00', [role], { status: 'proposed' }))
    made(await write('10:00', ['Location/x'], { participant: [{ actor: { reference: role }, status: 'declined' }] }))
    made(await write('10:00', [role], { start: instantIn(-2, '10:00'), end: instantIn(-2, '10:30') }))
    made(await house.call('PUT', role, { resourceType: 'PractitionerRole', id: 'of-nobody-yet', practitioner: { reference: a } }))
  })

  it('does not leave out a visit that is booked just as it becomes another’s', async () => {
    for (let round = 0; round < 20; round++) {
      const [a, id] = [await person(), `at-once-${round}`]
      const answers = await Promise.all([
        house.call('PUT', `PractitionerRole/${id}`, { resourceType: 'PractitionerRole', id, practitioner: { reference: a } }),
        write('16:00', [`PractitionerRole/${id}`]),
        write('16:00', [a]),
      ])
      expect(answers.map(({ status }) => status).toSorted()).not.toEqual([201, 201, 201])
    }
  })

  it('that a visit contains is its Practitioner too', async () => {
    const a = await person()
    made(await write('12:00', [a]))
    const contained = (id: string) => ({ contained: [{ resourceType: 'PractitionerRole', id, practitioner: { reference: a } }] })
    expect(saidBy(await write('12:00', ['#role'], contained('role')))).toBe('409 conflict')
    made(await write('13:00', ['#role'], contained('role')))
    expect(saidBy(await write('13:00', [a]))).toBe('409 conflict')
  })
})

describe('a Location', () => {
  it('that becomes a room holds the visits that are in it, and no others', async () => {
    const ward = `Location/${await create(house.call, { resourceType: 'Location' })}`
    made(await write('14:00', [ward]))
    made(await change(ward, room), 200)
    expect(saidBy(await write('14:00', [ward]))).toBe('409 conflict')
    made(await write('15:00', [ward]))
  })

  it('does not become a room while two visits meet in it', async () => {
    const hall = `Location/${await create(house.call, { resourceType: 'Location' })}`
    made(await write('14:00', [hall]))
    const second = made(await write('14:00', [hall]))
    expect(saidBy(await change(hall, room))).toBe('409 conflict')
    made(await house.call('DELETE', `Appointment/${second.id}`), 204)
    made(await change(hall, room), 200)
  })
})

describe('a Schedule of nobody', () => {
  const slotOf = (schedule: string, time: string, status: string) => ({
    resourceType: 'Slot',
    status,
    schedule: { reference: schedule },
    start: instantIn(2, time),
    end: instantIn(2, `${time.slice(0, 3)}59`),
  })
  const become = (schedule: string, actor: string) =>
    house.call('PUT', schedule, { resourceType: 'Schedule', id: schedule.slice('Schedule/'.length), actor: [{ reference: actor }] })

  it('that is somebody’s later gives them what was booked and set busy on it', async () => {
    const [a, schedule] = [await person(), 'Schedule/written-last']
    const busy = made(await house.call('POST', 'Slot', slotOf(schedule, '09:00', 'busy')))
    const free = made(await house.call('POST', 'Slot', slotOf(schedule, '10:00', 'free')))
    made(await write('10:00', ['Location/x'], { slot: [{ reference: `Slot/${free.id}` }] }))
    made(await become(schedule, a))
    expect(saidBy(await write('09:00', [a]))).toBe('409 conflict')
    expect(saidBy(await write('10:00', [a]))).toBe('409 conflict')
    made(await house.call('PUT', `Slot/${busy.id}`, { ...busy, status: 'free' }), 200)
    made(await write('09:00', [a]))
  })

  it('does not become somebody’s who is elsewhere then', async () => {
    const [a, schedule] = [await person(), 'Schedule/too-late']
    made(await house.call('POST', 'Slot', slotOf(schedule, '09:00', 'busy')))
    made(await write('09:00', [a]))
    expect(saidBy(await become(schedule, a))).toBe('409 conflict')
  })
})

it('takes up somebody of another server by the whole address', async () => {
  const elsewhere = 'https://other.example/fhir/Practitioner/1'
  made(await write('09:00', [elsewhere]))
  expect(saidBy(await write('09:00', [elsewhere]))).toBe('409 conflict')
  made(await write('09:00', ['https://another.example/fhir/Practitioner/1']))
})

it('takes an address of this server for its own, however its scheme and host are written', async () => {
  const a = await person()
  made(await write('09:00', [a]))
  const { base } = house.house
  const written = base.replace(/^\w+:\/\/[^/]+/, (origin) => origin.toUpperCase())
  expect(written).not.toBe(base)
  expect(saidBy(await write('09:00', [`${written}/${a}`]))).toBe('409 conflict')
})
