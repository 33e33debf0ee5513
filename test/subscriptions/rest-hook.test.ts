/**
 * R4's own rest-hook with criteria, who may be told what, and what is never active.
 * https://hl7.org/fhir/R4/subscription.html
 */
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fhir } from 'fhir'
import { type Body, eventually, made, type TestHouse, testHouse } from '../support/house.ts'
import { type Receiver, receiver } from '../support/receiver.ts'
import { becomes, byCriteria, byTopic, statusOf, subscribed } from './subscribing.ts'

const json = 'application/fhir+json'

let house: TestHouse
let hook: Receiver
beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
})
afterAll(() => house.close())
beforeEach(async () => {
  hook = await receiver()
})
afterEach(() => hook.close())

const patient = async (family: string, more: object = {}): Promise<Body> =>
  made(await house.call('POST', 'Patient', { resourceType: 'Patient', name: [{ family }], ...more }))
const change = async (resource: Body, more: object): Promise<Body> =>
  made(await house.call('PUT', `${resource.resourceType}/${resource.id}`, { ...resource, ...more }), 200)

it('puts each version that meets the criteria below the endpoint, in order, and no other', async () => {
  const early = await patient('Told')
  await subscribed(house.call, byCriteria('Patient?family=told&active=true', { endpoint: hook.url, payload: json }))
  await patient('Untold', { active: true })
  const first = await patient('Told', { active: true })
  await change(first, { active: false })
  const third = await change(first, { birthDate: '1970-01-01' })
  const late = await change(early, { active: true })
  const sent = await hook.waitFor(3)
  expect(sent.map(({ method, path }) => [method, path])).toEqual([first, third, late].map(({ id }) => ['PUT', `/hook/Patient/${id}`]))
  expect(sent.map(({ body }) => JSON.parse(body))).toEqual([first, third, late])
  expect(sent.map(({ headers }) => headers['content-type'])).toEqual([json, json, json])
})

it('judges a version that was superseded before anybody looked, by search parameters of every kind', async () => {
  const criteria = [
    'Patient?birthdate=ge1980&birthdate=lt1990',
    'Patient?name:contains=ipse&gender=female',
    'Patient?general-practitioner.family=Stone',
  ]
  const hooks = await Promise.all(criteria.map(() => receiver()))
  await Promise.all(criteria.map((one, i) => subscribed(house.call, byCriteria(one, { endpoint: hooks[i]?.url, payload: json }))))
  const doctor = made(await house.call('POST', 'Practitioner', { resourceType: 'Practitioner', name: [{ family: 'Stone' }] }))
  const versions = [
    { birthDate: '1985-05-05' },
    { name: [{ family: 'Eclipsed' }], gender: 'female' },
    { generalPractitioner: [{ reference: `Practitioner/${doctor.id}` }] },
  ]
  const { id } = await patient('Plain')
  for (const elements of versions) made(await house.call('PUT', `Patient/${id}`, { resourceType: 'Patient', id, ...elements }), 200)
  made(await house.call('PUT', `Patient/${id}`, { resourceType: 'Patient', id, name: [{ family: 'Plain' }] }), 200)
  for (const [i, one] of hooks.entries()) {
    const [sent] = await one.waitFor(1)
    expect(JSON.parse(sent?.body ?? '')).toMatchObject(versions[i] ?? {})
    expect(one.received).toHaveLength(1)
    await one.close()
  }
})

it('sends an empty message where no payload was asked for', async () => {
  await subscribed(house.call, byCriteria('Patient?family=quiet', { endpoint: hook.url, header: ['X-Key: k'] }))
  await patient('Quiet')
  const [sent] = await hook.waitFor(1)
  expect(sent).toMatchObject({ method: 'POST', path: '/hook', body: '' })
  expect(sent?.headers['x-key']).toBe('k')
})

it('tells a subscriber only of what whoever wrote the Subscription may read', async () => {
  const mine = await patient('Mine')
  const others = await patient('Others')
  const narrow = house.as(await house.token(`system/Subscription.cruds system/Patient.rs?_id=${mine.id}`))
  await subscribed(narrow, byCriteria('Patient?', { endpoint: hook.url, payload: json }))
  await change(others, { active: true })
  const told = await change(mine, { active: true })
  const [sent] = await hook.waitFor(1)
  expect(JSON.parse(sent?.body ?? '')).toEqual(told)
  expect(hook.received).toHaveLength(1)

  const confined = house.as(await house.token('system/Subscription.cruds patient/Appointment.rs patient/Patient.rs', { patient: mine.id }))
  const another = await receiver()
  await subscribed(confined, byCriteria('Patient?', { endpoint: another.url, payload: json }))
  await change(others, { active: false })
  const again = await change(mine, { active: false })
  await another.waitFor(1)
  expect(another.received.map(({ body }) => JSON.parse(body))).toEqual([again])
  await another.close()
})

