/**
 * Brings a database up to date: numbered, forward-only SQL files, each in a transaction of its own, under one advisory
 * lock so that processes which start together take turns.
 *
 * Leaves out going back. A database that has seen a newer version of this program is refused, never guessed at.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../base/fault.ts'
import type { Db, Pool } from './db.ts'

export type Migration = { readonly version: number; readonly name: string; readonly file: string }

/** Any number, as long as no other use of advisory locks in this database picks it. */
const migrationLock = 7_356_001

const filePattern = /^(\d{4})-([a-z0-9-]+)\.sql$/

/** The migrations of a folder, oldest first. A file that is misnamed, or two of one number, stop the start. */
export async function migrationsIn(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).toSorted()
  const found = files.map((file) => {
    const [, number, name] = filePattern.exec(file) ?? []
    if (!number || !name) throw fault('exception', `Migration ${file} is not named NNNN-what-it-does.sql.`)
    return { version: Number(number), name, file }
  })
  const twin = found.find((migration, i) => migration.version === found[i - 1]?.version)
  if (twin) throw fault('exception', `Two migrations have the number ${twin.version}: ${twin.name} is one of them.`)
  return found
}

const statement = (text: string, values: readonly unknown[] = []) => ({ text, values })

async function versionsDone(db: Db): Promise<Set<number>> {
  // Asked first: a role that may make no table may still find that there is nothing to do.
  const [kept] = await db.query<{ there: boolean }>(statement(`select to_regclass('schema_migration') is not null as there`))
  if (!kept?.there)
    await db.query(
      statement(
        'create table if not exists schema_migration (version int primary key, name text not null, at timestamptz not null default now())',
      ),
    )
  const rows = await db.query<{ version: number }>(statement('select version from schema_migration order by version'))
  return new Set(rows.map((row) => row.version))
}

function refuseNewerDatabase(done: ReadonlySet<number>, known: readonly Migration[]): void {
  const newest = Math.max(0, ...done)
  const mine = known.at(-1)?.version ?? 0
  if (newest > mine)
    throw fault(
      'exception',
      `This database is at version ${newest}, newer than version ${mine} that this Slotwise knows. Start the newer Slotwise, or use another database.`,
    )
}

/** The version row goes in first: a second runner that slipped past the lock would stop there and undo nothing. */
async function runOne(db: Db, folder: string, { version, name, file }: Migration): Promise<void> {
  const sql = await readFile(join(folder, file), 'utf8')
  await db.query(statement('begin'))
  try {
    await db.query(statement('insert into schema_migration (version, name) values ($1, $2)', [version, name]))
    await db.query({ text: sql, values: [] })
    await db.query(statement('commit'))
  } catch (error) {
    await db.query(statement('rollback')).catch(() => undefined)
    throw new Error(`Migration ${file} failed; the database stands as it did before it.`, { cause: error })
  }
}

async function runPending(db: Db, folder: string, upTo = Number.POSITIVE_INFINITY): Promise<Migration[]> {
  const known = await migrationsIn(folder)
  await db.query(statement('select pg_advisory_lock($1)', [migrationLock]))
  try {
    const done = await versionsDone(db)
    refuseNewerDatabase(done, known)
    const pending = known.filter(({ version }) => !done.has(version) && version <= upTo)
    for (const migration of pending) await runOne(db, folder, migration)
    return pending
  } finally {
    await db.query(statement('select pg_advisory_unlock($1)', [migrationLock])).catch(() => undefined)
  }
}

/** Runs what is pending, to the newest or up to a version, and says what it ran. */
export const migrate = (pool: Pool, folder: string, upTo?: number): Promise<Migration[]> =>
  pool.connect((db) => runPending(db, folder, upTo))
