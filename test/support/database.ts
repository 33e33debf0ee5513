/**
 * A database of its own for each test file, cloned from one that was migrated once a run.
 * With TEST_DATABASE_URL (a role that may create databases) the clones are made there instead.
 */
import { join } from 'node:path'
import { systemIds } from '../../src/base/ids.ts'
import type { Pool } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openPool } from '../../src/store/pool.ts'
import { onceInRun, startTestPostgres } from './test-postgres.ts'

export type TestDatabase = { readonly url: string; readonly pool: Pool; readonly drop: () => Promise<void> }

const migrations = join(import.meta.dirname, '../../migrations')

const databaseAt =
  (server: string) =>
  (database: string): string => {
    const url = new URL(server)
    url.pathname = `/${database}`
    return url.href
  }

async function onServer<T>(url: string, use: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool(url, { max: 1 })
  try {
    return await use(pool)
  } finally {
    await pool.end()
  }
}

const run = Number(process.env.TEST_RUN ?? process.pid)

/** `empty` gives a database without our migrations. */
export async function testDatabase(options: { readonly empty?: boolean; readonly connections?: number } = {}): Promise<TestDatabase> {
  const given = process.env.TEST_DATABASE_URL
  const urlOf = given ? databaseAt(given) : await startTestPostgres(run)
  const maintenance = given ?? urlOf('postgres')
  const template = `slotwise_template_${run}`
  const command = (text: string) => onServer(maintenance, (pool) => pool.query({ text, values: [] }))
  if (!options.empty)
    await onceInRun(run, 'template', async () => {
      await command(`drop database if exists ${template} with (force)`)
      await command(`create database ${template}`)
      await onServer(urlOf(template), (pool) => migrate(pool, migrations))
    })
  const name = `slotwise_test_${systemIds.next().replaceAll('-', '')}`
  // Its files copied as they are take half of what it costs to read them page by page and to log them.
  await command(`create database ${name}${options.empty ? '' : ` template ${template} strategy file_copy`}`)
  const pool = openPool(urlOf(name), { max: options.connections ?? 20 })
  return {
    url: urlOf(name),
    pool,
    drop: async () => {
      await pool.end()
      await command(`drop database if exists ${name} with (force)`)
    },
  }
}
