/** What is done with visits that are masked, and how they leave by other ways: exports, notifications, an opened glass. */
import type { ServerResponse } from 'node:http'
import { listExports } from '../../src/jobs/list-exports.ts'
import { runImports } from '../../src/jobs/run-imports.ts'
import { byCriteria, byTopic, subscribed } from '../subscriptions/subscribing.ts'
import { type Clinic, clinic, create } from '../support/clinic.ts'
import { type Answer, type Body, type Call, eventually, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { answers, type Receiver, receiver, told } from '../support/receiver.ts'

const mark = 'XQWHYQX'
const hiv = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' }
let server: TestHouse
let place: Clinic
let desk: Call
let hook: Receiver

beforeAll(async () => {
  server = await testHouse({ work: true, tick: true })
  hook = await receiver()
  place = await clinic(server.call)
  desk = await as('Practitioner/clerk')
})
afterAll(async () => {
  await server?.close()
  await hook?.close()
})

const as = async (user: string, scope = 'user/*.cruds', client = 'desk'): Promise<Call> =>
  server.as(await server.token(scope, { user, client }))
const fromNow = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString()

type Visit = { readonly id: string; readonly patient: string; readonly practitioner: string }

async function visit(from: number, until: number, more: object = {}): Promise<Visit> {
  const patient = await place.patient()
  const practitioner = await create(server.call, { resourceType: 'Practitioner', active: true })
  const { id } = made(
    await server.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      meta: { security: [hiv] },
      status: 'booked',
      start: fromNow(from),
      end: fromNow(until),
      comment: mark,
      reasonCode: [{ text: mark }],
      participant: [`Patient/${patient}`, `Practitioner/${practitioner}`].map((reference) => ({
        actor: { reference },
        status: 'accepted',
      })),
      ...more,
    }),
  )
  return { id, patient, practitioner }
}

const operate = (call: Call, name: string, { id }: { id: string }, values: Readonly<Record<string, unknown>> = {}): Promise<Answer> =>
  call('POST', `Appointment/${id}/$${name}`, parameters(values))
const tells = ({ text }: Pick<Answer, 'text'>, { patient }: Visit): string[] => [mark, patient, 'HIV'].filter((word) => text.includes(word))

