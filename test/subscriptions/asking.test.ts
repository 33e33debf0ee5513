/** `$status` and `$events`, as Inferno's R4 backport kit asks for them, and who may ask. */
import { eventually, made, type TestHouse, testHouse } from '../support/house.ts'
import { answers, isEvent, type Receiver, receiver, told } from '../support/receiver.ts'
import { becomes, byTopic, subscribed } from './subscribing.ts'

let house: TestHouse
let hook: Receiver
let id: string
const visits: string[] = []
let patient: string
beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
  hook = await receiver()
  id = (await subscribed(house.call, byTopic({ endpoint: hook.url, maxCount: 1 }))).id
  patient = made(await house.call('POST', 'Patient', { resourceType: 'Patient' })).id
  for (const status of ['proposed', 'proposed', 'proposed'])
    visits.push(
      made(
        await house.call('POST', 'Appointment', {
          resourceType: 'Appointment',
          status,
          participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
        }),
      ).id,
    )
  await hook.waitFor(3, isEvent)
  hook.behave(answers(200))
})
afterAll(async () => {
  await house.close()
  await hook.close()
})

// biome-ignore lint/suspicious/noExplicitAny: Parameters and Bundles are looked into
type Loose = any
const statuses = ({ json }: { json: unknown }): Loose[] => ((json as Loose).entry ?? []).map(({ resource }: Loose) => resource)
const valueIn = (parameters: Loose, name: string): unknown => {
  const { name: _, ...rest } = parameters.parameter.find((one: Loose) => one.name === name) ?? {}
  return Object.values(rest)[0]
}

it('$status says how a Subscription stands', async () => {
  const answer = await house.call('GET', `Subscription/${id}/$status`)
  expect(answer.json).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 1 })
  const [parameters] = statuses(answer)
  expect(parameters.resourceType).toBe('Parameters')
  expect(['status', 'type', 'events-since-subscription-start', 'topic', 'subscription'].map((name) => valueIn(parameters, name))).toEqual([
    'active',
    'query-status',
    '3',
    'https://slotwise.org/fhir/SubscriptionTopic/appointment-changed',
    { reference: `${house.house.base}/Subscription/${id}` },
  ])
})

it('$status of the type is narrowed by id and status, in the query and in a body', async () => {
  const past = made(await house.call('POST', 'Subscription', byTopic({ endpoint: hook.url, more: { end: '2020-01-01T00:00:00Z' } }))).id
  const named = async (path: string, body?: object) =>
    statuses(await house.call(body ? 'POST' : 'GET', `Subscription/$status${path}`, body))
      .map((one) => (valueIn(one, 'subscription') as Loose).reference.split('/').at(-1))
      .toSorted()
  expect(await named('')).toEqual([id, past].toSorted())
  expect(await named('?status=active')).toEqual([id])
  expect(await named(`?id=${past}`)).toEqual([past])
  expect(await named(`?id=${past},${id}&status=active,off`)).toEqual([id])
  expect(await named('', { resourceType: 'Parameters', parameter: [{ name: 'id', valueId: id }] })).toEqual([id])
  expect((await house.call('GET', 'Subscription/nowhere/$status')).status).toBe(404)
})

it('$events gives events again by their numbers, with as much as is asked for', async () => {
  const events = async (query: string) => told({ body: (await house.call('GET', `Subscription/${id}/$events${query}`)).text })
  const all = await events('')
  expect([all.type, all.status, all.numbers]).toEqual(['query-event', 'active', ['1', '2', '3']])
  expect(all.focuses).toEqual(visits.map((visit) => `${house.house.base}/Appointment/${visit}`))
  expect((await events('?eventsSinceNumber=2')).numbers).toEqual(['2', '3'])
  expect((await events('?eventsSinceNumber=2&eventsUntilNumber=2')).numbers).toEqual(['2'])
  expect((await events('?eventsSinceNumber=4')).numbers).toEqual([])
  expect((await events('?content=full-resource')).entries.map(({ resource }) => resource.id)).toEqual(visits)
  expect((await events('?content=empty')).entries).toEqual([])
  const shown = await house.call('GET', `AuditEvent?patient=Patient/${patient}&subtype=notify&entity=Subscription/${id}&_count=100`)
  expect(shown.json.total).toBeGreaterThanOrEqual(3 + 4)
})

