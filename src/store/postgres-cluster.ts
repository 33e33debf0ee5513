/**
 * One Postgres cluster in a folder: made, started, found running, stopped. It holds no state of its own: everything it
 * needs to find the database again after a crash (port, password, process id) stands in the folder.
 *
 * Leaves out who may use it and when it may stop: that is `embedded.ts`.
 */
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { errorCode } from '../base/error-code.ts'
import { fault } from '../base/fault.ts'
import { connectTimeoutMs, postgresLogBytesMax, postgresPollMs, postgresStartMs, postgresStopMs } from '../base/limits.ts'
import { freePort, isFree } from './loopback-port.ts'
import { pgErrorName } from './pg-errors.ts'
import { giveTo, invocation, type PostgresAccount, postgresAccount } from './postgres-account.ts'
import { postgresBinaries } from './postgres-binaries.ts'

export type Cluster = {
  /** DATA_DIR; the data itself is in `postgres` below it. */
  readonly folder: string
  readonly port: number
  readonly password: string
  readonly settings: Readonly<Record<string, string>>
}

/**
 * jit costs more than it saves on statements of a millisecond. The log keeps no statement, no detail and no error text
 * of one, since these quote values, and values are patient data.
 */
export const postgresSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  max_connections: '100',
  shared_buffers: '256MB',
  synchronous_commit: 'on',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  // Two writers that wait for each other are told apart soon; ours are retried.
  deadlock_timeout: '100ms',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
}

const dataOf = (folder: string): string => join(folder, 'postgres')
const logOf = (folder: string): string => join(folder, 'postgres.log')
const keyOf = (folder: string): string => join(folder, 'postgres.json')

/** What an operating system takes as the path of a socket, less Postgres's own file name. */
const socketFolderBytesMax = 80

/** The data's own folder, which only its owner enters; undefined where its path is too long for a socket, or on Windows. */
const socketFolder = (folder: string): string | undefined =>
  process.platform !== 'win32' && Buffer.byteLength(dataOf(folder)) <= socketFolderBytesMax ? dataOf(folder) : undefined

/** The role that a server works as; its password is drawn from that of the owner, which stands in the folder. */
export const applicationRole = 'slotwise_app'
export const applicationPassword = ({ password }: Cluster): string =>
  createHmac('sha256', password).update(applicationRole).digest('base64url')

