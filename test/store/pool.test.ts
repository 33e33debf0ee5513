/** Connections outlive the statements that fail on them. */
import { openPool } from '../../src/store/pool.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase({ empty: true })
})
afterAll(() => database.drop())

const backend = { name: 'backend', text: 'select pg_backend_pid() as pid', values: [] }

describe('a pool', () => {
  it('keeps the connection on which a statement failed', async () => {
    const pool = openPool(database.url, { max: 1 })
    const before = await pool.query(backend)
    await expect(pool.query({ name: 'fails', text: 'select 1 / $1::int', values: [0] })).rejects.toThrow()
    expect(await pool.query(backend)).toEqual(before)
    await pool.end()
  })

  it('replaces one that was cut', async () => {
    const pool = openPool(database.url, { max: 1 })
    const [before] = await pool.query<{ pid: number }>(backend)
    await database.pool.query({ text: 'select pg_terminate_backend($1::int, 5000)', values: [before?.pid] })
    await pool.query(backend).catch(() => undefined)
    const [after] = await pool.query<{ pid: number }>(backend)
    expect(after?.pid).not.toBe(before?.pid)
    await pool.end()
  })
})
