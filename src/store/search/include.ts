/**
 * `_include` and `_revinclude`, one round: the statements that fetch what rows point at, and what points at them.
 * https://hl7.org/fhir/R4/search.html#revinclude
 * Each is confined as a search of its own would be. Left out: references to other servers; how often it is done (`:iterate`).
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { binariesTogetherMax } from '../../base/limits.ts'
import { includedResourcesMax, takenApartUnweighedMax } from '../../base/search-limits.ts'
import type { Definitions } from '../../fhir/definitions/types.ts'
import { localReference } from '../../fhir/reference.ts'
import { storedTypes } from '../../fhir/resource.ts'
import type { Include, SearchQuery } from '../../fhir/search-query.ts'
import { targetsOf } from '../../fhir/search-words.ts'
import type { Statement } from '../db.ts'
import { layoutOf, type Place, tableOf } from '../layout.ts'
import { rowConditions } from './compile.ts'
import { isBehindMask, wholeRows } from './masked.ts'
import { type FoundRow, foundColumns, referencesColumn, type Wish, weighed } from './page.ts'
import { type Bounds, boundsOf, withoutOwn } from './scope.ts'
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
function pointingAt(definitions: Definitions, type: string, include: Include, ids: readonly string[], bounds: Bounds): Sql {
  const ways = codesAt(definitions, include, type).map((code) => {
    const whole = isBehindMask(include.type, code, type) ? wholeRows({ type: include.type, alias: 't', bounds }) : undefined
    const way = wayTo(layoutOf(definitions, include.type).get(code), `${code}=${type}/`, ids)
    return whole ? sql`(${way} and ${whole})` : way
  })
  return sql`(${join(ways, ' or ')})`
}

function wayTo(place: Place | undefined, lead: string, ids: readonly string[]): Sql {
  if (place?.kind === 'id') return sql`${column('t', place.column)} = any(${texts(ids)})`
  return anyTerm(
    't',
    ids.map((id) => lead + id),
  )
}

/** So many of a type come by one statement. */
export const includedMost = (type: string): number => (type === 'Binary' ? binariesTogetherMax : includedResourcesMax)

type Reach = { readonly definitions: Definitions; readonly wish: Wish; readonly next: readonly Include[] }

/** `next`: the includes that go on from what this brings. */
function fetching({ definitions, wish, next }: Reach, type: string, condition: Sql, bounds: Bounds, named: boolean): IncludeStatement {
  const references = referencesColumn(definitions, type, next, bounds)
  const columns = [...foundColumns(type, wish, bounds), ...references]
  const conditions = [condition, ...rowConditions({ definitions, type, alias: 't', bounds })]
  const composed = sql`select ${join(columns, ', ')} from ${raw(tableOf(type))} as t where ${join(conditions, ' and ')} order by t.id || '' limit ${includedMost(type)}::int`
  if (wish.bytes === undefined) return { type, statement: statementOf(composed, named) }
  const names = ['id', 'body', ...(wish.patients ? ['patients'] : []), ...(references.length > 0 ? ['references'] : [])]
  return { type, statement: statementOf(weighed(composed, names, wish.bytes), named) }
}

/**
 * One statement for each type that is reached; a type that the bounds say may not be read has none. `rows` are of `type`, as
 * they will be shown: the page, or where `again`, what the last round has brought. What is found may be shown already, or be
 * found twice: the caller shows each resource once.
 */
export function compileIncludes(
  definitions: Definitions,
  type: string,
  query: SearchQuery,
  rows: readonly FoundRow[],
  bounds: Bounds = {},
  wish: Wish = {},
  again = false,
): IncludeStatement[] {
  if (rows.length === 0) return []
  const reach: Reach = { definitions, wish, next: query.includes.filter((include) => include.iterate) }
  const followed = (include: Include): boolean => !again || include.iterate
  const includes = query.includes.filter((include) => include.type === type && followed(include))
  const forward = [...includedIds(type, includes, rows)].flatMap(([reached, ids]) => {
    const allowed = boundsOf(bounds, reached)
    const few = ids.size <= takenApartUnweighedMax ? { ...reach, wish: { ...wish, bytes: undefined } } : reach
    return allowed ? [fetching(few, reached, sql`t.id = any(${texts([...ids])})`, allowed, true)] : []
  })
  const ids = rows.map((row) => row.id)
  const revincludes = query.revincludes.filter(
    (include) => storedTypes.includes(include.type) && followed(include) && pointsAt(definitions, include, type),
  )
  const backward = [...Map.groupBy(revincludes, (include) => include.type)].flatMap(([reached, grouped]) => {
    const all = boundsOf(bounds, reached)
    if (!all) return []
    const allowed = type === 'Patient' ? withoutOwn(all) : all
    const pointing = sql`(${join(
      grouped.map((include) => pointingAt(definitions, type, include, ids, allowed)),
      ' or ',
    )})`
    return [fetching(reach, reached, pointing, allowed, false)]
  })
  return [...forward, ...backward]
}

/**
 * The parameters by which AuditEvents that name rows of the type shall come along: they are kept apart, and found by the room
 * `audit`.
 */
export const auditCodes = (definitions: Definitions, type: string, { revincludes }: SearchQuery, again: boolean): readonly string[] =>
  revincludes
    .filter((include) => include.type === 'AuditEvent' && (!again || include.iterate) && pointsAt(definitions, include, type))
    .flatMap((include) => codesAt(definitions, include, type))

const pointsAt = (definitions: Definitions, include: Include, type: string): boolean =>
  (include.target ?? type) === type && codesAt(definitions, include, type).length > 0

/** The include's parameters that may point at a type. */
const codesAt = (definitions: Definitions, include: Include, type: string): readonly string[] =>
  include.codes.filter((code) => {
    const parameter = definitions.searchParameters.get(include.type)?.get(code)
    return parameter !== undefined && targetsOf(parameter).includes(type)
  })
