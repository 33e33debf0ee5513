/**
 * The statements of one search: a page of rows and how many there are in all. https://hl7.org/fhir/R4/search.html
 * `Slot?schedule=…&status=free&start=ge…&start=lt…&_sort=start` comes out as one range of the index
 * slot(schedule, status, starts, id), in its order.
 * Left out: running them, and what the reply looks like.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Definitions } from '../../fhir/definitions/types.ts'
import { confinementOf } from '../../fhir/patient-compartment.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { Include, SearchQuery } from '../../fhir/search-query.ts'
import type { Statement } from '../db.ts'
import { layoutOf, tableOf } from '../layout.ts'
import { dependsOnValues, isSelective, looksAmongTerms, rowConditions } from './compile.ts'
import { decodeCursor } from './cursor.ts'
import { bodyShown, referencesShown } from './masked.ts'
import type { Bounds, Scope } from './scope.ts'
import { afterCondition, keyColumns, type OrderKey, orderBy, orderOf, sortValues } from './sort.ts'
import { column, statementOf, texts } from './statement.ts'

export type FoundRow = {
  readonly id: string
  /** The stored text. */
  readonly body: string
  /** For `encodeCursor`; only the last row of a full page has it. */
  readonly sort?: readonly (string | null)[] | null
  /** Words such as `actor=Practitioner/1`, where the query includes by them. */
  readonly references?: readonly string[]
  /** The ids of the patients whose compartment the row is in, where it was asked for. */
  readonly patients?: readonly string[]
  /** That with this one there would be more bytes than were wished for: nothing of it is here, but for its place. */
  readonly cut?: boolean
}

/** The rows that are shown, and whether there are more. */
export function shownRows(found: readonly FoundRow[], count: number): { readonly rows: readonly FoundRow[]; readonly more: boolean } {
  const rows = (found.at(-1)?.cut ? found.slice(0, -1) : found).slice(0, count)
  return { rows, more: rows.length < found.length }
}

/** What else the rows shall hold. */
export type Wish = {
  readonly patients?: boolean
  /** The criteria at whose end of a chain very many rows stand (`wideChains`); undefined where nobody has looked. */
  readonly wide?: ReadonlySet<Criterion>
  /** These rows alone are looked at. */
  readonly among?: readonly string[]
  /** Of all bodies together; the row that would make them more is the last. */
  readonly bytes?: number
}

const alias = 't'

/** The columns of a found row. */
export function foundColumns(type: string, wish: Wish, bounds: Bounds): Sql[] {
  const patients = sql`array(select substr(word, 10) from unnest(t.terms) as word where starts_with(word, '@Patient/')) as patients`
  return [sql`t.id`, sql`${bodyShown({ type, alias, bounds })} as body`, ...(wish.patients ? [patients] : [])]
}

/** The references that the includes follow from rows of a type, hot columns among them. */
export function referencesColumn(definitions: Definitions, type: string, includes: readonly Include[], bounds: Bounds): Sql[] {
  const codes = [...new Set(includes.filter((include) => include.type === type).flatMap((include) => include.codes))]
  if (codes.length === 0) return []
  const hot = codes.flatMap((code) => {
    const place = layoutOf(definitions, type).get(code)
    return place?.kind === 'id' && place.target ? [sql`${`${code}=${place.target}/`}::text || ${column(alias, place.column)}`] : []
  })
  const words = sql`array(select word from unnest(t.terms) as word where split_part(word, '=', 1) = any(${texts(codes)}))`
  const all = hot.length ? sql`${words} || array_remove(array[${join(hot, ', ')}], null)` : words
  return [sql`${referencesShown({ type, alias, bounds }, all)} as "references"`]
}

export const conditionsOf = (scope: Scope, query: SearchQuery): Sql[] => rowConditions(scope, query.criteria)

/**
 * A date may mean a day or ten years, and only its values tell whether its index is worth it: but for where the rows come
 * in its order anyway, or one hot column (`schedule`) narrows them first.
 */
const isWideDate = (scope: Scope, query: SearchQuery, { kind, code }: Criterion): boolean =>
  kind === 'date' &&
  query.sort[0]?.code !== code &&
  !query.criteria.some((other) => other.kind === 'words' && layoutOf(scope.definitions, scope.type).get(other.code)?.kind === 'id')

/** Whether few rows match whatever is asked, and whether one plan serves all values. */
function planOf(scope: Scope, query: SearchQuery): { filterFirst: boolean; named: boolean } {
  const confined =
    scope.bounds.within !== undefined || (scope.bounds.patient !== undefined && confinementOf(scope.definitions, scope.type) === 'own')
  const narrow = confined || query.criteria.some(isSelective)
  const depends =
    scope.bounds.anyOf !== undefined ||
    query.criteria.some((criterion) => dependsOnValues(scope, criterion) || isWideDate(scope, query, criterion))
  const linked = scope.wide !== undefined && query.criteria.some((criterion) => looksAmongTerms(scope, criterion))
  return { filterFirst: narrow || linked, named: narrow || !depends }
}

