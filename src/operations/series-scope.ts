/**
 * `scope` of `$cancel` and `$reschedule`: whether a change is about one visit, or about its series from there on.
 */
import { fault } from '../base/fault.ts'
import { type SeriesScope, seriesScopes } from '../booking/series/series-members.ts'
import { firstOf, type Inputs, textIn } from '../fhir/parameters.ts'
import type { Done } from './once.ts'

export function scopeIn(inputs: Inputs): SeriesScope {
  const asked = firstOf(inputs, 'scope')
  const text = asked ? textIn(asked) : 'this'
  const scope = seriesScopes.find((one) => one === text)
  if (scope) return scope
  throw fault('value', `The scope is ${seriesScopes.slice(0, -1).join(', ')} or all.`, 'scope')
}

/** Visits that were changed together, as one answer. */
export const severalOf = (changed: readonly Done[]): Done => ({ ...(changed[0] as Done), series: changed })
