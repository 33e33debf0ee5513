/** Plans and claims of Schedules, as a Slot leads to them. */
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

/** How Postgres goes about it where it takes an index wherever it can. */
const wayOf = (text: string): Promise<string> =>
  database.pool.connect(async (db) => {
    await db.query({ text: 'set enable_seqscan = off', values: [] })
    const rows = await db.query<{ 'QUERY PLAN': string }>({ text: `explain ${text}`, values: [] })
    await db.query({ text: 'reset enable_seqscan', values: [] })
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  })

// Notices: a column in another order than the Slot's, whose index is then of no use however many Schedules there are.
it.each([
  ['its plan', 'schedule_plan', 'schedule_plan_pkey'],
  ['what it claims', 'schedule_claim', 'schedule_claim_schedule'],
])('from a Slot to its Schedule, %s is found by an index', async (_what, table, index) => {
  const way = await wayOf(
    `select found.* from slot s left join lateral (select * from ${table} where schedule = s.schedule offset 0) found on true where s.id = 'one'`,
  )
  expect(way).toContain(index)
})