it('binds a Subscription to the rights of whoever wrote it last', async () => {
  const { id } = await subscribed(house.call, byCriteria('Patient?family=bound', { endpoint: hook.url, payload: json }))
  const weak = house.as(await house.token('system/Subscription.cruds system/Slot.rs'))
  const body = byCriteria('Patient?family=bound', { endpoint: `${hook.url}/elsewhere`, payload: json })
  expect((await weak('PUT', `Subscription/${id}`, { ...body, id })).status).toBe(403)
  await patient('Bound')
  const [sent] = await hook.waitFor(1)
  expect(sent?.path).toMatch(/^\/hook\/Patient/)
})

it('is refused to those who may not read what it is about, and to patients', async () => {
  const subscription = byTopic({ endpoint: hook.url })
  for (const scope of [
    'system/Subscription.cruds',
    'system/Subscription.cruds system/Appointment.r',
    'system/Subscription.cruds system/Appointment.s',
  ])
    expect((await house.as(await house.token(scope))('POST', 'Subscription', subscription)).status).toBe(403)
  const { id } = await patient('Reader')
  expect((await house.as(await house.token('patient/*.cruds', { patient: id }))('POST', 'Subscription', subscription)).status).toBe(403)
})

const examples = join(import.meta.dirname, '../../../shared/data/r4-examples')
const hasExamples = await readFile(join(examples, 'Subscription-example.json')).then(
  () => true,
  () => false,
)

describe('a Subscription that can never be active', () => {
  const past = { end: '2021-01-01T00:00:00Z' }
  it.each([
    ['whose end is past', byCriteria('Patient?family=never', { endpoint: 'https://example.org/', payload: json }, past)],
    ['whose type is not served', byCriteria('Observation?code=1', { endpoint: 'https://example.org/', payload: json })],
    ['that is off', { ...byCriteria('Patient?family=never', { endpoint: 'https://example.org/', payload: json }), status: 'off' }],
    ['whose end is past and topic unknown', { ...byTopic({ endpoint: 'http://10.0.0.1/', topic: 'nothing' }), ...past }],
  ])('%s, is stored as it was sent', async (_why, subscription) => {
    const stored = made(await house.call('POST', 'Subscription', subscription))
    expect(stored).toMatchObject(subscription)
    const [row] = await house.house.pool.query({
      text: 'select phase from subscription_state where subscription = $1',
      values: [stored.id],
    })
    expect(row).toBeUndefined()
  })

  const examine = hasExamples ? it : it.skip
  examine('as the two examples of the specification, is stored as it was sent', async () => {
    for (const name of ['Subscription-example', 'Subscription-example-error']) {
      const sent = JSON.parse(await readFile(join(examples, `${name}.json`), 'utf8'))
      expect(made(await house.call('PUT', `Subscription/${sent.id}`, sent))).toMatchObject(sent)
    }
  })
})

it('is told no more once its Subscription is off, or deleted', async () => {
  const other = await receiver()
  const subscription = byCriteria('Patient?family=ended', { endpoint: hook.url })
  const { id } = await subscribed(house.call, subscription)
  const gone = await subscribed(house.call, byCriteria('Patient?family=ended', { endpoint: other.url }))
  made(await house.call('PUT', `Subscription/${id}`, { ...subscription, id, status: 'off' }), 200)
  expect((await house.call('DELETE', `Subscription/${gone.id}`)).status).toBe(204)
  await patient('Ended')
  const witness = await receiver()
  await subscribed(house.call, byCriteria('Patient?family=ended', { endpoint: witness.url }))
  await patient('Ended')
  await witness.waitFor(1)
  expect([hook.received, other.received, await statusOf(house.call, id)]).toEqual([[], [], 'off'])
  made(await house.call('PUT', `Subscription/${id}`, { ...subscription, id }), 200)
  await becomes(house.call, id, 'active')
  await Promise.all([other.close(), witness.close()])
})

