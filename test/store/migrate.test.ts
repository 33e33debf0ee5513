import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../../src/store/migrate.ts'
import { openPool } from '../../src/store/pool.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

describe('migrate', () => {
  let database: TestDatabase
  let folder: string
  const add = (file: string, sql: string) => writeFile(join(folder, file), sql)
  const rows = (text: string) => database.pool.query({ text, values: [] })

  beforeEach(async () => {
    database = await testDatabase({ empty: true })
    folder = await mkdtemp(join(tmpdir(), 'slotwise-migrations-'))
    await add('0001-first.sql', 'create table first (n int); insert into first values (1);')
    await add('0002-second.sql', 'alter table first add column m int default 2;')
  })
  afterEach(async () => {
    await database.drop()
    await rm(folder, { recursive: true })
  })

  it('runs what is pending once, in order', async () => {
    expect((await migrate(database.pool, folder)).map((m) => m.version)).toEqual([1, 2])
    expect(await migrate(database.pool, folder)).toEqual([])
    await add('0003-third.sql', 'insert into first values (3, 3);')
    expect((await migrate(database.pool, folder)).map((m) => m.name)).toEqual(['third'])
    expect(await rows('select n, m from first order by n')).toEqual([
      { n: 1, m: 2 },
      { n: 3, m: 3 },
    ])
  })

  it('is safe when processes start at once', async () => {
    const pools = Array.from({ length: 6 }, () => openPool(database.url, { max: 1 }))
    const ran = await Promise.all(pools.map((pool) => migrate(pool, folder)))
    await Promise.all(pools.map((pool) => pool.end()))
    expect(ran.flat().map((m) => m.version)).toEqual([1, 2])
    expect(await rows('select n from first')).toEqual([{ n: 1 }])
  })

  it('leaves the database as it was where a migration fails, and goes on from there when it is mended', async () => {
    await add('0003-broken.sql', 'insert into first values (9, 9); select no_such_column from first;')
    await expect(migrate(database.pool, folder)).rejects.toThrow(/0003-broken\.sql failed/)
    expect(await rows('select n from first')).toEqual([{ n: 1 }])
    expect(await rows('select max(version) as version from schema_migration')).toEqual([{ version: 2 }])
    await add('0003-broken.sql', 'insert into first values (9, 9);')
    expect((await migrate(database.pool, folder)).map((m) => m.version)).toEqual([3])
  })

  it('refuses a database that a newer program has written', async () => {
    await migrate(database.pool, folder)
    await rows("insert into schema_migration (version, name) values (7, 'from-the-future')")
    await expect(migrate(database.pool, folder)).rejects.toThrow(/version 7, newer than version 2/)
  })

  it('refuses a folder with a misnamed file or one number twice', async () => {
    await add('0002-twin.sql', 'select 1;')
    await expect(migrate(database.pool, folder)).rejects.toThrow(/number 2/)
    await rm(join(folder, '0002-twin.sql'))
    await add('third.sql', 'select 1;')
    await expect(migrate(database.pool, folder)).rejects.toThrow(/third\.sql is not named/)
  })
})
