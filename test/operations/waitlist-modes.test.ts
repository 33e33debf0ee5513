/** Several are offered one time at once; offers run out; several servers work on one list; and who is booked elsewhere. */
import { offerWaitlist } from '../../src/jobs/offer-waitlist.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, policyExtension } from '../support/clinic.ts'
import { type Body, eventually, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse({ waitlist: { offersAtOnce: 3, onBooking: 'end' } })
})
afterAll(() => house.close())

type Row = { entry: string; state: string }
const rows = (slot: string): Promise<Row[]> =>
  house.house.pool.query<Row>({
    text: 'select entry, state from waitlist_offer where slot = $1 order by offered_at, place',
    values: [slot],
  })
const until = (holds: () => Promise<boolean>, one = house.house): Promise<number> =>
  eventually(60_000, async () => {
    await offerWaitlist(one)
    return holds()
  })
const joined = async (place: Clinic, count: number, more: Readonly<Record<string, unknown>> = {}): Promise<Body[]> => {
  const patients = await place.patients(count)
  const call = (patient: string) =>
    house.call(
      'POST',
      'Appointment/$join-waitlist',
      parameters({ patient: `Patient/${patient}`, 'healthcare-service': `HealthcareService/${place.service}`, ...more }),
    )
  const entries = await Promise.all(patients.map(async (patient) => made(await call(patient))))
  const listed = async () => {
    const [row] = await house.house.pool.query<{ n: number }>({
      text: 'select count(distinct appointment)::int as n from waitlist_entry where appointment = any($1::text[])',
      values: [entries.map(({ id }) => id)],
    })
    return row?.n === count
  }
  await until(listed)
  return entries
}
const freed = async (place: Clinic, time: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  const slot = await place.slotAt(2, time)
  const visit = made(await place.book(slot.id, await place.patient(), more))
  made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
  return slot.id
}
/** A clinic whose own new Slots have been gone past, with nobody waiting yet. */
const settled = async (): Promise<Clinic> => {
  const place = await clinic(house.call)
  await joined(place, 0)
  const [last] = await house.house.pool.query<{ pos: string }>({ text: 'select max(pos)::text as pos from change', values: [] })
  await until(async () => {
    const [row] = await house.house.pool.query<{ past: boolean }>({
      text: `select pos >= $1::bigint as past from follower where name = 'waitlist'`,
      values: [last?.pos],
    })
    return row?.past === true
  })
  return place
}

