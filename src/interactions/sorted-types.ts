/**
 * A page of several types in one order over all of them: `?_type=Appointment,Slot&_sort=-_lastUpdated`.
 * https://hl7.org/fhir/R4/search.html#sort
 * Which come next is asked of all at once, and each type's rows are then read as a search of its own reads them, bound and
 * written down alike. One that no longer meets the search when it is read is left out; the page is then shorter.
 */
import type { Actor } from '../access/actor.ts'
import type { Pairs } from '../fhir/query-string.ts'
import type { House } from '../store/house.ts'
import { keysAcrossTypes, rowsOf } from '../store/search/across-types.ts'
import { alongWith, fresh, matchEntry, nameOf, ownEntries, type Page, queryOf, recordOf, type Several, searchOf } from './several-types.ts'

export async function sortedTypes(
  house: House,
  actor: Actor,
  several: Several,
  common: Pairs,
  { count, cursor }: { readonly count: number; readonly cursor?: string },
): Promise<Page> {
  const { pool, definitions } = house
  if (count === 0) return { matches: [], along: [] }
  const searches = several.types.map((type) => searchOf(house, actor, several, type, queryOf(house, several, type, common)))
  const { keys, next } = await keysAcrossTypes(pool, definitions, searches, count, cursor)
  const own = cursor === undefined ? await Promise.all(searches.map((one) => ownEntries(house, several, one))) : []
  const found = new Map<string, string>()
  const along: string[] = []
  for (const one of searches) {
    const ids = keys.flatMap(({ type, id }) => (type === one.type ? [id] : []))
    if (ids.length === 0) continue
    const rows = await rowsOf(pool, definitions, one, ids, recordOf(house, actor, several, one.type))
    for (const [id, row] of rows) found.set(`${one.type}/${id}`, matchEntry(house, one, row))
    along.push(...(await alongWith(house, actor, several, one, [...rows.values()])))
  }
  const matches = [...own.flat(), ...keys.flatMap(({ type, id }) => found.get(`${type}/${id}`) ?? [])]
  return { matches, along: fresh(along, new Set(matches.map(nameOf))), next }
}
