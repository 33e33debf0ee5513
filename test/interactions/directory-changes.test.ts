/** What the clinic changes in its directory shows in its Slots by the time the change is answered (docs/booking.md). */
import { availability, clinic, dateIn, instantIn, timezone } from '../support/clinic.ts'
import { type Ask, type Loose, made, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
})
afterAll(() => server?.close())

const notAvailable = (start: string, end: string) => ({
  url: 'https://slotwise.org/fhir/StructureDefinition/not-available',
  extension: [
    { url: 'during', valuePeriod: { start, end } },
    { url: 'description', valueString: 'Closed' },
  ],
})

/** Starts of the free Slots of a day, `09:00` and so on, in UTC. */
async function times(schedule: string, day: number): Promise<string[]> {
  const { json } = await ask(
    'GET',
    `Slot?schedule=Schedule/${schedule}&status=free&start=ge${dateIn(day)}&start=lt${dateIn(day + 1)}&_sort=start&_count=200`,
  )
  return (json.entry ?? []).map((entry: Loose) => entry.resource.start.slice(11, 16))
}

/** Reads, changes, writes. */
async function change(reference: string, how: (resource: Loose) => Loose): Promise<void> {
  const { json } = await ask('GET', reference)
  const { status, text } = await ask('PUT', reference, { body: how(json) })
  expect([status, text.slice(0, 300)]).toEqual([200, expect.any(String)])
}

const hours = (from: number, until: number): string[] =>
  Array.from(
    { length: (until - from) * 4 },
    (_, i) => `${String(from + Math.floor(i / 4)).padStart(2, '0')}:${String((i % 4) * 15).padStart(2, '0')}`,
  )

describe('a Schedule', () => {
  it('has its Slots as soon as it is posted, and the others when its rule changes', async () => {
    const { schedules } = await clinic(server.call)
    const [id = ''] = schedules
    expect(await times(id, 2)).toEqual(hours(9, 17))
    await change(`Schedule/${id}`, (schedule) => ({
      ...schedule,
      extension: [timezone('Etc/UTC'), availability({ start: '13:00:00', end: '15:00:00' })],
    }))
    expect(await times(id, 2)).toEqual(hours(13, 15))
    await change(`Schedule/${id}`, (schedule) => ({
      ...schedule,
      extension: [...schedule.extension, notAvailable(instantIn(2, '13:00'), instantIn(2, '14:30'))],
    }))
    expect(await times(id, 2)).toEqual(['14:30', '14:45'])
    await change(`Schedule/${id}`, (schedule) => ({ ...schedule, active: false }))
    expect(await times(id, 2)).toEqual([])
  })

  it('that is deleted leaves Slots that are gone', async () => {
    const { schedules, slotAt } = await clinic(server.call)
    const slot = await slotAt(2, '09:00')
    expect((await ask('DELETE', `Schedule/${schedules[0]}`)).status).toBe(204)
    expect((await ask('GET', `Slot/${slot.id}`)).status).toBe(410)
    expect(await times(schedules[0] ?? '', 2)).toEqual([])
  })

  it('keeps a booked Slot whatever its rule becomes', async () => {
    const { schedules, slotAt, book, patient } = await clinic(server.call)
    const slot = await slotAt(2, '09:00')
    expect((await book(slot.id, await patient())).status).toBe(201)
    await change(`Schedule/${schedules[0]}`, (schedule) => ({
      ...schedule,
      extension: [timezone('Etc/UTC'), availability({ start: '13:00:00', end: '15:00:00' })],
    }))
    expect((await ask('GET', `Slot/${slot.id}`)).json.status).toBe('busy')
    expect(await times(schedules[0] ?? '', 2)).toEqual(hours(13, 15))
  })
})

