/**
 * How long an answer takes is told by what is done for it: to who may not see it, what is another's, or was deleted, costs the
 * same statements in the same order as what was never there. Statements are compared and not times, which a test cannot trust.
 */
import type { Db, Statement } from '../../src/store/db.ts'
import { parameters } from '../support/house.ts'
import { type Ask, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let me: Ask
const said: string[] = []

const listening = (query: Db['query']): Db['query'] =>
  function heard<Row>(statement: Statement): Promise<Row[]> {
    said.push(statement.text)
    return query<Row>(statement)
  }

const [own, other] = ['own', 'other']
const ref = (reference: string) => ({ reference })
const visit = (patient: string, more: object = {}) => ({
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
