/** What else of a visit, or of a series from one visit on, can be changed than its time: whom it is with, where, and what for. */
import { disagreements } from '../support/agreement.ts'
import { availability, create, dateIn, instantIn, policyExtension, timezone } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { groupsOf, jointClinic, sent } from '../support/joint-clinic.ts'
import { numbersOf, weekly } from '../support/recurrence.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

type Service = { readonly id: string; readonly type: object[] }
type Place = { readonly short: Service; readonly long: Service; readonly schedules: readonly string[]; readonly doctors: readonly string[] }

const bySystem = (code: string) => [{ coding: [{ system: 'urn:test:edits', code }] }]

/** Two doctors whose Schedules offer a visit of 15 minutes and one of 30, from nine to eleven. */
async function place(): Promise<Place> {
  const service = async (minutes: number): Promise<Service> => {
    const type = bySystem(house.house.ids.next())
    const extension = [policyExtension({ durationMinutes: minutes })]
    return { type, id: await create(house.call, { resourceType: 'HealthcareService', active: true, type, extension }) }
  }
  const [short, long] = [await service(15), await service(30)]
  const doctors = [await create(house.call, { resourceType: 'Practitioner' }), await create(house.call, { resourceType: 'Practitioner' })]
  const schedules = await Promise.all(
    doctors.map((doctor) =>
      create(house.call, {
        resourceType: 'Schedule',
        active: true,
        serviceType: [...short.type, ...long.type],
        actor: [`Practitioner/${doctor}`, `HealthcareService/${short.id}`, `HealthcareService/${long.id}`].map((reference) => ({
          reference,
        })),
        extension: [timezone('Etc/UTC'), availability({ end: '11:00:00' })],
      }),
    ),
  )
  return { short, long, schedules, doctors }
}

const aPatient = () => create(house.call, { resourceType: 'Patient', active: true })
const slotAt = async (schedule: string, day: number, time: string): Promise<Body> =>
  matches(await house.call('GET', `Slot?schedule=Schedule/${schedule}&start=${instantIn(day, time)}`))[0] as Body
const statusOf = async (schedule: string | undefined, day: number, time: string) => (await slotAt(schedule ?? '', day, time)).status

async function booked(where: Place, service: Service, template?: object): Promise<Body[]> {
  const resource = {
    resourceType: 'Appointment',
    status: 'proposed',
    ...(template && { extension: [template] }),
    participant: [{ actor: { reference: `Patient/${await aPatient()}` }, status: 'needs-action' }],
  }
  const slot = await slotAt(where.schedules[0] ?? '', 2, '09:00')
  const asked = parameters({ 'appt-resource': { resource }, 'healthcare-service': `HealthcareService/${service.id}` })
  const answer = await house.call('POST', `Slot/${slot.id}/$book`, asked)
  return template ? matches(answer) : [made(answer)]
}

const edit = (visit: Body | undefined, values: Readonly<Record<string, unknown>>): Promise<Answer> =>
  house.call('POST', `Appointment/${visit?.id}/$reschedule`, parameters(values))
const actors = ({ participant }: Body): string[] => participant.flatMap(({ actor }) => actor?.reference ?? [])
const said = (visit: Body) => ({ type: visit.serviceType, minutes: (Date.parse(visit.end) - Date.parse(visit.start)) / 60_000 })
const again = (visits: readonly Body[]): Promise<Body[]> =>
  Promise.all(visits.map(async ({ id }) => made(await house.call('GET', `Appointment/${id}`), 200)))

it('one visit is for another service: its length, type and participant are that service’s, its time stays', async () => {
  const where = await place()
  const [visit] = (await booked(where, where.short)) as [Body]
  expect(actors(visit)).not.toContain(`HealthcareService/${where.long.id}`)
  const other = made(await edit(visit, { 'healthcare-service': `HealthcareService/${where.long.id}` }), 200)
  expect([other.id, other.start]).toEqual([visit.id, visit.start])
  expect(said(other)).toEqual({ type: where.long.type, minutes: 30 })
  expect(actors(other)).toContain(`HealthcareService/${where.long.id}`)
  expect(actors(other)).not.toContain(`HealthcareService/${where.short.id}`)
  expect(await statusOf(where.schedules[0], 2, '09:15')).toBe('busy')
  const back = made(await edit(other, { 'healthcare-service': `HealthcareService/${where.short.id}` }), 200)
  expect(said(back)).toEqual({ type: where.short.type, minutes: 15 })
  expect(await statusOf(where.schedules[0], 2, '09:15')).toBe('free')
  expect((await edit(visit, {})).status).toBe(400)
})

