/**
 * Slicing: each value goes to the first slice that its discriminators match, and is held against it; slices have counts of
 * their own, and closed or ordered slicing says what may stand beside them and in which order.
 * https://hl7.org/fhir/R4/profiling.html#slicing
 */
import { checkCount } from './check-count.ts'
import { isMatch } from './discriminators.ts'
import type { Item } from './items.ts'
import type { Node } from './plan.ts'
import { type Run, refuse } from './run.ts'

export function checkSlices(run: Run, sliced: Node, items: readonly Item[], path: string): void {
  const slices = [...sliced.slices.values()]
  const places = items.map((item) => slices.findIndex((slice) => isMatch(run, sliced, slice, item)))
  for (const [index, slice] of slices.entries()) {
    const own = items.filter((_, at) => places[at] === index)
    checkCount(run, slice, own, path)
    for (const item of own) run.walk.checkNode(run, slice, item)
    if (slice.slices.size > 0) checkSlices(run, slice, own, path)
  }
  checkRules(run, sliced, items, places)
}

function checkRules(run: Run, { id, slicing }: Node, items: readonly Item[], places: readonly number[]): void {
  const strays = items.filter((_, at) => places[at] === -1)
  if (slicing?.rules === 'closed')
    for (const { path } of strays)
      refuse(run, 'structure', `This is none of the slices of ${id} of ${run.profile}, which are all there may be.`, path)
  const lastPlaced = places.findLastIndex((place) => place >= 0)
  const early = slicing?.rules === 'openAtEnd' ? items.find((_, at) => places[at] === -1 && at < lastPlaced) : undefined
  if (early) refuse(run, 'structure', `What is none of the slices of ${id} of ${run.profile} stands after them.`, early.path)
  const disordered = slicing?.ordered ? items.find((_, at) => isBefore(places, at)) : undefined
  if (disordered) refuse(run, 'structure', `The slices of ${id} of ${run.profile} stand in the order of the profile.`, disordered.path)
}

/** Whether a value stands after one of a later slice. */
const isBefore = (places: readonly number[], at: number): boolean => {
  const place = places[at] ?? -1
  return place >= 0 && places.slice(0, at).some((earlier) => earlier > place)
}
