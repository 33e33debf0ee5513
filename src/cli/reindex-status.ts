/**
 * What `slotwise reindex --status` says: how far the indexing of each SearchParameter of an administrator's own has come, and
 * a `reindex` that was cut short. Rows are counted as they are now, so the whole may grow while one looks.
 */
import { reindexHoursKept } from '../base/limits.ts'
import { type ParameterState, parameterStates, type TypeProgress } from '../store/custom-search-parameters.ts'
import type { House } from '../store/house.ts'
import { countRows, reindexStates } from '../store/reindex.ts'

export async function reindexStatus(house: House): Promise<string[]> {
  const parameters = await parameterStates(house.pool)
  const begun = await reindexStates(house.pool, new Date(house.clock.now().getTime() - reindexHoursKept * 3_600_000).toISOString())
  const all = new Map<string, number>()
  for (const type of [...parameters.flatMap(({ bases }) => bases), ...begun.keys()])
    if (!all.has(type)) all.set(type, await countRows(house.pool, type))
  const cutShort = [...begun].map(([type, progress]) => `reindex, begun and not ended: ${far(type, progress, all)}`)
  const lines = [...parameters.map((one) => `${one.code}: ${stateOf(one, all)}`), ...cutShort]
  return lines.length > 0 ? lines : ['No SearchParameter of your own, and no reindex that was cut short.']
}

const stateOf = ({ bases, progress, served }: ParameterState, all: ReadonlyMap<string, number>): string =>
  served ? `served, of ${bases.join(', ')}` : `being indexed, ${bases.map((type) => far(type, progress[type], all)).join(', ')}`

const far = (type: string, progress: Pick<TypeProgress, 'seen' | 'done'> | undefined, all: ReadonlyMap<string, number>): string =>
  progress?.done === true ? `${type} done` : `${progress?.seen ?? 0} of ${all.get(type) ?? 0} ${type}`
