/**
 * The search columns of everything that is stored, made anew batch by batch beside whatever else goes on: what
 * `slotwise reindex` does, and what a new SearchParameter needs before it is served.
 * A batch is a transaction of its own and notes how far it came, so that one that is cut short goes on where it stopped.
 */
import { reindexBatchMax } from '../base/limits.ts'
import { replan } from '../booking/plans.ts'
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { allSchedules, lockDirectory } from '../store/plans.ts'
import { type Renewal, renewColumns, rowsAfter } from '../store/reindex.ts'
import { inTransaction } from '../store/transaction.ts'

/** How far a type has come. */
export type Progress = { readonly after: string; readonly seen: number; readonly renewed: number; readonly done: boolean }

export const notBegun: Progress = { after: '', seen: 0, renewed: 0, done: false }

/** `note` keeps the progress in the transaction that made it; false where somebody wants no more. */
export type Note = (tx: Tx, progress: Progress) => Promise<boolean>

/** Goes on with a type to its end, or until `note` says to stop. */
export async function reindexType(house: House, type: string, from: Progress, note: Note): Promise<Progress> {
  let progress = from
  for (let goOn = !from.done; goOn; ) [progress, goOn] = await reindexBatch(house, type, progress, note)
  return progress
}

async function reindexBatch(house: House, type: string, { after, seen, renewed }: Progress, note: Note): Promise<[Progress, boolean]> {
  const rows = await rowsAfter(house.pool, type, after, reindexBatchMax)
  const renewals = rows.map(({ id, version, body }): Renewal => {
    const index = indexValues(house.definitions, JSON.parse(body) as Resource, house.base)
    return { id, version, index }
  })
  return inTransaction(house.pool, async (tx): Promise<[Progress, boolean]> => {
    const progress = {
      after: rows.at(-1)?.id ?? after,
      seen: seen + rows.length,
      renewed: renewed + (await renewColumns(tx, house.definitions, type, renewals)),
      done: rows.length < reindexBatchMax,
    }
    return [progress, (await note(tx, progress)) && !progress.done]
  })
}

/** Works out anew what every Schedule offers; the Slots follow by the job that looks for plans whose Slots are stale. */
export async function replanAll(house: House, progress: (done: number, all: number) => void): Promise<number> {
  const schedules = await allSchedules(house.pool)
  for (const [index, schedule] of schedules.entries()) {
    await inTransaction(house.pool, async (tx) => {
      await lockDirectory(tx)
      await replan(tx, house, [schedule])
    })
    progress(index + 1, schedules.length)
  }
  return schedules.length
}
