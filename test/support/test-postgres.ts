/**
 * The one Postgres of a test run, in a folder that carries the run's process id. The first test file that needs it starts
 * it; the end of the run stops it; a run that was killed is cleared away by the next.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../../src/base/error-code.ts'
import { systemIds } from '../../src/base/ids.ts'
import { clusterIn, ensureRunning, stopCluster, urlOf } from '../../src/store/postgres-cluster.ts'
import { testFolder } from './test-folder.ts'

const prefix = 'slotwise-test-'
const folderOf = (run: number): string => join(testFolder, `${prefix}${run}`)

/** Crash safety is tested on a cluster of its own; here nothing outlives the run, so nothing is flushed. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '128MB',
  max_wal_size: '256MB',
}

export async function startTestPostgres(run: number): Promise<(database: string) => string> {
  const cluster = await ensureRunning(await clusterIn(folderOf(run), systemIds.next(), settings), true)
  return (database) => urlOf(cluster, database)
}

/** Runs `make` in one process of the run; the others wait until it is done. */
export async function onceInRun(run: number, name: string, make: () => Promise<void>): Promise<void> {
  const mark = join(folderOf(run), name)
  await mkdir(folderOf(run), { recursive: true })
  try {
    await mkdir(mark)
  } catch {
    while (!(await readdir(mark)).some((file) => file === 'done')) await sleep(50)
    return
  }
  try {
    await make()
    await mkdir(join(mark, 'done'))
  } catch (error) {
    // The next file tries again and reports the same, instead of waiting for ever.
    await rm(mark, { recursive: true })
    throw error
  }
}

export async function closeRun(run: number): Promise<void> {
  const folder = folderOf(run)
  const found = (await readdir(testFolder)).includes(`${prefix}${run}`)
  if (!found) return
  await stopCluster({ folder })
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

export async function sweepAbandoned(): Promise<void> {
  const runs = (await readdir(testFolder)).filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length)))
  for (const run of runs.filter((pid) => pid > 0 && !isAlive(pid))) await closeRun(run).catch(() => undefined)
}
