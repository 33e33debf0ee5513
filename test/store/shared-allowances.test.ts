/** Allowances that two processes share, each with a pool of its own on one real database. */
import type { Pool } from '../../src/store/db.ts'
import { openPool } from '../../src/store/pool.ts'
import { forgetAllowances, sharedAllowances } from '../../src/store/shared-allowances.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
let beside: Pool
beforeAll(async () => {
  database = await testDatabase()
  beside = openPool(database.url)
})
afterAll(async () => {
  await beside?.end()
  await database?.drop()
})

const passed = (waits: readonly number[]): number => waits.filter((wait) => wait === 0).length

describe('a shared allowance', () => {
  it('is one for all processes: of 400 that ask at two of them at once, 120 go through', async () => {
    const [one, two] = [sharedAllowances(database.pool, 'client', 120), sharedAllowances(beside, 'client', 120)]
    const began = performance.now()
    const waits = await Promise.all(Array.from({ length: 400 }, (_, at) => (at % 2 ? one : two).take('a', 0)))
    const cameBack = Math.ceil((performance.now() - began) / 500)
    expect(passed(waits)).toBeGreaterThanOrEqual(120 - 2)
    expect(passed(waits)).toBeLessThanOrEqual(120 + cameBack)
    expect(waits.every((wait) => wait >= 0 && wait <= 60_000)).toBe(true)
  })

  it('asks the database once for many requests', async () => {
    const asked = { count: 0 }
    const counting: Pool = {
      ...database.pool,
      query: (statement) => {
        asked.count += 1
        return database.pool.query(statement)
      },
    }
    const many = sharedAllowances(counting, 'person', 6_000)
    const waits: number[] = []
    for (let at = 0; at < 1_000; at++) waits.push(await many.take('p', 0))
    expect(passed(waits)).toBe(1_000)
    expect(asked.count).toBe(10)
  })

  it('keeps those of different kinds apart', async () => {
    const [client, person] = [sharedAllowances(database.pool, 'client', 1), sharedAllowances(database.pool, 'person', 1)]
    expect([await client.take('x', 0), await person.take('x', 0)]).toEqual([0, 0])
    expect(await client.take('x', 0)).toBeGreaterThan(0)
  })

  it('forgets whoever may have all of it again, and nobody else', async () => {
    await database.pool.query({
      text: `insert into rate_allowance values ('client:old', now() - interval '1 s'), ('client:new', now() + interval '1 hour')`,
      values: [],
    })
    await forgetAllowances(database.pool)
    const rows = await database.pool.query<{ name: string }>({
      text: `select name from rate_allowance where name in ('client:old', 'client:new')`,
      values: [],
    })
    expect(rows.map(({ name }) => name)).toEqual(['client:new'])
  })
})
