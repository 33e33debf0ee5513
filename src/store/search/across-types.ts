/**
 * Which resources of several types come next in one order over all of them: the keys first, as one statement, each type cut
 * to a page off its own index; what they say is read by type afterwards. https://hl7.org/fhir/R4/search.html#sort
 * Where all sort values are the same, the types follow each other by name, then the ids.
 * Left out: the look into chains (`wideChains`); what is said in common of several types has none worth it.
 */
import sql, { join, raw } from 'sql-template-tag'
import { fewBinaries } from '../../base/few-binaries.ts'
import { takenApartBytesMax, takenApartUnweighedMax } from '../../base/search-limits.ts'
import type { Definitions } from '../../fhir/definitions/types.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import type { AuditRow } from '../audit-rows.ts'
import type { Db, Pool } from '../db.ts'
import { tableOf } from '../layout.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { compileSearch, conditionsOf, type FoundRow } from './page.ts'
import { pageTooLong, runSearch } from './run.ts'
import type { Bounds } from './scope.ts'
import { afterCondition, keyColumns, type OrderKey, orderBy, orderOf } from './sort.ts'
import { statementOf, text } from './statement.ts'

export type SearchOfType = { readonly type: string; readonly query: SearchQuery; readonly bounds: Bounds }

export type NextKeys = { readonly keys: readonly { readonly type: string; readonly id: string }[]; readonly next?: string }

/** Whether every sort key is one of all the types, and of one kind in all of them. */
export function sortsAlike(definitions: Definitions, searches: readonly Pick<SearchOfType, 'type' | 'query'>[]): boolean {
  const kinds = searches.map(({ type, query }) => orderOf(definitions, type, 't', query, false).map(({ cast }) => cast))
  return searches.every(({ query }, at) => kinds[at]?.length === query.sort.length + 1 && `${kinds[at]}` === `${kinds[0]}`)
}

/** `searches` say the same of each type, in the same order. `count` and `cursor` are those of the page. */
export async function keysAcrossTypes(
  db: Db | Pool,
  definitions: Definitions,
  searches: readonly SearchOfType[],
  count: number,
  cursor: string | undefined,
): Promise<NextKeys> {
  const each = searches.map((one) => ({ ...one, keys: orderAcross(definitions, one) }))
  const order = each[0]?.keys ?? []
  const after = cursor === undefined ? undefined : decodeCursor(cursor, order)
  const branches = each.map(({ type, query, bounds, keys }) => {
    const conditions = conditionsOf({ definitions, type, alias: 't', bounds }, query)
    if (after) conditions.push(afterCondition(keys, after))
    return sql`(select ${join(keyColumns(keys), ', ')} from ${raw(tableOf(type))} as t where ${join(conditions, ' and ')}
      order by ${orderBy(keys)} limit ${count + 1}::int)`
  })
  const merged = order.map((key, at) => ({ ...key, value: raw(`p.k${at}`) }))
  const values = join(
    merged.map(({ value }) => sql`${value}::text`),
    ', ',
  )
  const composed = sql`select array[${values}] as sort from (${join(branches, ' union all ')}) as p order by ${orderBy(merged)} limit ${count + 1}::int`
  const rows = await db.query<{ sort: (string | null)[] }>(statementOf(composed, false))
  const found = rows.map(({ sort }) => ({ type: sort.at(-2) ?? '', id: sort.at(-1) ?? '' }))
  const fit = fewBinaries(
    found.map(({ type }) => type),
    count,
  )
  const last = rows[Math.min(fit, rows.length) - 1]?.sort
  return {
    keys: found.slice(0, fit),
    ...(rows.length > fit && last && { next: encodeCursor(last) }),
  }
}

/**
 * The keys of the type's own order, its name before the id. All are compared alike: some columns have a collation of their
 * own, and rows of tables that differ in it cannot be put in one order.
 */
function orderAcross(definitions: Definitions, { type, query, bounds }: SearchOfType): OrderKey[] {
  const keys = orderOf(definitions, type, 't', query, false, bounds)
  const descending = keys.at(-1)?.descending ?? false
  const name: OrderKey = { value: text(type), cast: 'text', nullable: false, descending }
  return keys.toSpliced(-1, 0, name).map((key) => (key.cast === 'text' ? { ...key, value: sql`${key.value} collate "default"` } : key))
}

/**
 * What these say now, by id, as far as they still meet the search. With `audit` it is written down in the same statement.
 * Throws `too-costly` where it is too much for one page.
 */
export async function rowsOf(
  db: Db | Pool,
  definitions: Definitions,
  { type, query, bounds }: SearchOfType,
  ids: readonly string[],
  audit: AuditRow | undefined,
): Promise<Map<string, FoundRow>> {
  const these: SearchQuery = { ...query, sort: [], cursor: undefined, count: ids.length }
  const bytes = ids.length > takenApartUnweighedMax ? takenApartBytesMax : undefined
  const statement = compileSearch(definitions, type, these, bounds, { among: ids, patients: audit !== undefined, bytes })
  const rows = await runSearch(db, statement, audit, ids.length)
  if (rows.at(-1)?.cut) throw pageTooLong(takenApartBytesMax)
  return new Map(rows.map((row) => [row.id, row]))
}
