/** A server that is older than its database says so and leaves it alone. */
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { slotwise, type Workplace, workplace } from '../support/program.ts'

describe('an older program on a newer database', () => {
  let database: TestDatabase
  let place: Workplace
  beforeAll(async () => {
    database = await testDatabase()
    place = await workplace()
  })
  afterAll(async () => {
    await place.leave()
    await database.drop()
  })

  it('ends with a sentence and writes nothing', async () => {
    await database.pool.query({ text: `insert into schema_migration (version, name) values (9999, 'from-the-future')`, values: [] })
    const { code, err } = await slotwise(['serve'], { ...place.settings, DATABASE_URL: database.url })
    expect(code).toBe(1)
    expect(err).toMatch(/version 9999, newer than version \d+ that this Slotwise knows/)
    expect(await database.pool.query({ text: 'select 1 from signing_key', values: [] })).toEqual([])
  })
})
