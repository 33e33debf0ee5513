/**
 * The durable worker: runs jobs that a transaction has put in (`store/jobs.ts`), each at least once, again after a growing
 * while where it fails, and no more after its last attempt, until `slotwise jobs replay`. https://worker.graphile.org
 *
 * Any number of processes may work on one database; a job runs in one of them. When work is due is `tick.ts`.
 */
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Runner, RunnerOptions, TaskList } from 'graphile-worker'
import { errorMessage } from '../base/error-code.ts'
import { jobsAtOnceMax, shutdownMsMax, workerPollMs, workerPulseMs, workerRestartMs } from '../base/limits.ts'
import { failureName } from '../booking/one-by-one.ts'
import type { House } from '../store/house.ts'
import { keepWorker } from '../store/jobs.ts'
import { openLibraryPool, openPool } from '../store/pool.ts'

export type JobRun = {
  /** How often it has been begun, this time included. */
  readonly attempt: number
  readonly isLast: boolean
  /** Aborted where the worker has to end before the job does. */
  readonly signal: AbortSignal
}

/** A task must stand being run twice: a process may be killed after the effect and before it is noted. */
export type Task = (house: House, payload: Readonly<Record<string, unknown>>, run: JobRun) => Promise<void>

export type Tasks = Readonly<Record<string, Task>>

/** A failure in words that an operator may read: no patient data, no secrets. Of any other error only its kind is kept. */
export class JobFailed extends Error {}

export type Work = { readonly close: () => Promise<void> }

/** Brings graphile-worker's own tables up to date, and starts to work. */
export async function startWork(house: House, databaseUrl: string, tasks: Tasks): Promise<Work> {
  const { run, Logger, runMigrations } = await import('graphile-worker')
  const silent = new Logger(() => () => {})
  await migrated(databaseUrl, (pgPool) => runMigrations({ pgPool, logger: silent }))
  const options: RunnerOptions = {
    logger: silent,
    taskList: taskListOf(house, tasks),
    concurrency: jobsAtOnceMax,
    pollInterval: workerPollMs,
    noHandleSignals: true,
    // Without these, how a job ended is noted beside everything else, and a runner that stops does not wait for it.
    preset: { worker: { logger: silent, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    gracefulShutdownAbortTimeout: shutdownMsMax / 2,
  }
  return keptRunning(house, databaseUrl, (given) => run({ ...options, ...given }))
}

async function migrated(databaseUrl: string, run: (pool: ReturnType<typeof openLibraryPool>) => Promise<void>): Promise<void> {
  const pool = openLibraryPool(databaseUrl, 2)
  try {
    await run(pool)
  } finally {
    await pool.end()
  }
}

function taskListOf(house: House, tasks: Tasks): TaskList {
  return Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      async (payload: unknown, { job, abortSignal }): Promise<void> => {
        const run = { attempt: job.attempts, isLast: job.attempts >= job.max_attempts, signal: abortSignal }
        try {
          await task(house, (payload ?? {}) as Readonly<Record<string, unknown>>, run)
        } catch (error) {
          const why = error instanceof JobFailed ? errorMessage(error) : failureName(error)
          if (run.isLast)
            house.warn(`the job ${name} has failed for the last time; "slotwise jobs replay" tries it again`, { job: job.id, why })
          throw new Error(why)
        }
      },
    ]),
  )
}

type Start = (given: Pick<RunnerOptions, 'events' | 'pgPool'>) => Promise<Runner>

/** A runner gives up where it cannot even note how a job ended (the database was down): then another takes its place. */
function keptRunning(house: House, databaseUrl: string, start: Start): Work {
  const closing = new AbortController()
  const live = async () => {
    while (!closing.signal.aborted) {
      try {
        await oneLife(databaseUrl, start, closing.signal)
      } catch (error) {
        house.warn('the durable worker could not go on; it is started again', { why: failureName(error) })
      }
      if (!closing.signal.aborted) await pause(workerRestartMs, closing.signal)
    }
  }
  const lived = live()
  return {
    close: async () => {
      closing.abort()
      await lived
    },
  }
}

/** From a runner's start to its end, its own or ours. Meanwhile its lock says each second that it lives. */
async function oneLife(databaseUrl: string, start: Start, closing: AbortSignal): Promise<void> {
  const events = new EventEmitter()
  const workers: string[] = []
  events.on('pool:create', ({ workerPool }: { workerPool: { id: string } }) => workers.push(workerPool.id))
  const line = openPool(databaseUrl, { max: 1 })
  // Its own pool would be left to end by itself, after the runner has stopped and perhaps after the database has.
  const pgPool = openLibraryPool(databaseUrl, jobsAtOnceMax + 1)
  try {
    const runner = await start({ events, pgPool })
    const ended = new AbortController()
    const over = runner.promise.finally(() => ended.abort())
    over.catch(() => undefined)
    const either = AbortSignal.any([closing, ended.signal])
    while (!either.aborted) {
      for (const worker of workers) await keepWorker(line, worker).catch(() => undefined)
      await pause(workerPulseMs, either)
    }
    if (!ended.signal.aborted) await runner.stop()
    await over
  } finally {
    await Promise.all([line.end(), pgPool.end()])
  }
}

/** A while, cut short by the signal. */
const pause = (ms: number, signal: AbortSignal): Promise<unknown> => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
