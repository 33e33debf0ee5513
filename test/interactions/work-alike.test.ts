/**
 * How long an answer takes is told by what is done for it: to who may not see it, what is another's, or was deleted, costs the
 * same statements in the same order as what was never there, which look at as many rows however much there is of another's.
 * Statements and rows are compared and not times, which a test cannot trust.
 */
import type { Db, Statement } from '../../src/store/db.ts'
import { parameters } from '../support/house.ts'
import { type Ask, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let me: Ask
const said: string[] = []
const heard: Statement[] = []

const listening = (query: Db['query']): Db['query'] =>
  function listened<Row>(statement: Statement): Promise<Row[]> {
    said.push(statement.text)
    heard.push(statement)
    return query<Row>(statement)
  }

const [own, other] = ['own', 'other']
const ref = (reference: string) => ({ reference })
const visit = (patient: string, more: { readonly id?: string } = {}) => ({
  resourceType: 'Appointment',
  status: 'fulfilled',
  start: '2020-02-03T10:00:00Z',
  end: '2020-02-03T10:15:00Z',
  participant: [{ actor: ref(`Patient/${patient}`), status: 'accepted' }],
  ...more,
})

beforeAll(async () => {
  server = await restHouse()
  me = await server.scoped('patient/*.cruds', { patient: own })
  const all = [
    { resourceType: 'Patient', id: own },
    { resourceType: 'Patient', id: other },
    visit(other, { id: 'others' }),
    visit(other, { id: 'deleted' }),
  ]
  for (const one of all)
    expect((await server.ask('PUT', `${one.resourceType}/${'id' in one ? one.id : ''}`, { body: one })).status).toBe(201)
  const many = Array.from({ length: 400 }, (_, n) => visit(n % 2 ? other : 'third', { id: `many-${n}` }))
  const entry = many.map((resource) => ({ resource, request: { method: 'PUT', url: `Appointment/${resource.id}` } }))
  const body = { resourceType: 'Bundle', type: 'transaction', entry }
  expect((await server.ask('POST', '', { body })).status).toBe(200)
  await server.house.pool.query({ text: 'analyze appointment', values: [] })
  expect((await server.ask('DELETE', 'Appointment/deleted')).status).toBe(204)
  const { pool } = server.house
  const { query, connect } = pool
  Object.assign(pool, {
    query: listening(query),
    connect: <T>(use: (db: Db) => Promise<T>) => connect((db) => use({ ...db, query: listening((statement) => db.query(statement)) })),
  })
})
afterAll(() => server?.close())

/** What the database was told for one request, after as many have gone before that all is prepared that will be. */
async function workFor(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<[number, string[]]> {
  await me(method, path, { body, headers })
  said.length = 0
  const { status } = await me(method, path, { body, headers })
  return [status, [...said]]
}

const jsonPatch = { 'content-type': 'application/json-patch+json' }

it.each([
  ['GET', 'Appointment/:id', undefined],
  ['HEAD', 'Appointment/:id', undefined],
  ['GET', 'Appointment/:id/_history', undefined],
  ['GET', 'Appointment/:id/_history/1', undefined],
  ['GET', 'Appointment?_id=:id&_include=Appointment:patient', undefined],
  ['PUT', 'Appointment/:id', (id: string) => visit(own, { id })],
  ['PATCH', 'Appointment/:id', () => [{ op: 'test', path: '/status', value: 'booked' }]],
  ['DELETE', 'Appointment/:id', undefined],
  ['POST', 'Appointment/:id/$cancel', () => parameters({})],
  ['POST', 'Appointment/:id/$reschedule', () => parameters({ slot: 'Slot/none' })],
] as const)('%s %s takes the same statements whether another’s, deleted or never there', async (method, path, bodyOf) => {
  const works: [number, string[]][] = []
  for (const id of ['never', 'others', 'deleted'])
    works.push(await workFor(method, path.replace(':id', id), bodyOf?.(id), method === 'PATCH' ? jsonPatch : {}))
  const [never, ...rest] = works
  expect(never?.[1].length).toBeGreaterThan(0)
  for (const work of rest) expect(work).toEqual(never)
})

it.each(['Patient/:id', 'Patient/:id/$everything', 'Patient/:id/$statistics', 'Patient/:id/Appointment'])(
  'GET %s takes the same statements whether another’s or never there',
  async (path) => {
    expect(await workFor('GET', path.replace(':id', other), undefined)).toEqual(
      await workFor('GET', path.replace(':id', 'never'), undefined),
    )
  },
)

type Plan = Readonly<Record<string, unknown>> & { readonly Plans?: readonly Plan[] }

/** What the scans of a plan have looked at: rows that came of them, and rows that they left out. */
function rowsOf({ Plans = [], ...node }: Plan): number {
  const number = (name: string): number => Number(node[name] ?? 0)
  const looked = number('Actual Rows') + number('Rows Removed by Filter') + number('Rows Removed by Index Recheck')
  const own = /Scan/.test(String(node['Node Type'])) ? looked * number('Actual Loops') : 0
  return own + Plans.reduce((sum, one) => sum + rowsOf(one), 0)
}

/** How many rows the statements of a read look at, each done again by itself. */
async function rowsFor(path: string): Promise<[number, number]> {
  heard.length = 0
  const { status } = await me('GET', path)
  let rows = 0
  for (const { text, values } of [...heard]) {
    if (!/^\s*(?:with|select)/.test(text)) continue
    const row = await server.house.pool.connect(async (db) => {
      await db.query({ text: 'begin', values: [] })
      const [plan] = await db.query<{ 'QUERY PLAN': { Plan: Plan }[] }>({
        text: `explain (analyze, timing off, summary off, format json) ${text}`,
        values,
      })
      await db.query({ text: 'rollback', values: [] })
      return plan
    })
    rows += rowsOf(row?.['QUERY PLAN'][0]?.Plan ?? {})
  }
  return [status, rows]
}

it.each([
  'Appointment/:id',
  'Appointment/:id/_history',
  'Appointment?_id=:id',
  'Appointment?patient=Patient/:patient',
  'Appointment?patient=Patient/:patient&_summary=count',
  'Appointment?patient.name=:patient',
  'Patient/:patient/Appointment',
  'Patient/:patient/$everything',
])('GET %s looks at no more rows of another who has many than of nobody', async (path) => {
  const rowsOfOne = (patient: string, id: string) => rowsFor(path.replace(':patient', patient).replace(':id', id))
  const [[status, rows], [statusNever, rowsNever]] = [await rowsOfOne(other, 'others'), await rowsOfOne('never', 'never')]
  expect([status, Math.abs(rows - rowsNever) <= 5 ? 'alike' : [rows, rowsNever]]).toEqual([statusNever, 'alike'])
})
