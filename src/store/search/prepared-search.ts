/**
 * A search as every desk runs one: its chains looked into first, where it has any, then its page and its total.
 * Left out: what the reply looks like.
 */
import type { Definitions } from '../../fhir/definitions/types.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import type { AuditRow } from '../audit-rows.ts'
import type { Db, Pool, Statement } from '../db.ts'
import { compileCount, compilePage, compileSearch, type FoundRow, type Wish } from './page.ts'
import { type EntryText, type PageText, pageTextOf, runPage, runPageText, runSearch } from './run.ts'
import type { Bounds } from './scope.ts'
import { wideChains } from './wide-chains.ts'
import { wideHas } from './wide-has.ts'

export type PreparedSearch = {
  /**
   * The page, and one row more where there is a next one. With `audit` it is written down in the same statement. `bytes`: its
   * most.
   */
  readonly page: (audit?: AuditRow, bytes?: number) => Promise<FoundRow[]>
  /** The same page as one text, for whoever shows the rows as they are stored and follows nothing from them. */
  readonly pageText: (around: EntryText, audit?: AuditRow) => Promise<PageText>
  readonly total: () => Promise<number>
}

/** Of queries that mean the same whoever asks, once they were compiled. */
const plainPages = new WeakMap<SearchQuery, Statement>()

const isUnbound = ({ patient, except = [], within, anyOf, masking }: Bounds): boolean =>
  patient === undefined && except.length === 0 && within === undefined && anyOf === undefined && masking === undefined

export async function preparedSearch(
  db: Db | Pool,
  definitions: Definitions,
  type: string,
  query: SearchQuery,
  bounds: Bounds = {},
): Promise<PreparedSearch> {
  const wish: Wish = { wide: await wideChains(db, definitions, type, query, bounds) }
  const wishFor = async (audit: AuditRow | undefined): Promise<Wish> => {
    const near = await wideHas(db, { definitions, type, alias: 't', bounds, wide: wish.wide }, query)
    return { ...wish, ...near, patients: audit !== undefined }
  }
  const pageFor = async (audit?: AuditRow) => compilePage(definitions, type, query, bounds, await wishFor(audit))
  const isPlain = isUnbound(bounds) && query.criteria.every(({ kind }) => kind !== 'chain' && kind !== 'has')
  return {
    page: async (audit, bytes) =>
      runSearch(db, compileSearch(definitions, type, query, bounds, { ...(await wishFor(audit)), bytes }), audit, query.count),
    pageText: async (around, audit) => {
      if (audit || !isPlain) return runPageText(db, await pageFor(audit), audit, query.count, around)
      const known = plainPages.get(query) ?? pageTextOf(await pageFor(), query.count, around)
      plainPages.set(query, known)
      return runPage(db, known, query.count, around)
    },
    total: async () => {
      const [row] = await db.query<{ total: number }>(compileCount(definitions, type, query, bounds, wish))
      return row?.total ?? 0
    },
  }
}
