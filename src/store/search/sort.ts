/**
 * The order of a search's rows: total, for it always ends in the id, so that a page ends at one place and the next begins there.
 * https://hl7.org/fhir/R4/search.html#sort
 * Rows without a value come last either way. A word or string parameter sorts by one of its values: the least word, the first line.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Definitions } from '../../fhir/definitions/types.ts'
import type { SearchQuery, SortKey } from '../../fhir/search-query.ts'
import { layoutOf, type Place } from '../layout.ts'
import { isBehindMask, maskedRows } from './masked.ts'
import { digitsSortValue, numberSortValue } from './number.ts'
import { sortsByOthers } from './others.ts'
import type { Bounds } from './scope.ts'
import { column, wordLead } from './statement.ts'

export type OrderKey = {
  readonly value: Sql
  readonly cast: 'timestamptz' | 'text' | 'numeric'
  readonly nullable: boolean
  readonly descending: boolean
}

const alwaysThere: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

/** Whether a row that meets the query may lack the value: not where one of the criteria has asked for it. */
const mayLack = (query: SearchQuery, code: string): boolean =>
  !alwaysThere.has(code) &&
  !query.criteria.some(
    (criterion) => criterion.code === code && (criterion.kind === 'date' || (criterion.kind === 'words' && !criterion.not)),
  )

function sortValue(type: string, alias: string, place: Place, { code, descending }: SortKey): Pick<OrderKey, 'value' | 'cast'> | undefined {
  switch (place.kind) {
    case 'instant':
      return { value: column(alias, place.column), cast: 'timestamptz' }
    case 'period':
      return { value: column(alias, descending ? place.upper : place.lower), cast: 'timestamptz' }
    case 'id':
    case 'code':
      return { value: column(alias, place.column), cast: 'text' }
    case 'terms': {
      const word = sql`substr(word, ${raw(String(code.length + 2))})`
      return {
        value: sql`(select min(${word}) from unnest(${column(alias, 'terms')}) as word where starts_with(word, ${wordLead(code, '=')}))`,
        cast: 'text',
      }
    }
    case 'numbers':
    case 'spans':
      return { value: numberSortValue(alias, type, code, descending), cast: 'numeric' }
    case 'digits':
      return { value: digitsSortValue(alias, code, descending), cast: 'numeric' }
    case 'strings':
      return { value: sql`substring(${column(alias, 'strings')} from '\n' || ${wordLead(code, '=')} || '([^\n]*)')`, cast: 'text' }
    default:
      return undefined
  }
}

/**
 * The keys that the query asks for, then the id in the last one's direction, so that one index can serve both ways.
 * `filterFirst` hides the columns behind a no-op: the planner then finds the few rows that match and sorts them, and
 * does not walk an ordered index in the hope of meeting them soon (it trusts averages, and a patient with one visit in a
 * million rows is none).
 */
export function orderOf(
  definitions: Definitions,
  type: string,
  alias: string,
  query: SearchQuery,
  filterFirst: boolean,
  bounds: Bounds = {},
): OrderKey[] {
  const layout = layoutOf(definitions, type)
  const keys = query.sort.flatMap((key): OrderKey[] => {
    // In what is another patient's there is no order for who may not see it: all are alike.
    if ((bounds.patient ?? bounds.own) !== undefined && sortsByOthers(definitions, type, key.code))
      return [{ value: sql`left(${column(alias, 'id')}, 0)`, cast: 'text', nullable: false, descending: key.descending }]
    const place = layout.get(key.code)
    const found = place && sortValue(type, alias, place, key)
    if (!found) return []
    // Of what is masked the order tells nothing either: it comes last, as if it had no value.
    const masked = isBehindMask(type, key.code) ? maskedRows({ type, alias, bounds }) : undefined
    if (masked)
      return [{ ...found, value: sql`(case when not ${masked} then ${found.value} end)`, nullable: true, descending: key.descending }]
    return [{ ...found, nullable: mayLack(query, key.code), descending: key.descending }]
  })
  const last: OrderKey = { value: column(alias, 'id'), cast: 'text', nullable: false, descending: keys.at(-1)?.descending ?? false }
  return [...keys, last].map((key) => (filterFirst ? { ...key, value: hidden(key) } : key))
}

const noOp = { text: " || ''", timestamptz: " + interval '0'", numeric: ' + 0' } as const

const hidden = ({ value, cast }: OrderKey): Sql => sql`(${value}${raw(noOp[cast])})`

export const orderBy = (keys: readonly OrderKey[]): Sql =>
  join(
    keys.map(
      ({ value, nullable, descending }) =>
        sql`${value}${raw(`${descending ? ' desc' : ''}${nullable && descending ? ' nulls last' : ''}`)}`,
    ),
    ', ',
  )

/** The keys as columns of the page, by their place. */
export const keyColumns = (keys: readonly OrderKey[]): Sql[] => keys.map(({ value }, at) => sql`${value} as ${raw(`k${at}`)}`)

/** A row's keys as text, for a cursor: made of one row a page, for it costs as much as the rest of a row. */
export const sortValues = (keys: readonly OrderKey[]): Sql => raw(`array[${keys.map((_, at) => `p.k${at}::text`).join(', ')}]`)

/** Rows that come after the row whose keys have these values. */
export function afterCondition(keys: readonly OrderKey[], values: readonly (string | null)[]): Sql {
  const descending = keys[0]?.descending ?? false
  if (keys.every((key) => !key.nullable && key.descending === descending)) {
    const left = join(
      keys.map((key) => key.value),
      ', ',
    )
    const right = join(
      keys.map((key, at) => typed(key, values[at] ?? '')),
      ', ',
    )
    return descending ? sql`(${left}) < (${right})` : sql`(${left}) > (${right})`
  }
  const ways = keys.map(
    (_, at) =>
      sql`(${join([...keys.slice(0, at).map((key, before) => same(key, values[before] ?? null)), later(keys[at], values[at] ?? null)], ' and ')})`,
  )
  return sql`(${join(ways, ' or ')})`
}

const typed = (key: OrderKey, value: string): Sql => sql`${value}::${raw(key.cast)}`

const same = (key: OrderKey, value: string | null): Sql =>
  value === null ? sql`${key.value} is null` : sql`${key.value} = ${typed(key, value)}`

function later(key: OrderKey | undefined, value: string | null): Sql {
  if (!key || value === null) return sql`false`
  const beyond = key.descending ? sql`${key.value} < ${typed(key, value)}` : sql`${key.value} > ${typed(key, value)}`
  return key.nullable ? sql`(${beyond} or ${key.value} is null)` : beyond
}
