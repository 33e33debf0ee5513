/**
 * The one Postgres of a test run, in a folder that carries the run's process id. The first test file that needs it starts
 * it; the end of the run stops it; a run that was killed is cleared away by the next.
 */
import { lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../../src/base/error-code.ts'
import { systemIds } from '../../src/base/ids.ts'
import { clusterIn, ensureRunning, stopCluster, urlOf } from '../../src/store/postgres-cluster.ts'
import { testFolder, testFolders } from './test-folder.ts'

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
  const found = (await readdir(testFolder)).includes(`${prefix}${run}`)
  if (found) await clear(folderOf(run))
}

/** A program keeps its cluster, if it has made one, in a folder below its own. */
async function clear(folder: string): Promise<void> {
  const found = await realpath(folder)
  for (const cluster of [found, join(found, 'data')]) await stopCluster({ folder: cluster })
  await rm(found, { recursive: true, force: true, maxRetries: 5 })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** A run's own folder, and those of the programs and databases that its processes start: each says which process made it. */
const named = /^slotwise-(?:test-(\d+)|(?:program|embedded)-(\d+)-\w+)$/

/** What is another user's stays. */
const isOurs = async (folder: string): Promise<boolean> => {
  const found = await lstat(folder).catch(() => undefined)
  return found?.isDirectory() === true && found.uid === (process.getuid?.() ?? found.uid)
}

/** In every folder that a run may have chosen, whichever this one has. */
export async function sweepAbandoned(): Promise<void> {
  for (const parent of testFolders)
    for (const name of await readdir(parent).catch(() => [])) {
      const [, run, program] = named.exec(name) ?? []
      const maker = Number(run ?? program)
      const folder = join(parent, name)
      if (maker > 0 && !isAlive(maker) && (await isOurs(folder))) await clear(folder).catch(() => undefined)
    }
}
