/** `slotwise doctor`: looks at everything that a start needs, and says what is in the way. It changes nothing. */
import { errorMessage } from '../base/error-code.ts'
import { postgresVersionMin } from '../base/limits.ts'
import { openOnTheWay } from '../config.ts'
import { isLoopback } from '../network-settings.ts'
import { auditRights } from '../store/application-role.ts'
import { databaseState } from '../store/database-state.ts'
import type { Db } from '../store/db.ts'
import { migrationsIn } from '../store/migrate.ts'
import { openPool } from '../store/pool.ts'
import { keySource, secretKeysIn } from '../store/secret-keys.ts'
import { secretsByKey } from '../store/secrets.ts'
import type { Command, CommandContext } from './command.ts'

/** `advice` is in nobody's way, and worth doing all the same. */
type Check = { readonly name: string; readonly ok: boolean; readonly says: string; readonly advice?: boolean }

const check = (name: string, ok: boolean, says: string): Check => ({ name, ok, says })
const advice = (name: string, says: string): Check => ({ name, ok: true, says, advice: true })

async function database(context: CommandContext): Promise<Check[]> {
  const { url, close } = await context.openDatabase()
  const pool = openPool(url, { max: 1 })
  try {
    const { postgres, missingExtensions: missing, version } = await databaseState(pool)
    const known = (await migrationsIn(context.migrations)).at(-1)?.version ?? 0
    const where = context.config.databaseUrl ? 'DATABASE_URL' : `embedded in ${context.config.dataDir}`
    return [
      check('database', postgres >= postgresVersionMin, `Postgres ${postgres} (${where}); ${postgresVersionMin} or newer is needed`),
      check('extensions', missing.length === 0, missing.length === 0 ? 'all there' : `this Postgres lacks ${missing.join(', ')}`),
      check(
        'migrations',
        version <= known,
        version === known
          ? `up to date (${version})`
          : `at ${version} of ${known}${version > known ? ': a newer Slotwise wrote it' : '; the next start runs the rest'}`,
      ),
      ...(version === known ? [await secrets(context, pool), await auditRole(pool)] : []),
    ]
  } finally {
    await pool.end()
    await close()
  }
}

/** Whether every secret is sealed by a key that is at hand. */
async function secrets({ config }: CommandContext, pool: Db): Promise<Check> {
  const source = keySource(config)
  const where = typeof source === 'string' ? source : 'what SECRETS_KEY_COMMAND prints'
  const counts = await secretsByKey(pool)
  const open = counts.get('') ?? 0
  if (source === undefined) return advice('secrets', `${open} kept unsealed: set SECRETS_KEY_FILE (docs/security.md)`)
  // The first start makes the file of the embedded Postgres.
  if (counts.size === 0) return check('secrets', true, 'none yet')
  const known = new Set(secretKeysIn(source).map(({ id }) => id))
  const lost = [...counts.keys()].filter((id) => id !== '' && !known.has(id))
  if (lost.length > 0) return check('secrets', false, `sealed by ${lost.join(', ')}, which is not in ${where}`)
  return check('secrets', open === 0, open === 0 ? `sealed by ${where}` : `${open} unsealed; "slotwise keys rotate" seals them`)
}

async function auditRole(pool: Db): Promise<Check> {
  const rights = await auditRights(pool)
  if (rights.length === 0) return check('audit', true, 'may be added to and read, not changed')
  return advice('audit', `this role may ${rights.join(', ')} rows of it: set DATABASE_OWNER_URL (docs/security.md)`)
}

async function address({ config }: CommandContext): Promise<Check> {
  const answer = await fetch(`${config.publicUrl}/health/ready`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined)
  if (!answer) return check('address', true, `nobody answers at ${config.publicUrl}; "slotwise serve" would`)
  return check(
    'address',
    answer.ok,
    answer.ok ? `a server is ready at ${config.publicUrl}` : `${config.publicUrl} answers ${answer.status}`,
  )
}

function onTheWay({ config }: CommandContext): Check {
  const warned = openOnTheWay(config)
  if (warned !== undefined) return advice('network', warned)
  return check('network', true, config.certificate ? 'speaks TLS' : isLoopback(config.host) ? 'this machine alone' : 'behind a proxy')
}

async function examine(context: CommandContext): Promise<Check[]> {
  const found = await database(context).catch((error: unknown) => [check('database', false, errorMessage(error))])
  return [check('node', true, process.version), ...found, onTheWay(context), await address(context)]
}

export const doctor: Command = {
  name: 'doctor',
  does: 'check what a start needs, and say what is in the way',
  options: {},
  run: async (context) => {
    const checks = await examine(context)
    const width = Math.max(...checks.map((one) => one.name.length))
    for (const { name, ok, says, advice } of checks)
      context.say(`${ok ? (advice ? 'advice ' : 'ok     ') : 'problem'}  ${name.padEnd(width)}  ${says}`)
    return checks.every((one) => one.ok) ? 0 : 1
  },
}