describe('criteria that cannot be asked', () => {
  const visit = (): Promise<unknown> =>
    house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'proposed',
      participant: [{ actor: { reference: 'Practitioner/x' }, status: 'needs-action' }],
    })
  /** Each is read; together they come to more words than are looked for at once. */
  const tooMany = `length=${Array.from({ length: 500 }, (_, n) => `ne${n + 1}.${'7'.repeat(29)}`)}`
  const expectedError = /^What it asks for is not understood any more, and nothing is told\. ./

  beforeAll(async () => {
    const parameter = { code: 'length', type: 'number', base: ['Appointment'], expression: 'Appointment.minutesDuration', status: 'active' }
    const more = { url: 'https://clinic.example/SearchParameter/length', name: 'Length', description: 'How long it takes' }
    made(await house.call('POST', 'SearchParameter', { resourceType: 'SearchParameter', ...parameter, ...more }))
    const strict = { prefer: 'handling=strict' }
    await eventually(60_000, async () => (await house.call('GET', 'Appointment?length=30', undefined, strict)).status === 200)
  })

  it('are refused when they are written', async () => {
    const answer = await house.call('POST', 'Subscription', byCriteria(`Appointment?${tooMany}`, { endpoint: hook.url }))
    expect([answer.status, answer.json.issue[0]?.code]).toEqual([400, 'too-costly'])
  })

  it.each([
    ['of which a part is refused now', 'status:of-type=a|b|c'],
    ['that come to too many words', tooMany],
  ])('%s since, keep nobody else waiting, and say so until they are written anew', async (_what, filter) => {
    const before = await receiver()
    const channel = { endpoint: before.url }
    const { id } = await subscribed(house.call, byCriteria('Appointment?status=proposed', channel))
    await subscribed(house.call, byCriteria('Appointment?status=proposed', { endpoint: hook.url }))
    // As an earlier version took them.
    await house.house.pool.query({
      text: `update subscription_state set asked = jsonb_set(asked, '{filters}', $2::jsonb) where subscription = $1`,
      values: [id, JSON.stringify([filter])],
    })
    await visit()
    await hook.waitFor(1)
    await becomes(house.call, id, 'error')
    const { json } = await house.call('GET', `Subscription/${id}`)
    expect((json as Body & { error: string }).error).toMatch(expectedError)
    await visit()
    await hook.waitFor(2)
    expect(before.received).toEqual([])
    expect((await house.call('GET', `Subscription/${id}/_history`)).json.total).toBe(3)
    made(await house.call('PUT', `Subscription/${id}`, { ...byCriteria('Appointment?status=proposed', channel), id }), 200)
    await becomes(house.call, id, 'active')
    await visit()
    await before.waitFor(1)
    await before.close()
  })
})

describe('in XML', () => {
  const xml = 'application/fhir+xml'
  // A reader of others says what was sent. https://www.npmjs.com/package/fhir
  const read = (text: string) => new Fhir().xmlToObj(text) as Body

  it('sends each version as XML where that was asked for, signed as it is sent', async () => {
    const secret = 'a-secret-of-twenty-letters'
    const extension = [{ url: 'https://slotwise.org/fhir/StructureDefinition/signing-secret', valueString: secret }]
    await subscribed(house.call, byCriteria('Patient?family=xmlish', { endpoint: hook.url, payload: xml, extension }))
    const stored = await patient('Xmlish', { birthDate: '1970-01-01', active: true })
    const [sent] = await hook.waitFor(1)
    expect([sent?.method, sent?.path, sent?.headers['content-type']]).toEqual(['PUT', `/hook/Patient/${stored.id}`, xml])
    expect(read(sent?.body ?? '')).toEqual(stored)
    const [, seconds, code] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(sent?.headers['x-slotwise-signature'])) ?? []
    expect(code).toBe(createHmac('sha256', secret).update(`${seconds}.${sent?.body}`).digest('hex'))
  })

  it('sends the Bundles of a topic as XML, the handshake too', async () => {
    const asked = byTopic({ endpoint: hook.url, topic: 'appointment-changed', content: 'full-resource' })
    await subscribed(house.call, { ...asked, channel: { ...asked.channel, payload: xml } })
    const participant = [{ actor: { reference: `Patient/${(await patient('Bundled')).id}` }, status: 'needs-action' }]
    const visit = made(await house.call('POST', 'Appointment', { resourceType: 'Appointment', status: 'proposed', participant }))
    const [shake, event] = await hook.waitFor(2)
    for (const one of [shake, event]) expect(one?.headers['content-type']).toBe(xml)
    const bundle = read(event?.body ?? '')
    expect(read(shake?.body ?? '').resourceType).toBe('Bundle')
    expect(bundle.entry?.map(({ resource }) => resource.resourceType)).toEqual(['Parameters', 'Appointment'])
    expect(bundle.entry?.[1]?.resource).toEqual(visit)
  })
})