describe('a Location', () => {
  it('that closes takes its Slots away, and gives them back when it opens again', async () => {
    const { schedules, location } = await clinic(server.call)
    const [id = ''] = schedules
    await change(`Location/${location}`, (place) => ({
      ...place,
      extension: [...place.extension, notAvailable(instantIn(3, '00:00'), instantIn(4, '00:00'))],
    }))
    expect([await times(id, 2), await times(id, 3), await times(id, 4)]).toEqual([hours(9, 17), [], hours(9, 17)])
    await change(`Location/${location}`, (place) => ({ ...place, extension: [timezone('Etc/UTC')] }))
    expect(await times(id, 3)).toEqual(hours(9, 17))
  })

  it('cuts rules that are not the Schedule’s own by its hours of operation', async () => {
    const daysOfWeek = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
    const practitioner = await made(ask, { resourceType: 'Practitioner', active: true })
    const location = await made(ask, { resourceType: 'Location', status: 'active', extension: [timezone('Etc/UTC')] })
    await made(ask, {
      resourceType: 'PractitionerRole',
      active: true,
      practitioner: { reference: `Practitioner/${practitioner}` },
      location: [{ reference: `Location/${location}` }],
      availableTime: [{ daysOfWeek, availableStartTime: '08:00:00', availableEndTime: '12:00:00' }],
    })
    const id = await made(ask, {
      resourceType: 'Schedule',
      active: true,
      actor: [`Practitioner/${practitioner}`, `Location/${location}`].map((reference) => ({ reference })),
    })
    expect(await times(id, 2)).toEqual(hours(8, 12))
    await change(`Location/${location}`, (place) => ({
      ...place,
      hoursOfOperation: [{ daysOfWeek, openingTime: '10:00:00', closingTime: '18:00:00' }],
    }))
    expect(await times(id, 2)).toEqual(hours(10, 12))
  })
})

describe('a PractitionerRole', () => {
  it('gives its hours to a Schedule without a rule, as they change', async () => {
    const daysOfWeek = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
    const practitioner = await made(ask, { resourceType: 'Practitioner', active: true })
    const id = await made(ask, {
      resourceType: 'Schedule',
      active: true,
      actor: [{ reference: `Practitioner/${practitioner}` }],
      extension: [timezone('Etc/UTC')],
    })
    expect(await times(id, 2)).toEqual([])
    const role = await made(ask, {
      resourceType: 'PractitionerRole',
      active: true,
      practitioner: { reference: `Practitioner/${practitioner}` },
      availableTime: [{ daysOfWeek, availableStartTime: '08:00:00', availableEndTime: '10:00:00' }],
    })
    expect(await times(id, 2)).toEqual(hours(8, 10))
    await change(`PractitionerRole/${role}`, (one) => ({
      ...one,
      notAvailable: [{ description: 'Away', during: { start: dateIn(2), end: dateIn(2) } }],
    }))
    expect([await times(id, 2), await times(id, 3)]).toEqual([[], hours(8, 10)])
    await ask('DELETE', `PractitionerRole/${role}`)
    expect(await times(id, 3)).toEqual([])
  })
})

describe('a HealthcareService', () => {
  it('gives its hours to a Schedule that has none, and takes away its holidays', async () => {
    const daysOfWeek = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
    const service = await made(ask, {
      resourceType: 'HealthcareService',
      active: true,
      availableTime: [{ daysOfWeek, availableStartTime: '08:00:00', availableEndTime: '10:00:00' }],
    })
    const practitioner = await made(ask, { resourceType: 'Practitioner', active: true })
    const id = await made(ask, {
      resourceType: 'Schedule',
      active: true,
      actor: [`Practitioner/${practitioner}`, `HealthcareService/${service}`].map((reference) => ({ reference })),
      extension: [timezone('Etc/UTC')],
    })
    expect(await times(id, 2)).toEqual(hours(8, 10))
    await change(`HealthcareService/${service}`, (one) => ({
      ...one,
      notAvailable: [{ description: 'Holiday', during: { start: dateIn(2), end: dateIn(2) } }],
    }))
    expect([await times(id, 2), await times(id, 3)]).toEqual([[], hours(8, 10)])
    await change(`HealthcareService/${service}`, ({ notAvailable: _gone, ...one }) => ({
      ...one,
      availableTime: [{ daysOfWeek, availableStartTime: '09:00:00', availableEndTime: '10:00:00' }],
    }))
    expect(await times(id, 2)).toEqual(hours(9, 10))
  })
})

describe('a Practitioner', () => {
  it('who is away has no Slots meanwhile', async () => {
    const { schedules, practitioners } = await clinic(server.call)
    await change(`Practitioner/${practitioners[0]}`, (one) => ({
      ...one,
      extension: [notAvailable(instantIn(2, '09:00'), instantIn(2, '16:00'))],
    }))
    expect(await times(schedules[0] ?? '', 2)).toEqual(hours(16, 17))
  })
})
