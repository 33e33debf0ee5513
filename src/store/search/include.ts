/**
 * `_include` and `_revinclude`, one step: the statements that fetch what a page of rows points at, and what points at it.
 * https://hl7.org/fhir/R4/search.html#revinclude
 * Each is confined as a search of its own would be. Left out: `:iterate`, and references to other servers.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { includedResourcesMax } from '../../base/limits.ts'
import type { Definitions } from '../../fhir/definitions/types.ts'
import { localReference } from '../../fhir/reference.ts'
import { storedTypes } from '../../fhir/resource.ts'
import type { Include, SearchQuery } from '../../fhir/search-query.ts'
import type { Statement } from '../db.ts'
import { layoutOf, tableOf } from '../layout.ts'
import { type Bounds, boundsOf, visibleConditions } from './compile.ts'
import { type FoundRow, foundColumns, type Wish } from './page.ts'
import { column, statementOf, texts } from './statement.ts'
import { anyTerm } from './token.ts'

export type IncludeStatement = { readonly type: string; readonly statement: Statement }

/** The ids that the rows point at by the includes, by type; those that are on the page already are left out. */
function includedIds(type: string, includes: readonly Include[], rows: readonly FoundRow[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const onPage = new Set(rows.map((row) => row.id))
  for (const word of rows.flatMap((row) => row.references ?? [])) {
    const equals = word.indexOf('=')
    const to = localReference(word.slice(equals + 1))
    if (!to || !storedTypes.includes(to.type) || (to.type === type && onPage.has(to.id))) continue
    const code = word.slice(0, equals)
    if (!includes.some((include) => include.codes.includes(code) && (include.target ?? to.type) === to.type)) continue
    found.set(to.type, (found.get(to.type) ?? new Set()).add(to.id))
  }
  return found
}

/** Rows of `include.type` whose parameters point at these rows of `type`. */
function pointingAt(definitions: Definitions, type: string, include: Include, ids: readonly string[]): Sql {
  const ways = include.codes.map((code) => {
    const place = layoutOf(definitions, include.type).get(code)
    if (place?.kind === 'id') return sql`${column('t', place.column)} = any(${texts(ids)})`
    return anyTerm(
      't',
      ids.map((id) => `${code}=${type}/${id}`),
    )
  })
  return sql`(${join(ways, ' or ')})`
}

function fetching(definitions: Definitions, type: string, condition: Sql, bounds: Bounds, wish: Wish, named: boolean): IncludeStatement {
  const conditions = [condition, ...visibleConditions({ definitions, type, alias: 't', bounds })]
  const composed = sql`select ${join(foundColumns(wish), ', ')} from ${raw(tableOf(type))} as t where ${join(conditions, ' and ')} order by t.id || '' limit ${includedResourcesMax}::int`
  return { type, statement: statementOf(composed, named) }
}

/**
 * One statement for each type that is reached; a type that the bounds say may not be read has none. `rows` are the page as
 * it will be shown. What a revinclude finds may be on the page too, or found twice: the caller shows each resource once.
 */
export function compileIncludes(
  definitions: Definitions,
  type: string,
  query: SearchQuery,
  rows: readonly FoundRow[],
  bounds: Bounds = {},
  wish: Wish = {},
): IncludeStatement[] {
  if (rows.length === 0) return []
  const within = (reached: string): Bounds | undefined => (reached === type ? bounds : boundsOf(bounds, reached))
  const forward = [...includedIds(type, query.includes, rows)].flatMap(([reached, ids]) => {
    const allowed = within(reached)
    return allowed ? [fetching(definitions, reached, sql`t.id = any(${texts([...ids])})`, allowed, wish, true)] : []
  })
  const ids = rows.map((row) => row.id)
  const backward = [...Map.groupBy(query.revincludes, (include) => include.type)].flatMap(([reached, includes]) => {
    const allowed = within(reached)
    const pointing = sql`(${join(
      includes.map((include) => pointingAt(definitions, type, include, ids)),
      ' or ',
    )})`
    return allowed ? [fetching(definitions, reached, pointing, allowed, wish, false)] : []
  })
  return [...forward, ...backward]
}
