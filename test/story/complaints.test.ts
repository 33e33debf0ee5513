/** What users of other systems complain of, told as it happened to them; docs/complaints.md names each. */
import { dayMs, hourMs } from '../../src/base/durations.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, ours, timezone } from '../support/clinic.ts'
import { type Answer, type Body, type Call, caller, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

/** Two servers on one database; what is asked of the one is told by the other. */
let house: TestHouse
let other: TestHouse
let calls: readonly Call[]
beforeAll(async () => {
  house = await testHouse()
  other = await testHouse({ beside: house })
  calls = [house.call, caller(`${other.origin}/fhir`, await other.token('system/*.cruds'))]
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(async () => {
  await other.close()
  await house.close()
})

const at = (n: number): Call => calls[n % calls.length] as Call
const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status).sort()
const instant = (text: string): number => Date.parse(text)
const localHour = (zone: string, instant: string): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(new Date(instant))

describe('a clinic that is open day and night', () => {
  const open = { start: '00:00:00', end: '00:00:00', slotMinutes: 60, minutes: 60, horizon: new Date(Date.now() + 4 * dayMs) }
  const move = (call: Call, visit: Body, slot: Body) =>
    call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${slot.id}` }))
  const freeFrom = async (place: Clinic, hours: number): Promise<Body[]> => {
    const start = new Date(Date.now() + hours * hourMs).toISOString()
    return matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?start=${start}&_count=10`))
  }
  const asPatient = async (patient: string): Promise<Call> => house.as(await house.token('patient/*.cruds', { patient }))

  // easyappointments#1789: west of Greenwich a visit four hours ahead counted as one that had begun.
  it.each(['Pacific/Pago_Pago', 'America/Chicago', 'Asia/Kolkata', 'Pacific/Kiritimati'])(
    'in %s lets a patient move and give up a visit as long as there is notice, and then not',
    async (zone) => {
      const place = await clinic(house.call, { ...open, zone, policy: { minNoticeMinutes: 150, cancelNoticeMinutes: 150 } })
      const patient = await place.patient()
      const mine = await asPatient(patient)
      const [soon, later] = (await freeFrom(place, 3)) as [Body, Body]
      const visit = made(await mine('POST', `Slot/${later.id}/$book`, parameters({})))
      expect(made(await move(mine, visit, soon), 200).slot).toEqual([{ reference: `Slot/${soon.id}` }])
      made(await mine('POST', `Appointment/${visit.id}/$cancel`), 200)
      const [tooSoon] = matches(
        await house.call('GET', `Slot?schedule=Schedule/${place.schedules[0]}&start=gt${new Date().toISOString()}&_sort=start&_count=1`),
      )
      expect((await mine('POST', `Slot/${tooSoon?.id}/$book`, parameters({}))).status).toBe(422)
      const staffed = made(await house.call('POST', 'Appointment', place.appointment(tooSoon as Body, patient)))
      expect((await move(mine, staffed, soon)).status).toBe(422)
      expect((await mine('POST', `Appointment/${staffed.id}/$cancel`)).status).toBe(422)
    },
  )

  it('keeps its visits at their instants when its time zone changes, and they can be changed, moved and given up', async () => {
    const place = await clinic(house.call, { ...open, zone: 'America/Chicago' })
    const patient = await place.patient()
    const [first, second, third] = (await freeFrom(place, 30)) as [Body, Body, Body]
    const visits = [made(await place.book(first.id, patient)), made(await place.book(second.id, patient))] as [Body, Body]
    const schedule = (await place.schedule()) as Body & { extension: { url: string }[] }
    const zone = 'Asia/Kolkata'
    const extension = [...schedule.extension.filter(({ url }) => url === ours('availability')), timezone(zone)]
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, extension }), 200)
    for (const visit of visits) expect(made(await at(1)('GET', `Appointment/${visit.id}`), 200)).toEqual(visit)
    const mine = await asPatient(patient)
    expect(made(await mine('PUT', `Appointment/${visits[0].id}`, { ...visits[0], comment: 'By bus' }), 200).comment).toBe('By bus')
    const free = await freeFrom(place, 30)
    // The new hours are those of the new zone, half an hour off the old ones; nothing free overlaps the visits that stand.
    for (const { start } of free) expect(localHour(zone, start)).toMatch(/:00$/)
    for (const slot of free)
      for (const visit of visits) expect(instant(slot.start) >= instant(visit.end) || instant(slot.end) <= instant(visit.start)).toBe(true)
    const to = free.find(({ start }) => instant(start) >= instant(third.end)) as Body
    expect(made(await move(mine, visits[0], to), 200).slot).toEqual([{ reference: `Slot/${to.id}` }])
    made(await mine('POST', `Appointment/${visits[1].id}/$cancel`), 200)
  })
})

