/** Where a page of several types ends: each Binary may be as long as a body, so few of them stand on one. */
import { binariesTogetherMax } from './limits.ts'

/** How many of these types' resources, in their order, come together; `most` where there are no more Binaries than may. */
export function fewBinaries(types: readonly string[], most: number): number {
  const tooMany = types.flatMap((type, at) => (type === 'Binary' ? [at] : []))[binariesTogetherMax]
  return Math.min(most, tooMany ?? most)
}
