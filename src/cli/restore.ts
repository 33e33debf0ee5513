/**
 * `slotwise restore`: a backup into a database that nobody has used, all of it or nothing. The keys of its secrets must be
 * in SECRETS_KEY_FILE, or in what SECRETS_KEY_COMMAND prints.
 */
import { existsSync } from 'node:fs'
import { beginEra } from '../audit/begin-era.ts'
import { systemClock } from '../base/clock.ts'
import { fault } from '../base/fault.ts'
import { systemIds } from '../base/ids.ts'
import { headOf, restoreLines } from '../store/backup-file.ts'
import { isUnused, schemaVersion } from '../store/backup-tables.ts'
import type { Pool, Tx } from '../store/db.ts'
import { migrate } from '../store/migrate.ts'
import { openPool } from '../store/pool.ts'
import { type KeySource, keySource, openSecrets, secretKeysIn } from '../store/secret-keys.ts'
import { secretsByKey } from '../store/secrets.ts'
import { inTransaction } from '../store/transaction.ts'
import type { Command, CommandContext } from './command.ts'
import { operatorEvent } from './operator-event.ts'

/** A database that is new is brought to the version of the backup first, and up to date when it is in. */
async function prepare(pool: Pool, { migrations }: CommandContext, version: number): Promise<void> {
  const found = await schemaVersion(pool)
  if (found > 0 && !(await isUnused(pool)))
    throw fault('conflict', 'This database has been used already. Restore into an empty one: another DATA_DIR or DATABASE_URL.')
  if (found === 0) await migrate(pool, migrations, version)
  else if (found !== version)
    throw fault('conflict', `The backup is of version ${version} of the tables, this database of version ${found}: restore into a new one.`)
}

/** A clinic whose secrets nobody can open would not start. */
async function assertKeys(tx: Tx, source: KeySource | undefined): Promise<void> {
  const known = new Set(source === undefined ? [] : secretKeysIn(source).map(({ id }) => id))
  const missing = [...(await secretsByKey(tx)).keys()].filter((id) => id !== '' && !known.has(id))
  if (missing.length > 0)
    throw fault(
      'value',
      `The secrets of the backup are sealed by ${missing.join(', ')}: put that key into SECRETS_KEY_FILE, or where SECRETS_KEY_COMMAND finds it, first.`,
    )
}

/** A file that is not there yet is as good as none: the backup may hold no secret. */
const keysThere = (source: KeySource | undefined): KeySource | undefined =>
  typeof source === 'string' && !existsSync(source) ? undefined : source

/** The version of the tables from which on the audit has room for what operators do (security-events). */
const toldSince = 31

/** The first row of the new era: who put the clinic back, and as of when. */
const tell = (tx: Tx, rows: number, taken: string): Promise<void> =>
  operatorEvent({ clock: systemClock, ids: systemIds }, tx, { what: 'restore', change: `A backup of ${taken}, ${rows} rows, was restored` })

export const restore: Command = {
  name: 'restore',
  does: 'put a backup into an empty database',
  operands: { value: 'FILE', means: 'what "slotwise backup" has made', many: false },
  options: {},
  run: async (context, _values, [file = '']) => {
    const { version, taken } = await headOf(file)
    const keys = keysThere(keySource(context.config))
    const secrets = openSecrets(keys)
    const database = await context.openDatabase()
    const pool = openPool(database.ownerUrl, { max: 2 })
    try {
      await prepare(pool, context, version)
      const rows = await inTransaction(pool, async (tx) => {
        const put = await restoreLines(tx, file, (count) => context.progress(`${count} rows`))
        await assertKeys(tx, keys)
        await beginEra(tx, { clock: systemClock, secrets })
        if (version >= toldSince) await tell(tx, put, taken)
        return put
      })
      await context.migrate()
      if (version < toldSince) await inTransaction(pool, (tx) => tell(tx, rows, taken))
      context.say(`${rows} rows as of ${taken} are restored.`)
      return 0
    } finally {
      await pool.end()
      await database.close()
    }
  },
}
