/**
 * How often an element, or a slice of it, is given; and which must-support elements are not, for who asks.
 * https://hl7.org/fhir/R4/conformance-rules.html#cardinality and #mustSupport
 */
import type { Item } from './items.ts'
import type { Node } from './plan.ts'
import { note, type Run, refuse } from './run.ts'

export function checkCount(run: Run, node: Node, items: readonly Item[], path: string): void {
  const { min = 0, max = Number.POSITIVE_INFINITY, mustSupport } = node
  const [count, named] = [items.length, `${node.id} of ${run.profile}`]
  if (count < min)
    refuse(run, 'required', `At least ${min} must be given of ${named}; there ${count === 1 ? 'is 1' : `are ${count}`}.`, path)
  else if (count === 0 && mustSupport) note(run, 'information', 'informational', `${named} is marked must-support and is not given.`, path)
  if (count <= max) return
  const problem = max === 0 ? `${named} must not be given.` : `At most ${max} may be given of ${named}; there are ${count}.`
  refuse(run, 'structure', problem, items[max]?.path ?? path)
}