/** Rows with an id, a body and what the wish asks for, and what each is sorted by as `k0`, `k1` and so on, `keys` of them. */
export type CompiledPage = { readonly statement: Statement; readonly keys: number }

type PageParts = { readonly page: Sql; readonly keys: readonly OrderKey[]; readonly named: boolean }

function partsOf(
  definitions: Definitions,
  type: string,
  query: SearchQuery,
  bounds: Bounds,
  wish: Wish,
  further: readonly Sql[] = [],
): PageParts {
  const scope: Scope = { definitions, type, alias, bounds, wide: wish.wide }
  const { filterFirst, named } = planOf(scope, query)
  const keys = orderOf(definitions, type, alias, query, filterFirst, bounds)
  const columns = [...foundColumns(type, wish, bounds), ...keyColumns(keys), ...further]
  const conditions = conditionsOf(scope, query)
  if (wish.among) conditions.push(sql`t.id = any(${texts(wish.among)})`)
  if (query.cursor !== undefined) conditions.push(afterCondition(keys, decodeCursor(query.cursor, keys)))
  const page = sql`select ${join(columns, ', ')} from ${raw(tableOf(type))} as t where ${join(conditions, ' and ')} order by ${orderBy(keys)} limit ${query.count + 1}::int`
  return { page, keys, named }
}

/** One page, and one row more where there is a next page, for whoever puts the rows together in the same statement. */
export function compilePage(
  definitions: Definitions,
  type: string,
  query: SearchQuery,
  bounds: Bounds = {},
  wish: Wish = {},
): CompiledPage {
  const { page, keys, named } = partsOf(definitions, type, query, bounds, wish)
  return { statement: statementOf(page, named), keys: keys.length }
}

/** One page, and one row more where there is a next page. */
export function compileSearch(definitions: Definitions, type: string, query: SearchQuery, bounds: Bounds = {}, wish: Wish = {}): Statement {
  const references = referencesColumn(definitions, type, query.includes, bounds)
  const { page, keys, named } = partsOf(definitions, type, query, bounds, wish, references)
  const names = ['id', 'body', ...(wish.patients ? ['patients'] : []), ...(references.length > 0 ? ['references'] : [])]
  const columns = (from: readonly string[]) => raw(from.map((name) => `p."${name}"`).join(', '))
  if (wish.bytes !== undefined) {
    const sorted = sql`select ${columns(names)}, ${sortValues(keys)} as sort from (${page}) as p`
    return statementOf(weighed(sorted, [...names, 'sort'], wish.bytes), named)
  }
  const composed = sql`select ${columns(names)}, case when row_number() over () = ${query.count}::int then ${sortValues(keys)} end as sort from (${page}) as p`
  return statementOf(composed, named)
}

/** Of rows in their order the first whose bodies together are no longer than so many bytes, and one more without its body. */
export function weighed(rows: Sql, names: readonly string[], bytes: number): Sql {
  const shown = names.map((name) => (name === 'body' ? `case when cut then '' else body end as body` : `"${name}"`))
  return sql`select ${raw(shown.join(', '))}, cut as cut from (
    select w.*, weight > ${bytes}::bigint and weight > octet_length(body) as cut from (
      select r.*, sum(octet_length(body)) over (rows between unbounded preceding and current row) as weight from (${rows}) as r) as w
     where weight - octet_length(body) <= ${bytes}::bigint) as p`
}

/**
 * The ids of those that match among the next rows in the order of ids, `lookedThrough` of them: one page and one more row, and
 * a few in case some are gone when the page is read.
 */
export function compileFirstMatches(scope: Scope, query: SearchQuery, lookedThrough: number): Statement {
  const keys = orderOf(scope.definitions, scope.type, alias, query, false, scope.bounds)
  const after = query.cursor === undefined ? sql`true` : afterCondition(keys, decodeCursor(query.cursor, keys))
  const next = sql`select * from ${raw(tableOf(scope.type))} as t where ${after} order by t.id limit ${lookedThrough}::int`
  const spare = 16
  return statementOf(
    sql`select t.id from (${next}) as t where ${join(conditionsOf(scope, query), ' and ')} order by t.id limit ${query.count + 1 + spare}::int`,
    false,
  )
}

/** How many match in all: one row, `total` (int). */
export function compileCount(definitions: Definitions, type: string, query: SearchQuery, bounds: Bounds = {}, wish: Wish = {}): Statement {
  const scope: Scope = { definitions, type, alias, bounds, wide: wish.wide }
  const { filterFirst, named } = planOf(scope, query)
  const conditions = conditionsOf({ ...scope, counts: !filterFirst }, query)
  return statementOf(sql`select count(*)::int as total from ${raw(tableOf(type))} as t where ${join(conditions, ' and ')}`, named)
}
