/**
 * A `_has` that leads to very many rows, such as every booked visit: the set of whom they name takes long to make, and the
 * first page is soon full of rows that are asked one by one. Where it is not, the set is made after all.
 * https://hl7.org/fhir/R4/search.html#has
 * Left out: any order but that of ids, for which all have to be known.
 */
import { hasLookedThroughMax, wideHasMin } from '../../base/search-limits.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import type { Db } from '../db.ts'
import { compileHasSize } from './compile.ts'
import { compileFirstMatches, type Wish } from './page.ts'
import type { Scope } from './scope.ts'

type Has = Extract<Criterion, { kind: 'has' }>

/** What the page is to be looked for by; undefined where the set is as good. */
export async function wideHas(db: Db, scope: Scope, query: SearchQuery): Promise<Pick<Wish, 'wide' | 'among'> | undefined> {
  const asked = query.criteria.filter((criterion): criterion is Has => criterion.kind === 'has')
  if (asked.length === 0 || query.count === 0 || query.sort.length > 0) return undefined
  if ((scope.bounds.patient ?? scope.bounds.own) !== undefined || scope.bounds.within !== undefined) return undefined
  const wide = new Set(scope.wide)
  for (const has of asked) if (await isWide(db, scope, has)) wide.add(has.criterion)
  if (!asked.some(({ criterion }) => wide.has(criterion))) return undefined
  const rows = await db.query<{ id: string }>(compileFirstMatches({ ...scope, wide }, query, hasLookedThroughMax))
  return rows.length > query.count ? { wide, among: rows.map(({ id }) => id) } : undefined
}

async function isWide(db: Db, scope: Scope, has: Has): Promise<boolean> {
  const statement = compileHasSize(scope, has)
  const [row] = statement ? await db.query<{ found: number }>(statement) : []
  return row !== undefined && row.found >= wideHasMin
}
