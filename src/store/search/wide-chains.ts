/**
 * Which chains of a query end at very many rows. Postgres cannot guess it and the two ways to follow a chain are far apart:
 * looking the words up in an index serves few, looking row by row serves many. So a chain is asked first how long it is,
 * up to a limit. https://hl7.org/fhir/R4/search.html#chaining
 */
import { wideChainMin } from '../../base/search-limits.ts'
import type { Definitions } from '../../fhir/definitions/types.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import type { Db } from '../db.ts'
import { compileChainSizes } from './compile.ts'
import type { Bounds } from './scope.ts'

/** Asks nothing where the query has no chain. */
export async function wideChains(
  db: Db,
  definitions: Definitions,
  type: string,
  { criteria }: Pick<SearchQuery, 'criteria'>,
  bounds: Bounds = {},
): Promise<ReadonlySet<Criterion>> {
  const wide = new Set<Criterion>()
  if (!criteria.some(({ kind }) => kind === 'chain')) return wide
  for (const { of, statement } of compileChainSizes({ definitions, type, alias: 't', bounds }, criteria)) {
    const [row] = await db.query<{ found: number }>(statement)
    if (row && row.found >= wideChainMin) wide.add(of)
  }
  return wide
}
