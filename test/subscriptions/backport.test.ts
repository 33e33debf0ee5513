/**
 * The R5 Subscriptions backport by rest-hook, as the IG and Inferno's test kit look at it.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html
 */
import { createHmac } from 'node:crypto'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Body, eventually, made, type TestHouse, testHouse } from '../support/house.ts'
import { answers, isEvent, type Receiver, receiver, told } from '../support/receiver.ts'
import { becomes, byTopic, statusOf, subscribed, topic } from './subscribing.ts'

let house: TestHouse
let place: Clinic
let hook: Receiver
beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
  place = await clinic(house.call, { n: 2 })
})
afterAll(() => house.close())
beforeEach(async () => {
  hook = await receiver()
})
afterEach(() => hook.close())

const subscribe = (wanted: Partial<Parameters<typeof byTopic>[0]> = {}): Promise<Body> =>
  subscribed(house.call, byTopic({ endpoint: hook.url, ...wanted }))
const nth = { time: 0 }
/** A quarter of an hour that no other test here has had. */
const freshSlot = (schedule = 0): Promise<Body> => {
  const minutes = 9 * 60 + 15 * (nth.time++ % 28)
  return place.slotAt(
    2 + Math.floor(nth.time / 28),
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`,
    schedule,
  )
}
const booked = async (schedule = 0) => {
  const slot = await freshSlot(schedule)
  const patient = await place.patient()
  return { slot, patient, visit: made(await place.book(slot.id, patient)) }
}
const cancel = (id: string) => house.call('POST', `Appointment/${id}/$cancel`, { resourceType: 'Parameters' })

it('is active once its endpoint has taken the handshake, with the headers that it asked for', async () => {
  const written = made(
    await house.call(
      'POST',
      'Subscription',
      byTopic({ endpoint: hook.url, headers: ['Authorization: Bearer abc', 'X-Two: 1', 'X-Two: 2'] }),
    ),
  )
  expect(written.status).toBe('requested')
  const [shake] = await hook.waitFor(1)
  await becomes(house.call, written.id, 'active')
  expect(shake?.method).toBe('POST')
  expect(shake?.path).toBe('/hook')
  expect(shake?.headers).toMatchObject({ 'content-type': 'application/fhir+json', authorization: 'Bearer abc', 'x-two': '1, 2' })
  const { bundle, profile, type, total, entries } = told(shake ?? { body: '' })
  expect({ profile, type, total, entries }).toEqual({
    profile: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4',
    type: 'handshake',
    total: '0',
    entries: [],
  })
  expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'history' })
  expect(bundle.entry[0].request).toEqual({ method: 'GET', url: `${house.house.base}/Subscription/${written.id}/$status` })
  expect(bundle.entry[0].response.status).toBe('200')
  const reference = bundle.entry[0].resource.parameter.find(({ name }: { name: string }) => name === 'subscription')
  expect(reference.valueReference.reference).toBe(`${house.house.base}/Subscription/${written.id}`)
})

it('is told of each change in order, by numbers without a gap, and not of what was before', async () => {
  await booked()
  await subscribe({ maxCount: 3 })
  const visits = []
  for (let n = 0; n < 5; n++) visits.push((await booked()).visit)
  for (const { id } of visits) expect((await cancel(id)).status).toBe(200)
  await eventually(60_000, async () => hook.received.filter(isEvent).flatMap((one) => told(one).numbers).length >= 10)
  const events = hook.received.filter(isEvent).map(told)
  expect(events.flatMap(({ numbers }) => numbers)).toEqual(Array.from({ length: 10 }, (_, n) => String(n + 1)))
  expect(events.every(({ numbers }) => numbers.length <= 3)).toBe(true)
  expect(events.every(({ status }) => status === 'active')).toBe(true)
  const named = visits.map(({ id }) => `${house.house.base}/Appointment/${id}`)
  expect(events.flatMap(({ focuses }) => focuses)).toEqual([...named, ...named])
})

it.each(['empty', 'id-only', 'full-resource'])('sends %s content and no more', async (content) => {
  const { id } = await subscribe({ content })
  const { visit, patient } = await booked()
  const [event] = await hook.waitFor(1, isEvent)
  const { entries, focuses, numbers } = told(event ?? { body: '' })
  expect(numbers).toEqual(['1'])
  const url = `${house.house.base}/Appointment/${visit.id}`
  if (content === 'empty') {
    expect({ entries, focuses }).toEqual({ entries: [], focuses: [] })
    expect(event?.body).not.toContain(visit.id)
    return
  }
  expect(focuses).toEqual([url])
  expect(entries).toHaveLength(1)
  expect(entries[0]).toMatchObject({ fullUrl: url, request: { method: 'POST', url: 'Appointment' }, response: { status: '201' } })
  if (content === 'id-only') expect(entries[0]).not.toHaveProperty('resource')
  else expect(entries[0].resource).toEqual(visit)
  expect(event?.body.includes(patient)).toBe(content === 'full-resource')
  const shown = await house.call('GET', `AuditEvent?patient=Patient/${patient}&subtype=notify&entity=Subscription/${id}`)
  expect(shown.json.total).toBe(1)
})

it('signs what it sends with the secret that it was given', async () => {
  const secret = 'a-secret-of-the-subscriber'
  await subscribe({ secret })
  await booked()
  for (const { headers, body } of await hook.waitFor(2)) {
    const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-slotwise-signature'])) ?? []
    expect(digest).toBe(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'))
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60)
  }
})

it('sends a heartbeat while nothing happens', async () => {
  const { id } = await subscribe({ heartbeat: 1 })
  const beats = await hook.waitFor(2, (one) => told(one).type === 'heartbeat')
  expect(
    beats.map((one) => told(one)).every(({ numbers, total, status }) => numbers.length === 0 && total === '0' && status === 'active'),
  ).toBe(true)
  made(await house.call('PUT', `Subscription/${id}`, { ...byTopic({ endpoint: hook.url }), id, status: 'off' }), 200)
})

it('is told by topic and filter alone', async () => {
  const [freed, ofDoctor, ofPatient] = await Promise.all([receiver(), receiver(), receiver()])
  const [first, second] = place.practitioners
  const { patient, visit, slot } = await booked(0)
  await Promise.all([
    subscribed(house.call, byTopic({ endpoint: freed.url, topic: 'slot-freed' })),
    subscribed(
      house.call,
      byTopic({ endpoint: ofDoctor.url, topic: 'slot-changed', filters: [`Slot?practitioner=${second}`, 'status=free'] }),
    ),
    subscribed(house.call, byTopic({ endpoint: ofPatient.url, filters: [`Appointment?patient=Patient/${patient}`] })),
  ])
  const other = await booked(1)
  await cancel(other.visit.id)
  await cancel(visit.id)
  const focusOf = (one: Receiver) =>
    one.received.filter(isEvent).flatMap((event) => told(event).focuses.map((url) => url.replace(`${house.house.base}/`, '')))
  // Two events may come in one message.
  await Promise.all([
    eventually(60_000, async () => focusOf(freed).length >= 2),
    ofDoctor.waitFor(1, isEvent),
    ofPatient.waitFor(1, isEvent),
  ])
  expect(first).not.toBe(second)
  expect(focusOf(freed)).toEqual([`Slot/${other.slot.id}`, `Slot/${slot.id}`])
  expect(focusOf(ofDoctor)).toEqual([`Slot/${other.slot.id}`])
  expect(focusOf(ofPatient)).toEqual([`Appointment/${visit.id}`])
  await Promise.all([freed.close(), ofDoctor.close(), ofPatient.close()])
})

it('is told of Slots that were made from rules by their Schedule', async () => {
  await subscribe({ topic: 'slot-changed', filters: [`schedule=Schedule/${place.schedules[0]}`, 'status=free'] })
  const schedule = await place.schedule(1)
  made(
    await house.call('PUT', `Schedule/${schedule.id}`, {
      ...schedule,
      comment: 'more',
      planningHorizon: { end: new Date(Date.now() + 120 * 86_400_000).toISOString() },
    }),
    200,
  )
  const mine = await place.schedule(0)
  made(
    await house.call('PUT', `Schedule/${mine.id}`, {
      ...mine,
      planningHorizon: { end: new Date(Date.now() + 120 * 86_400_000).toISOString() },
    }),
    200,
  )
  const [event] = await hook.waitFor(1, isEvent)
  expect(told(event ?? { body: '' }).focuses).toEqual([`${house.house.base}/Schedule/${mine.id}`])
})

it('is off when its time is over, and told no more', async () => {
  // On a slow machine its end may come before its handshake: then it is never active.
  const end = new Date(Date.now() + 4_000).toISOString()
  const { id } = made(await house.call('POST', 'Subscription', byTopic({ endpoint: hook.url, more: { end } })))
  await becomes(house.call, id, 'off')
  const events = () => hook.received.filter(isEvent).length
  const before = events()
  await booked()
  const another = await receiver()
  await subscribed(house.call, byTopic({ endpoint: another.url }))
  await booked()
  await another.waitFor(1, isEvent)
  expect(events()).toBe(before)
  await another.close()
})

it('is in error, with a reason, when its endpoint does not take the handshake, and active when it is asked for again', async () => {
  hook.behave(answers(403))
  const written = made(await house.call('POST', 'Subscription', byTopic({ endpoint: hook.url })))
  for (let n = 1; n <= 5; n++) {
    await hook.waitFor(n)
    await eventually(60_000, async () => {
      await house.house.pool.query({ text: 'update graphile_worker._private_jobs set run_at = now() where locked_at is null', values: [] })
      return hook.received.length > n || (await statusOf(house.call, written.id)) === 'error'
    })
  }
  await becomes(house.call, written.id, 'error')
  const failed = (await house.call('GET', `Subscription/${written.id}`)).json as Body & { error: string }
  expect(failed.error).toBe('The endpoint answered 403.')
  hook.behave(answers(204))
  made(await house.call('PUT', `Subscription/${written.id}`, { ...failed, status: 'requested' }), 200)
  await house.house.pool.query({ text: 'update graphile_worker._private_jobs set run_at = now() where locked_at is null', values: [] })
  await becomes(house.call, written.id, 'active')
  expect((await house.call('GET', `Subscription/${written.id}`)).json).not.toHaveProperty('error')
})

it('names its topics in the CapabilityStatement', async () => {
  const { json } = await house.call('GET', 'metadata')
  const { rest } = json as unknown as { rest: { resource: { type: string; extension?: { url: string; valueUri: string }[] }[] }[] }
  const { extension = [] } = rest[0]?.resource.find(({ type }) => type === 'Subscription') ?? {}
  expect(new Set(extension.map(({ url }) => url))).toEqual(
    new Set(['http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical']),
  )
  expect(extension.map(({ valueUri }) => valueUri)).toEqual(
    ['slot-freed', 'slot-changed', 'appointment-changed', 'waitlist-offer'].map(topic),
  )
})