// thunderbird/appointment#735, #736: hours saved in summer were an hour off in winter.
it('hours that were saved before the clocks change are those hours after it, to read and to book', async () => {
  const zone = 'America/New_York'
  // Summer time lasts 238 days, and only Wednesdays count.
  const horizon = new Date(Date.now() + 250 * dayMs)
  const place = await clinic(house.call, { zone, slotMinutes: 60, minutes: 60, days: ['wed'], horizon })
  const slots = matches(await house.call('GET', `Slot?schedule=Schedule/${place.schedules[0]}&_count=1000`))
  expect(new Set(slots.map(({ start }) => localHour('Etc/UTC', start))).size).toBe(9)
  const hours = [...new Set(slots.map(({ start }) => localHour(zone, start)))].sort()
  expect(hours).toEqual(Array.from({ length: 8 }, (_, n) => `${String(n + 9).padStart(2, '0')}:00`))
  const offered = matches(
    await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?start=${slots.at(-1)?.start}&end=${slots.at(-1)?.end}`),
  )
  expect(made(await place.book(offered[0]?.id ?? '', await place.patient())).start).toBe(new Date(slots.at(-1)?.start ?? '').toISOString())
  const schedule = (await place.schedule()) as Body
  const said = schedule.extension?.find(({ url }) => url === ours('availability'))?.extension ?? []
  expect(said).toContainEqual({ url: 'startTime', valueTime: '09:00:00' })
})

// cal.diy PR#22401: what one guest booked stayed free in a cache, and a second guest had it a second later.
it('what somebody has just booked is free to nobody, at whichever server and however lately it was looked at', async () => {
  const place = await clinic(house.call, { end: '11:00:00' })
  const isFree = async (call: Call, slot: Body): Promise<boolean> => {
    const window = `start=${slot.start}&end=${slot.end}`
    return matches(await call('GET', `Schedule/${place.schedules[0]}/$find-slots?${window}`)).some(({ id }) => id === slot.id)
  }
  for (const [n, slot] of (await place.slotsOn(2)).entries()) {
    expect([await isFree(at(n), slot), await isFree(at(n + 1), slot)]).toEqual([true, true])
    const book = async (call: Call) => call('POST', `Slot/${slot.id}/$book`, parameters({ patient: `Patient/${await place.patient()}` }))
    const visit = made(await book(at(n)))
    expect([await isFree(at(n + 1), slot), await isFree(at(n), slot)]).toEqual([false, false])
    expect((await book(at(n + 1))).status).toBe(409)
    made(await at(n + 1)('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect([await isFree(at(n), slot), await isFree(at(n + 1), slot)]).toEqual([true, true])
  }
})

// hapi-fhir#5288: two updates in one moment left the older version as the newest, and no update came through any more.
it('updates of one moment are versions in one order, and the resource can be updated on', async () => {
  const practitioner = made(await house.call('POST', 'Practitioner', { resourceType: 'Practitioner', active: true }))
  const path = `Practitioner/${practitioner.id}`
  const crowd = 30
  const write = (n: number) => at(n)('PUT', path, { ...practitioner, name: [{ family: `Okafor ${n}` }] })
  const answers = await Promise.all(Array.from({ length: crowd }, (_, n) => write(n)))
  expect(statuses(answers)).toEqual(Array.from({ length: crowd }, () => 200))
  const history = (made(await at(1)('GET', `${path}/_history?_count=100`), 200).entry ?? []).map(({ resource }) => resource)
  expect(history.map(({ meta }) => Number(meta.versionId))).toEqual(Array.from({ length: crowd + 1 }, (_, n) => crowd + 1 - n))
  const times = history.map(({ meta }) => Date.parse(meta.lastUpdated))
  expect(times).toEqual(times.toSorted((a, b) => b - a))
  const [newest] = history
  expect(made(await house.call('GET', path), 200)).toEqual(newest)
  expect(new Set(history.map((one) => JSON.stringify((one as { name?: unknown }).name))).size).toBe(crowd + 1)
  const next = await at(1)('PUT', path, { ...newest, active: false }, { 'if-match': `W/"${newest?.meta.versionId}"` })
  expect(made(next, 200).meta.versionId).toBe(String(crowd + 2))
})

// hapi-fhir-jpaserver-starter#459: transactions with the same conditional creates, sent at once, each made their own.
it('transactions of one moment that create the same, where it is not there yet, make one of each', async () => {
  const system = 'urn:oid:1.2.36.146.459'
  const created = (resourceType: string, fullUrl: string, more: object = {}) => ({
    fullUrl,
    resource: { resourceType, active: true, identifier: [{ system, value: 'one' }], ...more },
    request: { method: 'POST', url: resourceType, ifNoneExist: `identifier=${system}|one` },
  })
  const organization = 'urn:uuid:0d0f2bd4-5f3d-4d6c-9d1a-4b7c3d6b0a01'
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      created('Organization', organization, { name: 'Riverside' }),
      created('Patient', 'urn:uuid:0d0f2bd4-5f3d-4d6c-9d1a-4b7c3d6b0a02', { managingOrganization: { reference: organization } }),
    ],
  }
  const answers = await Promise.all(Array.from({ length: 24 }, (_, n) => at(n)('POST', '', bundle)))
  expect(new Set(statuses(answers))).toEqual(new Set([200]))
  const entries = answers.flatMap(({ json }) => (json.entry ?? []) as unknown as { response: { status: string } }[])
  expect(entries.filter(({ response }) => response.status.startsWith('201'))).toHaveLength(2)
  const [patients, organizations] = await Promise.all(
    ['Patient', 'Organization'].map(async (type) => matches(await at(1)('GET', `${type}?identifier=${system}|one`))),
  )
  expect([patients?.length, organizations?.length]).toEqual([1, 1])
  expect(patients).toMatchObject([{ managingOrganization: { reference: `Organization/${organizations?.[0]?.id}` } }])
})