describe('to whom a visit is busy time', () => {
  it('may cancel it, check its patient in and say that nobody came, and learns nothing by it', async () => {
    const [cancelled, here, missed] = [await visit(6_000, 6_015), await visit(-5, 10), await visit(-90, -60)]
    const answers = [
      [await operate(desk, 'cancel', cancelled), cancelled, 'cancelled'],
      [await operate(desk, 'check-in', here), here, 'checked-in'],
      [await operate(desk, 'no-show', missed), missed, 'noshow'],
    ] as const
    for (const [answer, which, status] of answers) {
      expect([answer.status, tells(answer, which)]).toEqual([200, []])
      expect((await server.call('GET', `Appointment/${which.id}`)).json).toMatchObject({ status, comment: mark })
    }
  })

  it('what it becomes is no more to be told than the visit', async () => {
    const here = await visit(-5, 10)
    made(await operate(server.call, 'check-in', here), 200)
    const [encounter] = matches(await server.call('GET', `Encounter?appointment=Appointment/${here.id}`)) as unknown as Body[]
    expect(encounter).toMatchObject({ meta: { security: [hiv] } })
    const answer = await desk('GET', `Encounter?appointment=Appointment/${here.id}`)
    expect([matches(answer).length, tells(answer, here)]).toEqual([1, []])
  })

  it('may not move it, change what it says or hand it on', async () => {
    const which = await visit(6_100, 6_115)
    const shown = (await desk('GET', `Appointment/${which.id}`)).json
    const [slot] = matches(await server.call('GET', `Slot?schedule=Schedule/${place.schedules[0]}&status=free&_count=1`))
    const answers = [
      await operate(desk, 'reschedule', which, { slot: `Slot/${slot?.id}` }),
      await operate(desk, 'self-service-link', which),
      await desk('POST', 'Appointment/$book', parameters({ 'appt-resource': { ...shown, comment: 'else' } })),
    ]
    expect(answers.map((answer) => [answer.status, tells(answer, which)])).toEqual(answers.map(() => [403, []]))
    const doctor = await as(`Practitioner/${which.practitioner}`)
    expect((await operate(doctor, 'cancel', which)).text).toContain(mark)
  })

  it('may not write over what it has become by an import either', async () => {
    const here = await visit(-5, 10)
    made(await operate(server.call, 'check-in', here), 200)
    const [encounter] = matches(await server.call('GET', `Encounter?appointment=Appointment/${here.id}`)) as unknown as Body[]
    const { id } = encounter as Body
    const plain = { resourceType: 'Encounter', id, status: 'arrived', class: { code: 'AMB' } }
    const sent = await desk('POST', '$import', plain, { 'content-type': 'application/fhir+ndjson' })
    expect([sent.status, sent.text]).toEqual([202, expect.anything()])
    const place = String(sent.headers.get('content-location'))
    await eventually(60_000, async () => {
      await runImports(server.house)
      return (await desk('GET', place)).status === 200
    })
    expect((await desk('GET', place)).json).toMatchObject({ extension: { updated: 0, refused: 1 } })
    expect((await server.call('GET', `Encounter/${id}`)).json).toEqual(encounter)
  })

  it('is not told what is in it by a profile that it is held against', async () => {
    const which = await visit(6_150, 6_165)
    const url = 'https://example.org/StructureDefinition/without-comment'
    const element = [
      { id: 'Appointment', path: 'Appointment' },
      { id: 'Appointment.comment', path: 'Appointment.comment', max: '0' },
    ]
    await create(server.call, {
      ...{ resourceType: 'StructureDefinition', url, name: 'WithoutComment', status: 'active', kind: 'resource', abstract: false },
      ...{ type: 'Appointment', baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Appointment', derivation: 'constraint' },
      differential: { element },
    })
    const asked = parameters({ mode: 'profile', profile: { valueUri: url } })
    const said = async (call: Call): Promise<boolean> =>
      (await call('POST', `Appointment/${which.id}/$validate`, asked)).text.includes('Appointment.comment')
    expect([await said(desk), await said(server.call)]).toEqual([false, true])
  })

  it('sees it whole in an emergency, for a while, and each look says so', async () => {
    const which = await visit(6_200, 6_215)
    expect(tells(await desk('GET', `Appointment/${which.id}`), which)).toEqual([])
    const reason = 'unconscious in the waiting room'
    expect((await desk('POST', `Patient/${which.patient}/$break-glass`, parameters({ reason }))).status).toBe(200)
    expect((await desk('GET', `Appointment/${which.id}`)).text).toContain(mark)
    expect(matches(await desk('GET', `Appointment?patient=Patient/${which.patient}`)).map(({ id }) => id)).toEqual([which.id])
    const another = await as('Practitioner/clerk', 'user/*.cruds', 'another-app')
    expect(tells(await another('GET', `Appointment/${which.id}`), which)).toEqual([])
    const looks = await server.call('GET', `AuditEvent?purpose=ETREAT&patient=${which.patient}&agent=Practitioner/clerk&subtype=read`)
    expect(matches(looks)).toHaveLength(1)
    const closed = { text: `update break_glass set until = now() - interval '1 second' where patient = $1`, values: [which.patient] }
    await server.house.pool.query(closed)
    expect(tells(await desk('GET', `Appointment/${which.id}`), which)).toEqual([])
  })
})

describe('a masked visit', () => {
  it('leaves in an export as busy time, and not at all among named patients’', async () => {
    const which = await visit(6_300, 6_315)
    const group = await create(server.call, {
      resourceType: 'Group',
      type: 'person',
      actual: true,
      member: [{ entity: { reference: `Patient/${which.patient}` } }],
    })
    const masked = await server.token('user/*.cruds', { user: 'Practitioner/clerk' })
    const system = await server.token('system/*.cruds')
    const [all, own, whole] = [
      await exported(masked, '$export?_type=Appointment'),
      await exported(masked, `Group/${group}/$export?_type=Appointment`),
      await exported(system, `Group/${group}/$export?_type=Appointment`),
    ]
    expect([all.includes(which.id), tells({ text: all }, which)]).toEqual([true, []])
    expect([own, whole.includes(mark)]).toEqual(['', true])
  })

  it('is told of as busy time', async () => {
    const wanted = byTopic({ endpoint: hook.url, content: 'full-resource' })
    const { id } = made(await desk('POST', 'Subscription', wanted))
    await eventually(60_000, async () => (await server.call('GET', `Subscription/${id}`)).json.status === 'active')
    const which = await visit(6_400, 6_415)
    const [message] = await hook.waitFor(1, ({ body }) => body.includes(`Appointment/${which.id}`))
    expect([message?.body.includes('"start"'), tells({ text: message?.body ?? '' }, which)]).toEqual([true, []])
    const again = await desk('GET', `Subscription/${id}/$events?content=full-resource`)
    expect([again.text.includes(which.id), tells(again, which)]).toEqual([true, []])
    expect((await server.call('GET', `Subscription/${id}/$events?content=full-resource`)).text).toContain(mark)
  })
})

describe.each(['ServiceRequest', 'Encounter'] as const)('%s that was about a sensitive visit once', (type) => {
  const ref = (reference: string) => ({ reference })
  const put = async (id: string, text: string, of?: Visit): Promise<void> => {
    const about = of && ref(`Appointment/${of.id}`)
    const said =
      type === 'Encounter'
        ? { status: 'planned', class: { code: 'AMB' }, reasonCode: [{ text }], appointment: about && [about] }
        : { status: 'active', intent: 'order', code: { text }, supportingInfo: about && [about] }
    const subject = ref(`Patient/${of?.patient ?? other}`)
    expect((await server.call('PUT', `${type}/${id}`, { resourceType: type, id, subject, ...said })).status).toBeLessThan(300)
  }
  const subscribe = (call: Call, ids: readonly string[]): Promise<Body> =>
    subscribed(call, byCriteria(`${type}?_id=${ids.join()}`, { endpoint: hook.url, payload: 'application/fhir+json' }))
  const eventsOf = async (call: Call, { id }: Body, content: string) =>
    told({ body: (await call('GET', `Subscription/${id}/$events?content=${content}`)).text })
  const numbered = (subscription: Body, count: number): Promise<unknown> =>
    eventually(60_000, async () => (await eventsOf(server.call, subscription, 'empty')).numbers.length === count)
  let other: string
  beforeAll(async () => {
    other = await place.patient()
  })

  it('tells nothing of the visit by $events, and goes on telling of what it is now', async () => {
    const which = await visit(6_500, 6_515)
    const id = `once-${which.id}`
    const subscription = await subscribe(server.call, [id])
    await put(id, mark, which)
    await put(id, 'plain')
    await numbered(subscription, 2)
    const seen = async () => {
      for (const content of ['empty', 'id-only', 'full-resource']) {
        const { bundle, numbers } = await eventsOf(desk, subscription, content)
        expect([content, numbers, tells({ text: JSON.stringify(bundle) }, which)]).toEqual([
          content,
          type === 'Encounter' ? ['1', '2'] : ['2'],
          [],
        ])
      }
      const { entries } = await eventsOf(desk, subscription, 'full-resource')
      expect(entries.map(({ resource }) => JSON.stringify(resource).includes('plain')).at(-1)).toBe(true)
      const whole = await eventsOf(server.call, subscription, 'full-resource')
      expect([whole.numbers, tells({ text: JSON.stringify(whole.bundle) }, which)]).toEqual([
        ['1', '2'],
        [mark, which.patient],
      ])
    }
    await seen()
    expect((await server.call('DELETE', `${type}/${id}`)).status).toBe(204)
    await seen()
  })

  it('tells nothing of the visit by a notification that was waiting when the visit was labelled', async () => {
    const which = await visit(6_600, 6_615, { meta: undefined })
    const [first, id, last] = ['first', 'between', 'last'].map((name) => `${name}-${which.id}`) as [string, string, string]
    const subscription = await subscribe(desk, [first, id, last])
    const held = Promise.withResolvers<ServerResponse>()
    hook.behave((response, { path, ...message }) => {
      if (path.endsWith(`/${first}`)) held.resolve(response)
      else answers(200)(response, { path, ...message })
    })
    await put(first, 'plain')
    const response = await held.promise
    await put(id, mark, which)
    await put(id, 'plain')
    await put(last, 'plain')
    await numbered(subscription, 4)
    const { json } = await server.call('GET', `Appointment/${which.id}`)
    expect((await server.call('PUT', `Appointment/${which.id}`, { ...json, meta: { security: [hiv] } })).status).toBe(200)
    hook.behave(answers(200))
    response.writeHead(200).end()
    await hook.waitFor(1, ({ path }) => path.endsWith(`/${last}`))
    const sent = hook.received.filter(({ path }) => path.endsWith(`/${id}`)).map(({ body }) => body)
    expect(sent.map((text) => [text.includes('plain'), tells({ text }, which)])).toEqual(
      type === 'Encounter'
        ? [
            [false, []],
            [true, []],
          ]
        : [[true, []]],
    )
  })
})

/** The lines of all its files. */
async function exported(token: string, path: string): Promise<string> {
  const call = server.as(token)
  const begun = await call('GET', path, undefined, { prefer: 'respond-async', accept: 'application/fhir+json' })
  expect(begun.status).toBe(202)
  const status = begun.headers.get('content-location') ?? ''
  await eventually(60_000, async () => {
    await listExports(server.house)
    return (await call('GET', status)).status === 200
  })
  const { output } = (await call('GET', status)).json as unknown as { output: { url: string }[] }
  const files = output.map(async ({ url }) => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text())
  return (await Promise.all(files)).join('')
}