it.each([
  [`Subscription/$status`, [], 400, 'structure'],
  [`Subscription/$status`, { resourceType: 'Subscription' }, 400, 'structure'],
  [`Subscription/$status`, { resourceType: 'Parameters', parameter: [{ name: 'status', valueCodeableConcept: {} }] }, 400, 'value'],
  [`Subscription/$status?nonsense=1`, undefined, 400, 'invalid'],
  [`Subscription/ID/$events?eventsSince=1`, undefined, 400, 'invalid'],
  [`Subscription/ID/$events`, { resourceType: 'Parameters', parameter: [{ name: 'content' }] }, 400, 'value'],
] as const)('%s with %j is refused where handling is strict', async (path, body, status, code) => {
  const strict = { prefer: 'handling=strict' }
  const answer = await house.call(body ? 'POST' : 'GET', path.replace('ID', id), body, strict)
  expect([answer.status, answer.json.issue[0]?.code]).toEqual([status, code])
})

it.each([
  ['?eventsSinceNumber=x', 'eventsSinceNumber'],
  ['?eventsUntilNumber=-1', 'eventsUntilNumber'],
  ['?content=all', 'content'],
])('$events refuses %s', async (query, expression) => {
  const { status, json } = await house.call('GET', `Subscription/${id}/$events${query}`)
  expect([status, json.issue[0]?.expression]).toEqual([400, [expression]])
})

it.each([
  ['$status', 'system/Appointment.rs', 403],
  ['$status', 'system/Subscription.r', 200],
  ['$status', 'system/Subscription.rs?status=active', 403],
  ['$events', 'system/Subscription.r', 403],
  ['$events', 'system/Subscription.r system/Appointment.r?status=booked', 403],
  ['$events', 'system/Subscription.r system/Appointment.r', 200],
])('%s under %s is answered %i', async (operation, scope, status) => {
  expect((await house.as(await house.token(scope))('GET', `Subscription/${id}/${operation}`)).status).toBe(status)
})

it('neither is for patients', async () => {
  const me = house.as(await house.token('patient/*.cruds', { patient }))
  for (const operation of ['$status', '$events']) expect((await me('GET', `Subscription/${id}/${operation}`)).status).toBe(403)
})

it('$status says why a Subscription is in error', async () => {
  const busy = await receiver()
  busy.behave(answers(503))
  const failing = made(await house.call('POST', 'Subscription', byTopic({ endpoint: busy.url }))).id
  await becomes(house.call, failing, 'error', async () => {
    await house.house.pool.query({
      text: 'update graphile_worker._private_jobs set run_at = now() where key = $1 and locked_at is null and attempts < max_attempts',
      values: [`subscription:${failing}`],
    })
  })
  const [parameters] = statuses(await house.call('GET', `Subscription/${failing}/$status`))
  expect([valueIn(parameters, 'status'), valueIn(parameters, 'error')]).toEqual(['error', { text: 'The endpoint answered 503.' }])
  await house.call('DELETE', `Subscription/${failing}`)
  await busy.close()
})

it('$events tells whom a Consent keeps from a patient nothing of theirs, a deletion neither', async () => {
  const [theirs, others] = await Promise.all(
    [1, 2].map(async () => made(await house.call('POST', 'Patient', { resourceType: 'Patient' })).id as string),
  )
  const gone: string[] = []
  for (const one of [theirs, others]) {
    const participant = [{ actor: { reference: `Patient/${one}` }, status: 'needs-action' }]
    const visit = made(await house.call('POST', 'Appointment', { resourceType: 'Appointment', status: 'proposed', participant })).id
    expect((await house.call('DELETE', `Appointment/${visit}`)).status).toBe(204)
    gone.push(`${house.house.base}/Appointment/${visit}`)
  }
  const coded = (code: string) => ({ coding: [{ code }] })
  const consent = { scope: coded('patient-privacy'), category: [coded('59284-0')], policyRule: coded('OPTIN'), provision: { type: 'deny' } }
  made(
    await house.call('POST', 'Consent', {
      resourceType: 'Consent',
      status: 'active',
      patient: { reference: `Patient/${theirs}` },
      ...consent,
    }),
  )
  const desk = house.as(await house.token('user/*.cruds', { user: 'Practitioner/clerk' }))
  await eventually(60_000, async () => (await desk('GET', `Patient/${theirs}`)).status === 404)
  const seen = async (call: typeof desk, content: string) =>
    told({ body: (await call('GET', `Subscription/${id}/$events?eventsSinceNumber=4&content=${content}`)).text })
  await eventually(60_000, async () => (await seen(house.call, 'empty')).numbers.length === 4)
  expect((await seen(house.call, 'id-only')).focuses).toEqual([gone[0], gone[0], gone[1], gone[1]])
  expect((await seen(desk, 'id-only')).focuses).toEqual([gone[1], gone[1]])
  expect((await seen(desk, 'empty')).numbers).toEqual(['6', '7'])
})
