/** What the database does not come to an end with is answered, given up there too, and in nobody's way afterwards. */
import type { FastifyInstance } from 'fastify'
import { openPool } from '../../src/store/pool.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type Outcome, streetHouse, wholeApp } from './door.ts'

let database: TestDatabase
let pool: ReturnType<typeof openPool>
let app: FastifyInstance

beforeAll(async () => {
  database = await testDatabase()
  pool = openPool(database.url, { times: { named: 400, unnamed: 200 } })
  app = wholeApp({ ...streetHouse(), pool })
})
afterAll(async () => {
  await app?.close()
  await pool?.end()
  await database?.drop()
})

const statement = (text: string) => ({ text, values: [] })
const patient = { resourceType: 'Patient', name: [{ family: 'Late' }] }
const ask = (url: string, payload?: object) =>
  app.inject({ method: payload ? 'POST' : 'GET', url: `/fhir/${url}`, payload, headers: { 'content-type': 'application/fhir+json' } })

/** While somebody else has the Patients to themselves. */
const whileLocked = <T>(use: () => Promise<T>): Promise<T> =>
  database.pool.connect(async (db) => {
    await db.query(statement('begin'))
    try {
      await db.query(statement('lock table patient in access exclusive mode'))
      return await use()
    } finally {
      await db.query(statement('rollback'))
    }
  })

it.each([
  ['a read', 'Patient/1', undefined],
  ['a search', 'Patient?family=late', undefined],
  ['a count', 'Patient?_summary=count', undefined],
  ['a write', 'Patient', patient],
  [
    'a transaction',
    '',
    { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: patient, request: { method: 'POST', url: 'Patient' } }] },
  ],
])('%s that waits too long in the database is answered 503 `timeout`', async (_what, url, payload) => {
  const answer = await whileLocked(() => ask(url, payload))
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)])
  expect(answer.json<Outcome>().issue).toMatchObject([
    { severity: 'error', code: 'timeout', diagnostics: expect.stringContaining('Ask more narrowly') },
  ])
})

it('however many wait, all are answered, nothing goes on behind them, and the next are served', async () => {
  const statuses = await whileLocked(() =>
    Promise.all(Array.from({ length: 30 }, (_, at) => ask(at % 2 ? 'Patient/1' : 'Patient?family=late'))),
  )
  expect(new Set(statuses.map(({ statusCode }) => statusCode))).toEqual(new Set([503]))
  const [{ running } = { running: -1 }] = await database.pool.query<{ running: number }>(
    statement(`select count(*)::int as running from pg_stat_activity
      where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()`),
  )
  expect(running).toBe(0)
  expect((await ask('Patient?family=late')).json()).toMatchObject({ resourceType: 'Bundle', total: 0 })
  expect((await ask('Patient', patient)).statusCode).toBe(201)
})

it('a transaction that somebody left open gives its locks back, and a command of an operator’s has no limit', async () => {
  const settings = (from: typeof pool, name?: string) =>
    from.query<{ times: string[] }>({
      name,
      text: `select array[current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')] as times`,
      values: [],
    })
  const operators = openPool(database.url, { max: 1 })
  expect(await settings(pool)).toEqual([{ times: ['200ms', '1min'] }])
  expect(await settings(pool, 'times')).toEqual([{ times: ['400ms', '1min'] }])
  expect([await settings(operators), await settings(operators, 'times')]).toEqual([[{ times: ['0', '0'] }], [{ times: ['0', '0'] }]])
  await operators.end()
})
