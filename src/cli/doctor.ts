/** `slotwise doctor`: looks at everything that a start needs, and says what is in the way. It changes nothing. */
import { errorMessage } from '../base/error-code.ts'
import { postgresVersionMin } from '../base/limits.ts'
import { databaseState } from '../store/database-state.ts'
import { migrationsIn } from '../store/migrate.ts'
import { openPool } from '../store/pool.ts'
import type { Command, CommandContext } from './command.ts'

type Check = { readonly name: string; readonly ok: boolean; readonly says: string }

const check = (name: string, ok: boolean, says: string): Check => ({ name, ok, says })

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
    ]
  } finally {
    await pool.end()
    await close()
  }
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

async function examine(context: CommandContext): Promise<Check[]> {
  const found = await database(context).catch((error: unknown) => [check('database', false, errorMessage(error))])
  return [check('node', true, process.version), ...found, await address(context)]
}

export const doctor: Command = {
  name: 'doctor',
  does: 'check what a start needs, and say what is in the way',
  options: {},
  run: async (context) => {
    const checks = await examine(context)
    const width = Math.max(...checks.map((one) => one.name.length))
    for (const { name, ok, says } of checks) context.say(`${ok ? 'ok     ' : 'problem'}  ${name.padEnd(width)}  ${says}`)
    return checks.every((one) => one.ok) ? 0 : 1
  },
}
