/**
 * One page of a search as the entries of its Bundle. https://hl7.org/fhir/R4/bundle.html#searchset
 * Where the stored texts are shown as they are and nothing is followed from the rows, Postgres puts the entries together. Else the
 * page has fewer entries than were asked for, and a next one, where their stored texts would be too long for the memory here.
 */
import { takenApartBytesMax, takenApartUnweighedMax } from '../base/search-limits.ts'
import { searchEntry } from '../fhir/bundle.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import { subsetOf } from '../fhir/subset.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { House } from '../store/house.ts'
import { type FoundRow, shownRows } from '../store/search/page.ts'
import type { PreparedSearch } from '../store/search/prepared-search.ts'
import type { EntryText } from '../store/search/run.ts'

export type SearchPage = {
  /** How many rows were found: one more than asked for where there is a next page. */
  readonly fetched: number
  /** Entries as text; one text may hold several, with commas between them. */
  readonly entries: readonly string[]
  /** What the last row is sorted by, where there is a next page. */
  readonly sort: readonly (string | null)[] | undefined
  /** Empty where nothing is followed from them. */
  readonly rows: readonly FoundRow[]
}

export async function searchPage(
  house: House,
  type: string,
  query: SearchQuery,
  prepared: PreparedSearch,
  audit: AuditRow | undefined,
): Promise<SearchPage> {
  if (query.count === 0) return { fetched: 0, entries: [], sort: undefined, rows: [] }
  if (query.subset === undefined && query.includes.length + query.revincludes.length === 0) {
    const { fetched, entries, sort } = await prepared.pageText(around(house.base, type), audit)
    return { fetched, entries: entries === null ? [] : [entries], sort: fetched > query.count ? (sort ?? undefined) : undefined, rows: [] }
  }
  const found = await prepared.page(audit, query.count > takenApartUnweighedMax ? takenApartBytesMax : undefined)
  const { rows, more } = shownRows(found, query.count)
  return {
    fetched: more ? query.count + 1 : rows.length,
    entries: rows.map(({ id, body }) => searchEntry(house.base, type, id, subsetOf(house.definitions, body, query.subset), 'match')),
    sort: more ? (rows.at(-1)?.sort ?? undefined) : undefined,
    rows,
  }
}

/** An entry, taken apart where its id and its body stand. */
function around(base: string, type: string): EntryText {
  const [before = '', between = '', behind = ''] = searchEntry(base, type, '\n', '\n', 'match').split('\n')
  return [before, between, behind]
}