it('a visit for the second of a Schedule’s services stays one when it is moved', async () => {
  const where = await place()
  const [visit] = (await booked(where, where.long)) as [Body]
  const moved = made(await edit(visit, { start: { valueInstant: instantIn(2, '10:00') } }), 200)
  expect(said(moved)).toEqual({ type: where.long.type, minutes: 30 })
})

it('this visit and those that follow are for another service, the ones before stay', async () => {
  const where = await place()
  const visits = await booked(where, where.short, weekly(4))
  const changed = matches(
    await edit(visits[1], { scope: { valueCode: 'this-and-following' }, 'healthcare-service': `HealthcareService/${where.long.id}` }),
  )
  expect(numbersOf(changed)).toEqual([2, 3, 4])
  const after = await again(visits)
  expect(after.map(({ start }) => start)).toEqual(visits.map(({ start }) => start))
  expect(after.map((visit) => said(visit).minutes)).toEqual([15, 30, 30, 30])
  for (const visit of after.slice(1)) expect(said(visit).type).toEqual(where.long.type)
  expect([await statusOf(where.schedules[0], 2, '09:15'), await statusOf(where.schedules[0], 9, '09:15')]).toEqual(['free', 'busy'])
})

it('this visit and those that follow go to another doctor at their own times, for another service too', async () => {
  const where = await place()
  const visits = await booked(where, where.short, weekly(3))
  const changed = matches(
    await edit(visits[1], {
      scope: { valueCode: 'this-and-following' },
      schedule: `Schedule/${where.schedules[1]}`,
      'healthcare-service': `HealthcareService/${where.long.id}`,
    }),
  )
  expect(numbersOf(changed)).toEqual([2, 3])
  const after = await again(visits)
  expect(after.map(({ start }) => start)).toEqual(visits.map(({ start }) => start))
  const doctorOf = (visit: Body) => where.doctors.filter((doctor) => actors(visit).includes(`Practitioner/${doctor}`))
  expect(after.map(doctorOf)).toEqual([[where.doctors[0]], [where.doctors[1]], [where.doctors[1]]])
  expect(await statusOf(where.schedules[0], 9, '09:00')).toBe('free')
})

it('none changes where one cannot: the longer visit of one week runs into another’s', async () => {
  const where = await place()
  const visits = await booked(where, where.short, weekly(3))
  const next = await slotAt(where.schedules[0] ?? '', 16, '09:15')
  const blocker = { patient: `Patient/${await aPatient()}`, 'healthcare-service': `HealthcareService/${where.short.id}` }
  made(await house.call('POST', `Slot/${next.id}/$book`, parameters(blocker)))
  const refused = await edit(visits[0], { scope: { valueCode: 'all' }, 'healthcare-service': `HealthcareService/${where.long.id}` })
  expect(refused.status).toBe(409)
  expect(refused.json.issue.map(({ diagnostics }) => diagnostics)).toEqual([expect.stringMatching(/^Visit 3 of the series/)])
  expect(await again(visits)).toEqual(visits)
})

it('this visit and those that follow take another room, the doctor stays', async () => {
  const where = await jointClinic(house.call, { practitioners: 1, rooms: 2, devices: 0, end: '10:00:00' })
  const [doctor, room, other] = [where.practitioners[0], where.rooms[0], where.rooms[1]] as const
  if (!doctor || !room || !other) throw new Error('too few')
  const proposal = {
    resourceType: 'Appointment',
    status: 'proposed',
    extension: [weekly(3)],
    participant: [{ actor: { reference: `Patient/${await aPatient()}` }, status: 'needs-action' }],
  }
  const slot = (await slotAt(doctor.schedule, 2, '09:00')).id
  const asked = [...groupsOf([doctor], [room]), { name: 'appt-resource', resource: proposal }]
  const visits = matches(await house.call('POST', `Slot/${slot}/$book`, sent(asked, { 'healthcare-service': where.service })))
  const change = [...groupsOf([doctor], [other]), { name: 'scope', valueCode: 'this-and-following' }]
  const changed = matches(await house.call('POST', `Appointment/${visits[1]?.id}/$reschedule`, sent(change)))
  expect(numbersOf(changed)).toEqual([2, 3])
  const after = await again(visits)
  expect(after.map(({ start }) => start.slice(0, 10))).toEqual([2, 9, 16].map(dateIn))
  const rooms = (visit: Body) => actors(visit).filter((actor) => actor.startsWith('Location/'))
  expect(after.map(rooms)).toEqual([[room.actor], [other.actor], [other.actor]])
  expect([await statusOf(room.schedule, 9, '09:00'), await statusOf(other.schedule, 9, '09:00')]).toEqual(['free', 'busy'])
})
