/** Server-sent events for pages, read by a parser that is not ours. https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { parseScopes } from '../../src/access/scopes.ts'
import { mintToken } from '../../src/auth/token.ts'
import { streamStalledMsMax, streamsPerPersonMax, streamWaitingBytesMax } from '../../src/base/subscription-limits.ts'
import { eventStream } from '../../src/operations/event-stream.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { eventually, made, type TestHouse, testHouse } from '../support/house.ts'

type Page = {
  readonly events: EventSourceMessage[]
  /** Every id that was sent, those without an event too. */
  readonly ids: () => string[]
  readonly status: number
  readonly headers: Headers
  readonly isOver: () => boolean
  readonly close: () => void
}

const waitMs = 60_000

let house: TestHouse
let place: Clinic
let all: string
beforeAll(async () => {
  house = await testHouse({ tick: true })
  place = await clinic(house.call, { n: 2 })
  all = await house.token('system/*.rs')
})
afterAll(() => house.close())

const open: Page[] = []
afterEach(() => {
  for (const page of open.splice(0)) page.close()
})

type Watched = {
  readonly token?: string
  readonly from?: string
  readonly at?: TestHouse
  readonly method?: string
  readonly headers?: object
}

async function watch(query: string, { token = all, from, at = house, method = 'GET', headers = {} }: Watched = {}): Promise<Page> {
  const ended = new AbortController()
  const answer = await fetch(`${at.origin}/fhir/$event-stream?${query}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(from ? { 'last-event-id': from } : {}), ...headers },
    signal: ended.signal,
  })
  const state = { events: [] as EventSourceMessage[], raw: '', isOver: false }
  const parser = createParser({ onEvent: (event) => state.events.push(event) })
  const read = async () => {
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) {
      const text = decoder.decode(chunk as Uint8Array, { stream: true })
      state.raw += text
      parser.feed(text)
    }
  }
  const over = () => {
    state.isOver = true
  }
  read().then(over, over)
  const page: Page = {
    events: state.events,
    ids: () => [...state.raw.matchAll(/^id: (.+)$/gm)].map(([, id]) => id ?? ''),
    status: answer.status,
    headers: answer.headers,
    isOver: () => state.isOver,
    close: () => ended.abort(),
  }
  open.push(page)
  if (answer.status === 200 && method === 'GET') await eventually(waitMs, async () => page.ids().length > 0)
  return page
}

type Data = { readonly topic: string; readonly kind: string; readonly focus: string; readonly version: string; readonly at: string }
const dataOf = ({ events }: Page): Data[] => events.map(({ data }) => JSON.parse(data) as Data)
const focuses = (page: Page): string[] => dataOf(page).map(({ focus }) => focus)
const toldOf = (page: Page, n: number) => eventually(waitMs, async () => page.events.length >= n)
const last = (page: Page): string => page.ids().at(-1) ?? ''

const booked = async (day: number, time: string, patient: string, schedule = 0): Promise<string> =>
  made(await place.book((await place.slotAt(day, time, schedule)).id, patient)).id
const cancelled = async (id: string) => made(await house.call('POST', `Appointment/${id}/$cancel`, { resourceType: 'Parameters' }), 200)

it('tells a page of what happens while it is open, and nothing of it beyond its address', async () => {
  const page = await watch('topic=appointment-changed,slot-freed')
  expect([page.status, page.headers.get('content-type'), page.headers.get('cache-control')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    'no-store',
  ])
  const slot = await place.slotAt(2, '09:00')
  const visit = made(await place.book(slot.id, await place.patient()))
  await toldOf(page, 1)
  const after = await cancelled(visit.id)
  await toldOf(page, 3)
  expect(dataOf(page).map(({ topic, kind, focus }) => `${topic} ${kind} ${focus}`)).toEqual([
    `appointment-changed create Appointment/${visit.id}`,
    expect.stringMatching(/^(appointment-changed update Appointment|slot-freed update Slot)/),
    expect.stringMatching(/^(appointment-changed update Appointment|slot-freed update Slot)/),
  ])
  expect(focuses(page).toSorted()).toEqual([`Appointment/${visit.id}`, `Appointment/${visit.id}`, `Slot/${slot.id}`].toSorted())
  const told = dataOf(page).find(({ kind, focus }) => kind === 'update' && focus === `Appointment/${visit.id}`)
  expect(told).toEqual({
    topic: 'appointment-changed',
    kind: 'update',
    focus: `Appointment/${visit.id}`,
    version: after.meta.versionId,
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
  expect(page.events.map(({ event }) => event)).toEqual(dataOf(page).map(({ topic }) => topic))
})

it('goes on where a page broke off, at any event, at any server', async () => {
  const first = await watch('topic=appointment-changed')
  const patient = await place.patient()
  const visits: string[] = []
  for (const time of ['09:00', '10:00', '11:00']) visits.push(await booked(3, time, patient))
  await toldOf(first, 3)
  first.close()
  for (const time of ['12:00', '13:00']) visits.push(await booked(3, time, patient))
  const other = await testHouse({ beside: house })
  try {
    for (const [nth, { id }] of first.events.entries()) {
      const again = await watch('topic=appointment-changed', { from: id, at: nth === 1 ? other : house })
      await toldOf(again, 4 - nth)
      expect(focuses(again)).toEqual(visits.slice(nth + 1).map((one) => `Appointment/${one}`))
      again.close()
    }
  } finally {
    await other.close()
  }
})

it('loses nothing to pages that come and go while much is done', async () => {
  const [patient = ''] = await place.patients(1)
  const times = ['09', '10', '11', '12', '13', '14', '15', '16'].flatMap((hour) => [`${hour}:00`, `${hour}:15`, `${hour}:30`, `${hour}:45`])
  const page = await watch(`topic=appointment-changed&filter=Appointment?patient=Patient/${patient}`)
  const begun = last(page)
  page.close()
  const booking = Promise.all(
    [0, 1].map(async (schedule) => {
      const ids: string[] = []
      for (const time of times.filter((_, nth) => nth % 2 === schedule)) ids.push(await booked(5, time, patient, schedule))
      return ids
    }),
  )
  const seen: string[] = []
  const follow = async (wanted: number) => {
    for (let from = begun; seen.length < wanted; ) {
      const next = await watch(`topic=appointment-changed&filter=Appointment?patient=Patient/${patient}`, { from })
      await toldOf(next, Math.min(3, wanted - seen.length))
      next.close()
      seen.push(...focuses(next))
      from = next.events.at(-1)?.id ?? from
    }
  }
  await follow(times.length)
  const visits = (await booking).flat().map((id) => `Appointment/${id}`)
  expect(seen.toSorted()).toEqual(visits.toSorted())
}, 120_000)

it('is narrowed by filters, and by what the token may read, and leaves its AuditEvents', async () => {
  const [mine = '', others = ''] = await place.patients(2)
  const confined = await watch('topic=appointment-changed', { token: await house.token('patient/Appointment.rs', { patient: mine }) })
  const filter = encodeURIComponent(`Slot?practitioner=${place.practitioners[1]}`)
  const filtered = await watch(`topic=slot-changed&filter=${filter}`)
  const granular = await watch('topic=slot-changed', { token: await house.token('system/Slot.rs?status=busy') })
  const there = await place.slotAt(4, '10:00', 1)
  const here = await place.slotAt(4, '09:00')
  await booked(4, '09:00', others)
  const own = await booked(4, '10:00', mine, 1)
  await cancelled(own)
  await toldOf(confined, 2)
  await toldOf(filtered, 2)
  await toldOf(granular, 2)
  expect(focuses(confined)).toEqual([`Appointment/${own}`, `Appointment/${own}`])
  expect(focuses(filtered)).toEqual([`Slot/${there.id}`, `Slot/${there.id}`])
  expect(focuses(granular)).toEqual([`Slot/${here.id}`, `Slot/${there.id}`])
  const shown = async (patient: string) => (await house.call('GET', `AuditEvent?patient=Patient/${patient}&subtype=notify`)).json.total ?? 0
  expect(await shown(mine)).toBeGreaterThan(0)
  expect(await shown(others)).toBe(0)
})

it('tells of one change under each topic, with one id that is past them all', async () => {
  const page = await watch('topic=slot-changed,slot-freed')
  const slot = await place.slotAt(6, '09:00')
  await cancelled(made(await place.book(slot.id, await place.patient())).id)
  await toldOf(page, 3)
  expect(page.events.map(({ event }) => event)).toEqual(['slot-changed', 'slot-changed', 'slot-freed'])
  // The first of the two that are told of one change has no id: who breaks off there goes on from the change before.
  const [taken, freed, also] = page.events
  expect(freed?.id).toBeUndefined()
  const again = await watch('topic=slot-changed,slot-freed', { from: taken?.id })
  await toldOf(again, 2)
  expect(focuses(again)).toEqual([`Slot/${slot.id}`, `Slot/${slot.id}`])
  expect(again.events.at(-1)?.id).toBe(also?.id)
})

it('says now and then that it is there, and where it is', async () => {
  const page = await watch('topic=waitlist-offer&heartbeat=1')
  const [begun] = page.ids()
  await booked(6, '10:00', await place.patient())
  await eventually(waitMs, async () => last(page) !== begun)
  expect(page.events).toEqual([])
  const again = await watch('topic=appointment-changed', { from: last(page) })
  const next = await booked(6, '11:00', await place.patient())
  await toldOf(again, 1)
  expect(focuses(again)).toEqual([`Appointment/${next}`])
})

it('ends when the token is over, and the page is asked to sign in again', async () => {
  const token = await mintToken(house.house, { scope: 'system/*.rs', ttlSeconds: 2 })
  const page = await watch('topic=slot-freed', { token })
  await eventually(waitMs, async () => page.isOver())
  expect((await watch('topic=slot-freed', { token, from: last(page) })).status).toBe(401)
})

it('ends when the server closes', async () => {
  const other = await testHouse()
  const page = await watch('topic=slot-freed', { at: other, token: await other.token('system/*.rs') })
  await other.close()
  await eventually(waitMs, async () => page.isOver())
})

it('has room for so many of one person, and again when one has left', async () => {
  const token = await house.token('system/*.rs', { client: 'hungry' })
  const pages = await Promise.all(Array.from({ length: streamsPerPersonMax + 5 }, () => watch('topic=slot-freed', { token })))
  const statuses = pages.map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(streamsPerPersonMax)
  expect(statuses.filter((status) => status === 429)).toHaveLength(5)
  expect(pages.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^\d+$/)
  expect((await watch('topic=slot-freed', { token: await house.token('system/*.rs', { client: 'modest' }) })).status).toBe(200)
  pages.find(({ status }) => status === 200)?.close()
  await eventually(waitMs, async () => (await watch('topic=slot-freed', { token })).status === 200)
})

it('tells whoever does not read no more than waits already, and lets them go', async () => {
  const time = { later: 0 }
  const clock = { now: () => new Date(Date.now() + time.later) }
  const streams = eventStream({ ...house.house, clock })
  const request = {
    query: [['topic', 'slot-changed']],
    headers: { prefer: {} },
    method: 'GET',
    url: '$event-stream',
    stream: { assertSignedIn: () => undefined },
  } as const
  const actor = { client: 'test', scopes: parseScopes('system/*.rs') }
  const [{ live }, { live: read }] = [await streams.desk(house.house, actor, request), await streams.desk(house.house, actor, request)]
  if (!live || !read) throw new Error('there is no stream')
  const heard: string[] = []
  read.on('data', (chunk) => heard.push(String(chunk)))
  const failures: unknown[] = []
  live.on('error', (error) => failures.push(error))
  const schedule = made(
    await house.call('POST', 'Schedule', { resourceType: 'Schedule', actor: [{ reference: `Location/${place.location}` }] }),
  ).id
  const slot = (nth: number) => ({
    resource: {
      resourceType: 'Slot',
      status: 'free',
      schedule: { reference: `Schedule/${schedule}` },
      start: new Date(Date.parse(instantIn(20, '00:00')) + nth * 60_000).toISOString(),
      end: new Date(Date.parse(instantIn(20, '00:00')) + (nth + 1) * 60_000).toISOString(),
    },
    request: { method: 'POST', url: 'Slot' },
  })
  for (const day of [0, 1]) {
    const entry = Array.from({ length: 600 }, (_, nth) => slot(day * 600 + nth))
    made(await house.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }), 200)
  }
  await eventually(waitMs, async () => live.readableLength > streamWaitingBytesMax)
  const waiting = live.readableLength
  const { id } = await place.slotAt(7, '09:00')
  await booked(7, '09:00', await place.patient())
  await eventually(waitMs, async () => heard.join('').includes(`Slot/${id}`))
  expect([live.readableLength, live.destroyed]).toEqual([waiting, false])
  time.later = streamStalledMsMax + 60_000
  await eventually(waitMs, async () => live.destroyed)
  await eventually(waitMs, async () => failures.length === 1)
  await streams.close()
})

describe('is refused', () => {
  it.each([
    ['', 'system/*.rs', 400],
    ['topic=nothing', 'system/*.rs', 400],
    ['topic=slot-freed&filter=Slot?colour=red', 'system/*.rs', 422],
    ['topic=slot-freed&filter=Slot', 'system/*.rs', 400],
    ['topic=slot-freed&filter=Patient?family=x', 'system/*.rs', 400],
    ['topic=slot-freed&heartbeat=0', 'system/*.rs', 400],
    ['topic=appointment-changed', 'system/Slot.rs', 403],
    ['topic=slot-freed', 'system/Slot.r', 403],
    ['topic=slot-freed,appointment-changed', 'system/Slot.rs', 403],
  ])('%s under %s: %i', async (query, scope, status) => {
    expect((await watch(query, { token: await house.token(scope) })).status).toBe(status)
  })

  it('without a token, with a place that is none or is still to come, in a Bundle, and strictly with what is not known', async () => {
    expect((await watch('topic=slot-freed', { token: 'x' })).status).toBe(401)
    expect((await watch('topic=slot-freed', { from: 'yesterday' })).status).toBe(400)
    expect((await watch('topic=slot-freed', { from: '999999999999999999-1' })).status).toBe(400)
    expect((await watch('topic=slot-freed&colour=red', { headers: { prefer: 'handling=strict' } })).status).toBe(400)
    expect((await watch('topic=slot-freed&colour=red')).status).toBe(200)
    const entry = [{ request: { method: 'GET', url: '$event-stream?topic=slot-freed' } }]
    const { json } = await house.call('POST', '', { resourceType: 'Bundle', type: 'batch', entry })
    expect(json.entry?.map((one) => (one as unknown as { response: { status: string } }).response.status)).toEqual([
      expect.stringMatching(/^422/),
    ])
  })
})

it('HEAD says what a GET would be answered, and opens nothing', async () => {
  const token = await house.token('system/*.rs', { client: 'head' })
  for (let nth = 0; nth < streamsPerPersonMax + 1; nth++) {
    const head = await watch('topic=slot-freed', { token, method: 'HEAD' })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  }
  expect((await watch('topic=slot-freed', { token })).status).toBe(200)
})

it('may be asked for by a page of another origin', async () => {
  const answer = await fetch(`${house.house.base}/$event-stream?topic=slot-freed`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://pages.example.org',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'last-event-id',
    },
  })
  expect(answer.headers.get('access-control-allow-headers')).toMatch(/Last-Event-ID/)
})
