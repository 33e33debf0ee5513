/** A page that Postgres puts together as one text is refused where it would be longer than a text in Node.js may be. */
import { runPageText } from '../../../src/store/search/run.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase({ empty: true })
})
afterAll(() => database?.drop())

const around = ['{"fullUrl":"', '","resource":', '}'] as const
const rows = (count: number, length: number) => ({
  statement: { text: `select i::text as id, repeat('x', ${length}) as body, i as k0 from generate_series(1, ${count}) i`, values: [] },
  keys: 1,
})

it('takes what many short ones come to, and says of many long ones that they are too many', async () => {
  const short = await runPageText(database.pool, rows(70, 3), undefined, 100, around)
  expect([short.fetched, short.entries?.split(',{').length]).toEqual([70, 70])
  // 70 times 4 MB.
  await expect(runPageText(database.pool, rows(70, 4 * 1024 * 1024), undefined, 100, around)).rejects.toMatchObject({
    kind: 'too-costly',
    message: expect.stringContaining('_count'),
  })
})
