/**
 * What finding free times shows beside the times themselves, and of them, as far as the caller's scopes reach: Slots that a
 * granular scope lets through, and Schedules and their actors that a search would show.
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { may, mayWhole } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { searchOrListMax } from '../base/search-limits.ts'
import type { Found } from '../booking/find.ts'
import { parseSearch } from '../fhir/search-query.ts'
import type { House } from '../store/house.ts'
import { compileSearch, type FoundRow } from '../store/search/page.ts'
import { runSearch } from '../store/search/run.ts'

/** `$find-slots` and `$find` need Slot or Appointment search. True where only a patient's own scope grants it. */
export function assertMayFind(actor: Actor): boolean {
  const [slots, visits] = [may(actor, 's', 'Slot'), mayWhole(actor, 's', 'Appointment')]
  // A search over Appointments says nothing of free times.
  const ways = [slots, visits].filter((way) => way.allowed)
  if (ways.length === 0) throw fault('forbidden', "The token's scopes do not allow looking for free times.")
  return ways.every((way) => way.allowed && way.patient !== undefined)
}

/** Nothing opens free times to them but a granular scope on Slot. */
export function isNarrow(actor: Actor): boolean {
  const [slots, visits] = [may(actor, 's', 'Slot'), mayWhole(actor, 's', 'Appointment')]
  return slots.allowed && slots.queries !== undefined && !visits.allowed
}

export async function foundWithin(house: House, actor: Actor, found: readonly Found[]): Promise<readonly Found[]> {
  if (!isNarrow(actor)) return found
  const rows = await rowsWithin(house, actor, 'Slot', [...new Set(found.flatMap(({ visit }) => visit.slots.map(({ id }) => id)))])
  const ids = new Set(rows.map(({ id }) => id))
  return found.filter(({ visit }) => visit.slots.every(({ id }) => ids.has(id)))
}

/** Those of a type that a search under the same scopes would show, with the AuditEvent that it would leave. */
export async function rowsWithin(house: House, actor: Actor, type: string, ids: readonly string[]): Promise<FoundRow[]> {
  const bounds = boundsFor(house, actor, 's', type)
  if (!bounds) return []
  const rows: FoundRow[] = []
  for (let from = 0; from < ids.length; from += searchOrListMax) {
    const some = ids.slice(from, from + searchOrListMax)
    const query = parseSearch(house.definitions, type, [['_id', some.join(',')]], house.base)
    const statement = compileSearch(house.definitions, type, { ...query, count: some.length }, bounds, { patients: true })
    rows.push(...(await runSearch(house.pool, statement, auditOf(house, actor, 'find-slots'))))
  }
  return rows
}
