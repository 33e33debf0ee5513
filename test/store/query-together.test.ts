/** Statements asked at once answer what each answers alone. */
import type { Pool, Statement } from '../../src/store/db.ts'
import { queryTogether } from '../../src/store/query-together.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase({ empty: true })
})
afterAll(() => database.drop())

/** The same pool, with a list of what was sent. */
function watched(pool: Pool): { pool: Pool; sent: Statement[] } {
  const sent: Statement[] = []
  return {
    sent,
    pool: {
      ...pool,
      query: (statement) => {
        sent.push(statement)
        return pool.query(statement)
      },
    },
  }
}

describe('queryTogether', () => {
  it('gives each of forty askers their own rows in their own order, in far fewer statements', async () => {
    const { pool, sent } = watched(database.pool)
    const text = 'select n, $3::text as said from generate_series(1, $1::int) n order by n desc limit $2::int'
    const asks = Array.from({ length: 40 }, (_, at) => [at % 7, 1 + (at % 4), at % 3 === 0 ? null : `it's ${at}`] as const)
    const answers = await Promise.all(
      asks.map((values) => queryTogether<{ n: number; said: string | null }>(pool, { name: 'down', text, values })),
    )
    const expected = asks.map(([top, limit, said]) => Array.from({ length: top }, (_, at) => ({ n: top - at, said })).slice(0, limit))
    expect(answers.map((rows) => rows.map(({ n, said }) => ({ n, said })))).toEqual(expected)
    expect(sent.length).toBeLessThan(20)
  })

  it.each([
    ['a list', 'select unnest($1::int[]) as n', [[1, 2]]],
    ['a place without a cast', 'select n from generate_series(1, 2) n where n < $1 + 2', [1]],
  ])('runs what takes %s by itself', async (_, text, values) => {
    const { pool, sent } = watched(database.pool)
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => queryTogether<{ n: number }>(pool, { name: `alone ${values.length}${text.length}`, text, values })),
    )
    expect(answers.map((rows) => rows.map(({ n }) => n))).toEqual(Array.from({ length: 4 }, () => [1, 2]))
    expect(sent).toHaveLength(4)
  })
})