/** By socket, which is a shorter way than the loopback network; else by the port. Without `application`, as the owner. */
export function urlOf(cluster: Cluster, database: string, application = false): string {
  const { folder, port } = cluster
  const [user, password] = application ? [applicationRole, applicationPassword(cluster)] : ['postgres', cluster.password]
  const socket = socketFolder(folder)
  const host = socket === undefined ? '' : `&host=${encodeURIComponent(socket)}`
  return `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}?sslmode=disable${host}`
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Writes a file that did not exist, whole or not at all; where another process was first, its file stands. */
async function writeOnce(file: string, suffix: string, text: string): Promise<void> {
  const draft = `${file}.${suffix}`
  await writeFile(draft, text, { mode: 0o600 })
  await link(draft, file).catch(ignore('EEXIST'))
  await rm(draft)
}

const ignore =
  (...codes: string[]) =>
  (error: unknown): void => {
    if (!codes.includes(errorCode(error) ?? '')) throw error
  }

async function keep(cluster: Cluster): Promise<Cluster> {
  const draft = `${keyOf(cluster.folder)}.${cluster.port}`
  await writeFile(draft, JSON.stringify({ port: cluster.port, password: cluster.password }), { mode: 0o600 })
  await rename(draft, keyOf(cluster.folder))
  return cluster
}

async function initialise(folder: string, password: string, account: PostgresAccount, lot: string): Promise<void> {
  const { initdb } = await postgresBinaries()
  const draft = `${dataOf(folder)}.${lot}`
  const secret = `${draft}.password`
  await mkdir(draft, { mode: 0o700 })
  await writeFile(secret, password, { mode: 0o600 })
  await Promise.all([giveTo(account, draft), giveTo(account, secret)])
  const flags = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--locale-provider=builtin']
  const args = [`--pgdata=${draft}`, `--pwfile=${secret}`, '--builtin-locale=C.UTF-8', ...flags]
  const { command, args: all, options } = await invocation(account, initdb, args, [draft])
  const child = spawn(command, all, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  child.stderr.on('data', (chunk) => said.push(String(chunk)))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  await rm(secret)
  if (code !== 0) throw fault('exception', `Postgres could not be set up in ${folder}: ${said.join('').trim().split('\n').at(-1)}`)
  // Where two first starts meet, one rename finds the folder full: the other's cluster stands, with the same password.
  await rename(draft, dataOf(folder)).catch(ignore('ENOTEMPTY', 'EEXIST'))
  await rm(draft, { recursive: true, force: true })
}

/** Finds the cluster of a folder, or makes it. `lot` is a fresh id: it names drafts and is the password of a new one. */
export async function clusterIn(folder: string, lot: string, settings: Readonly<Record<string, string>>): Promise<Cluster> {
  const account = await postgresAccount()
  if (!(await exists(folder))) {
    await mkdir(folder, { recursive: true })
    await chmod(folder, 0o755)
  }
  const home = await realpath(folder)
  if (!(await exists(keyOf(home)))) await writeOnce(keyOf(home), lot, JSON.stringify({ port: await freePort(), password: lot }))
  const { port, password } = JSON.parse(await readFile(keyOf(home), 'utf8')) as { port: number; password: string }
  if (!(await exists(dataOf(home)))) await initialise(home, password, account, lot)
  return { folder: home, port, password, settings }
}

/**
 * The process id of the postmaster of this folder, where it lives. A pid file whose process is gone stays: by it Postgres
 * finds backends that outlived a killed postmaster. One whose number another program has now would stop every start.
 */
async function postmaster(folder: string): Promise<number | undefined> {
  const file = join(dataOf(folder), 'postmaster.pid')
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10)
  if (!(pid > 1) || !isAlive(pid)) return undefined
  if (await isPostgresOf(pid, folder)) return pid
  await rm(file, { force: true })
  return undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** A process id is used again after a restart of the machine; where there is no /proc, Postgres's own check has to do. */
async function isPostgresOf(pid: number, folder: string): Promise<boolean> {
  if (!(await exists('/proc/self/cmdline'))) return true
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  return words.includes(dataOf(folder))
}

type Answer = 'ours' | 'not yet' | 'nobody' | 'a stranger'

/** Who answers on the cluster's port. */
async function whoAnswers(cluster: Cluster): Promise<Answer> {
  const client = new pg.Client({ connectionString: urlOf(cluster, 'postgres'), connectionTimeoutMillis: connectTimeoutMs })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    return rows[0]?.data_directory === dataOf(cluster.folder) ? 'ours' : 'a stranger'
  } catch (error) {
    if (errorCode(error) === '57P03') return 'not yet'
    return pgErrorName(error) === 'connection' ? 'nobody' : 'a stranger'
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function lastWords(folder: string): Promise<string> {
  const text = await readFile(logOf(folder), 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-3).join(' ')
}

/** Starts the postmaster in a session of its own: Ctrl-C is ours to answer, and it outlives us when we are killed. */
async function launch(cluster: Cluster): Promise<{ exited: boolean }> {
  const { postgres } = await postgresBinaries()
  const data = dataOf(cluster.folder)
  const socket = { unix_socket_directories: socketFolder(cluster.folder) ?? '' }
  const settings = Object.entries({ ...postgresSettings, ...socket, ...cluster.settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const args = ['-D', data, '-p', String(cluster.port), ...settings]
  const { command, args: all, options } = await invocation(await postgresAccount(), postgres, args, [data])
  const size = await stat(logOf(cluster.folder)).then(
    (found) => found.size,
    () => 0,
  )
  const log = await open(logOf(cluster.folder), size > postgresLogBytesMax ? 'w' : 'a', 0o600)
  const child = spawn(command, all, { ...options, detached: true, stdio: ['ignore', log.fd, log.fd] })
  const life = { exited: false }
  child.once('exit', () => {
    life.exited = true
  })
  child.once('error', () => {
    life.exited = true
  })
  child.unref()
  await log.close()
  return life
}

/** Left by a crash, these pass by themselves: its last processes are still leaving, or another start is under way. */
const passing = /shared memory block|lock file .* already exists|bind address already|could not create any TCP/i

/** Sees to it that the cluster answers, adopting it where it runs. `mayMove`: it may take another port if its own is taken. */
export async function ensureRunning(start: Cluster, mayMove: boolean): Promise<Cluster> {
  let cluster = start
  let life: { exited: boolean } | undefined
  for (let waited = 0; waited < postgresStartMs; waited += postgresPollMs) {
    if ((await whoAnswers(cluster)) === 'ours') return cluster
    if (life?.exited && !passing.test(await lastWords(cluster.folder))) break
    if ((!life || life.exited) && !(await postmaster(cluster.folder))) {
      if (mayMove && !(await isFree(cluster.port))) cluster = await keep({ ...cluster, port: await freePort() })
      life = await launch(cluster)
    }
    await sleep(postgresPollMs)
  }
  throw fault('exception', `Postgres in ${cluster.folder} does not start: ${await lastWords(cluster.folder)} (more in postgres.log there).`)
}

/** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
export async function stopCluster({ folder }: Pick<Cluster, 'folder'>): Promise<void> {
  const pid = await postmaster(folder)
  if (pid === undefined) return
  process.kill(pid, 'SIGINT')
  for (let waited = 0; waited < postgresStopMs && isAlive(pid); waited += postgresPollMs) await sleep(postgresPollMs)
  if (isAlive(pid)) process.kill(pid, 'SIGQUIT')
}