it('offers one time to so many, gives it to the first, and withdraws the others', async () => {
  const place = await settled()
  const entries = await joined(place, 4)
  const slot = await freed(place, '10:00')
  await until(async () => (await rows(slot)).length > 0)
  const offers = await rows(slot)
  expect(offers.map(({ state }) => state)).toEqual(['live', 'live', 'live'])
  const answers = await Promise.all(offers.map(({ entry }) => house.call('POST', `Appointment/${entry}/$accept-offer`)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
  await offerWaitlist(house.house)
  expect((await rows(slot)).map(({ state }) => state).sort()).toEqual(['accepted', 'withdrawn', 'withdrawn'])
  const open = matches(await house.call('GET', 'Communication?status=in-progress'))
  expect(open).toEqual([])
  const statuses = await Promise.all(entries.map(async ({ id }) => made(await house.call('GET', `Appointment/${id}`), 200).status))
  expect(statuses.sort()).toEqual(['booked', 'waitlist', 'waitlist', 'waitlist'])
  expect(await disagreements(house.house.pool)).toEqual([])
})

it('gives a time whose offers have run out to the next, and refuses whoever answers late', async () => {
  const place = await settled()
  const entries = await joined(place, 4)
  const slot = await freed(place, '11:00')
  await until(async () => (await rows(slot)).length > 0)
  const late = (await rows(slot))[0]?.entry
  await house.house.pool.query({ text: `update waitlist_offer set expires = now() where slot = $1`, values: [slot] })
  expect((await house.call('POST', `Appointment/${late}/$accept-offer`)).status).toBe(410)
  await until(async () => (await rows(slot)).length > 3)
  const now = await rows(slot)
  expect(now.map(({ state }) => state)).toEqual(['lapsed', 'lapsed', 'lapsed', 'live'])
  expect(new Set(now.map(({ entry }) => entry))).toEqual(new Set(entries.map(({ id }) => id)))
  expect((await house.call('POST', `Appointment/${late}/$accept-offer`)).status).toBe(410)
  made(await house.call('POST', `Appointment/${now[3]?.entry}/$accept-offer`), 200)
  expect(await disagreements(house.house.pool)).toEqual([])
})

it('keeps the time for as long as the last of them may answer, whatever notice the service of the first asks for', async () => {
  const place = await settled()
  const slot = await place.slotAt(2, '12:00')
  // Who comes for this one has ten minutes or so.
  const minNoticeMinutes = Math.floor((Date.parse(slot.start) - Date.now()) / 60_000) - 10
  const strict = await create(house.call, {
    ...{ resourceType: 'HealthcareService', active: true, name: 'Strict', type: place.type },
    extension: [policyExtension({ durationMinutes: 15, minNoticeMinutes })],
  })
  const schedule = await place.schedule()
  const actor = [...(schedule as Body & { actor: object[] }).actor, { reference: `HealthcareService/${strict}` }]
  made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, actor }), 200)
  const [first] = await joined({ ...place, service: strict }, 1, { priority: 1 })
  const [second] = await joined(place, 1, { priority: 9 })
  const freed12 = await freed(place, '12:00', { 'healthcare-service': `HealthcareService/${place.service}` })
  await until(async () => (await rows(freed12)).length > 1)
  const [span] = await house.house.pool.query<{ entries: string[]; each: string; kept: boolean }>({
    text: `select array_agg(o.entry order by o.place) as entries, count(distinct o.expires)::text as each,
                  bool_and((select min(c.expires) from claim c where c.appointment = o.holder) > o.expires) as kept
             from waitlist_offer o where o.slot = $1`,
    values: [freed12],
  })
  expect(span).toEqual({ entries: [first?.id, second?.id], each: '2', kept: true })
  made(await house.call('POST', `Appointment/${second?.id}/$accept-offer`), 200)
  expect(await disagreements(house.house.pool)).toEqual([])
})

it('makes each offer once, however many servers work on the list at the same time', async () => {
  const place = await settled()
  const entries = await joined(place, 9)
  const slots: string[] = []
  for (const time of ['13:00', '13:15', '13:30', '13:45']) slots.push(await freed(place, time))
  const offers = async () => (await Promise.all(slots.map(rows))).flat()
  await eventually(60_000, async () => {
    await Promise.all([1, 2, 3, 4].map(() => offerWaitlist({ ...house.house })))
    return (await offers()).length >= 9
  })
  const made9 = await offers()
  expect(made9).toHaveLength(9)
  expect(new Set(made9.map(({ entry }) => entry))).toEqual(new Set(entries.map(({ id }) => id)))
  // The fourth time found nobody who has no offer yet, and is free for all.
  expect((await Promise.all(slots.map(async (slot) => (await rows(slot)).length))).sort()).toEqual([0, 3, 3, 3])
  expect(await disagreements(house.house.pool)).toEqual([])
})

it('ends the entry of who is booked for the same service elsewhere, where the clinic wants it so', async () => {
  const place = await settled()
  const [entry] = await joined(place, 1)
  const patient = entry?.participant.map(({ actor }) => actor?.reference).find((one) => one?.startsWith('Patient/'))
  made(await place.book((await place.slotAt(4, '10:00')).id, String(patient).slice('Patient/'.length)))
  const ended = async () => made(await house.call('GET', `Appointment/${entry?.id}`), 200)
  await until(async () => (await ended()).status === 'cancelled')
  expect((await ended()).cancelationReason?.text).toBe('The patient has a visit for this.')
})
