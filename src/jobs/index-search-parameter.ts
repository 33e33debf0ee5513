/**
 * A SearchParameter that an administrator has stored becomes one that is served: every row that was there before it gets
 * its values, batch by batch. A durable job, put in each second for those that have none; cut short, it goes on where it was.
 *
 * It begins when no writer can be left who does not know of the parameter: each process looks for new ones every second,
 * and what was begun before is waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { customParametersKnownMs, indexingAttemptsMax } from '../base/search-limits.ts'
import {
  type Indexing,
  indexingOf,
  isOverBefore,
  noteIndexing,
  serveParameter,
  transactionNow,
  unservedParameters,
} from '../store/custom-search-parameters.ts'
import type { House } from '../store/house.ts'
import { addJob, hasJobs } from '../store/jobs.ts'
import { inTransaction } from '../store/transaction.ts'
import { notBegun, reindexType } from './reindex.ts'
import { JobFailed, type Task } from './work.ts'

export const indexSearchParameterTask = 'index-search-parameter'

export async function indexSearchParameters(house: House): Promise<void> {
  const waiting = await unservedParameters(house.pool)
  if (waiting.length === 0 || !(await hasJobs(house.pool))) return
  for (const { id, revision } of waiting) {
    const job = { task: indexSearchParameterTask, payload: { id, revision }, key: `${indexSearchParameterTask} ${revision}` }
    await inTransaction(house.pool, (tx) => addJob(tx, { ...job, queue: indexSearchParameterTask, attemptsMax: indexingAttemptsMax }))
  }
}

export const indexSearchParameter: Task = async (house, payload, { signal }) => {
  const [id, revision] = [String(payload.id), String(payload.revision)]
  const asked = await indexingOf(house.pool, id, revision)
  if (!asked) return
  await knownToAll(house, asked, signal)
  for (const type of asked.bases) {
    if (house.definitions.searchParameters.get(type)?.get(asked.code)?.custom?.revision !== revision)
      throw new JobFailed('this process does not know of the SearchParameter yet')
    const { done } = await reindexType(house, type, asked.progress[type] ?? notBegun, async (tx, progress) => {
      return (await noteIndexing(tx, id, revision, type, progress)) && !signal.aborted
    })
    if (signal.aborted) throw new JobFailed('the indexing was cut short')
    if (!done) return
  }
  await inTransaction(house.pool, (tx) => serveParameter(tx, id, revision))
}

async function knownToAll({ pool }: House, { age }: Indexing, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, customParametersKnownMs - age), undefined, { signal })
  const xid = await inTransaction(pool, transactionNow)
  while (!(await isOverBefore(pool, xid))) await sleep(100, undefined, { signal })
}
