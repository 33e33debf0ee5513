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

  it('replaces one to a database that takes no changes any more, as a standby does', async () => {
    const pool = openPool(database.url, { max: 1 })
    const write = { name: 'write', text: 'create table if not exists mark ()', values: [] }
    await pool.query({ name: 'stands by', text: 'set default_transaction_read_only = on', values: [] })
    await expect(pool.query(write)).rejects.toMatchObject({ message: 'The database takes no changes just now. Try again in a moment.' })
    await pool.query(write)
    await pool.end()
  })

  it.each(['53100', '53200'])('calls %s a lack of room, not a mistake of ours', async (code) => {
    const text = `do $$ begin raise exception using errcode = '${code}'; end $$`
    await expect(database.pool.query({ text, values: [] })).rejects.toMatchObject({ kind: 'transient' })
  })
})
