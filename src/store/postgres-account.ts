/**
 * Who Postgres runs as. It refuses to run as root, so root hands it to the user `postgres`, made where there is none.
 * https://www.postgresql.org/docs/current/postgres-user.html
 *
 * That user cannot pass a folder closed to others (such as /root); there `setpriv` lets Postgres alone pass it.
 */
import { execFile, type SpawnOptions } from 'node:child_process'
import { chown, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { fault } from '../base/fault.ts'

const run = promisify(execFile)

/** `undefined`: whoever runs this program. */
export type PostgresAccount = { readonly uid: number; readonly gid: number } | undefined

export type Invocation = {
  readonly command: string
  readonly args: readonly string[]
  readonly options: Pick<SpawnOptions, 'uid' | 'gid'>
}

async function findAccount(): Promise<PostgresAccount> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined
}

export async function postgresAccount(): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return undefined
  const known = await findAccount()
  if (known) return known
  await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']).catch(() => undefined)
  const made = await findAccount()
  if (made) return made
  throw fault(
    'exception',
    'Postgres cannot run as root, and no user "postgres" could be made. Run as an ordinary user, or name a database in DATABASE_URL.',
  )
}

export async function giveTo(account: PostgresAccount, path: string): Promise<void> {
  if (account) await chown(path, account.uid, account.gid)
}

const mayPass = (account: NonNullable<PostgresAccount>, folder: { uid: number; gid: number; mode: number }): boolean => {
  if (folder.uid === account.uid) return (folder.mode & 0o100) !== 0
  if (folder.gid === account.gid) return (folder.mode & 0o010) !== 0
  return (folder.mode & 0o001) !== 0
}

async function closedFolder(account: NonNullable<PostgresAccount>, path: string): Promise<string | undefined> {
  const parent = dirname(path)
  if (parent === path) return undefined
  return (await closedFolder(account, parent)) ?? (mayPass(account, await stat(parent)) ? undefined : parent)
}

// Only dac_override is kept, so that Postgres can pass the folders above it; access(2) honours it only with the securebit.
const passEveryFolder = [
  '--securebits=+no_setuid_fixup',
  '--clear-groups',
  '--inh-caps=-all,+dac_override',
  '--ambient-caps=-all,+dac_override',
  '--bounding-set=-all,+dac_override',
]

/** How to run a program of Postgres that must reach `paths`. */
export async function invocation(
  account: PostgresAccount,
  program: string,
  args: readonly string[],
  paths: readonly string[],
): Promise<Invocation> {
  if (!account) return { command: program, args, options: {} }
  const closed = (await Promise.all([program, ...paths].map((path) => closedFolder(account, path)))).find((folder) => folder)
  if (!closed) return { command: program, args, options: account }
  const { uid, gid } = account
  const setpriv = [...passEveryFolder, `--reuid=${uid}`, `--regid=${gid}`]
  const works = await run('setpriv', [...setpriv, 'true']).catch(() => undefined)
  if (works) return { command: 'setpriv', args: [...setpriv, program, ...args], options: {} }
  throw fault(
    'exception',
    `Postgres cannot run as root, and its user "postgres" cannot pass ${closed}. Run as an ordinary user, move the project and DATA_DIR out of ${closed}, or name a database in DATABASE_URL.`,
  )
}
