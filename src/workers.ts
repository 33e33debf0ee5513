/**
 * WORKERS: several processes answer on one port, on the database that the first process owns. A worker that dies is
 * replaced; the work that must happen once (jobs, the database) stays with the first. https://nodejs.org/api/cluster.html
 */
import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { shutdownMsMax, workerRestartMs } from './base/limits.ts'
import type { Log } from './base/log.ts'
import type { Listening } from './cli/command.ts'

const gone = (worker: Worker): Promise<void> => new Promise((resolve) => worker.once('exit', () => resolve()))

const open = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.once('listening', () => resolve())
    worker.once('exit', () => reject(new Error('An HTTP process ended before it could listen.')))
  })

async function end(worker: Worker): Promise<void> {
  const ended = gone(worker)
  worker.process.kill('SIGTERM')
  await Promise.race([ended, sleep(shutdownMsMax, undefined, { ref: false })])
  worker.process.kill('SIGKILL')
}

/** `settings`: what the first process has settled, the database's address for one. */
export async function startWorkers(settings: Readonly<Record<string, string>>, count: number, log: Log): Promise<Listening> {
  const state = { closing: false }
  const running = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
  const close = async () => {
    state.closing = true
    await Promise.all(running().map(end))
  }
  const start = (): Worker => cluster.fork(settings)
  try {
    await Promise.all(Array.from({ length: count }, () => open(start())))
  } catch (error) {
    await close()
    throw error
  }
  cluster.on('exit', async () => {
    if (state.closing) return
    log.warn('an HTTP process ended; starting another')
    await sleep(workerRestartMs)
    if (!state.closing) start()
  })
  return { close }
}
