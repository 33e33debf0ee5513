/**
 * Criteria that look at other rows: a chain (what a row points at), `_has` (what points at it), and hierarchies.
 * https://hl7.org/fhir/R4/search.html#chaining, #has and #recursive
 * Every step is confined to what the caller may see of that type, as a search of its own would be.
 * The sets are made first and by themselves, so that the indexes of the outer table serve them as if they had been typed.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { wideChainMin, wideHasMin } from '../../base/search-limits.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import { layoutOf, type Place, tableOf } from '../layout.ts'
import { isBehindMask, wholeRows } from './masked.ts'
import { boundsOf, type Scope, withoutOwn } from './scope.ts'
import { column, text, texts, wordLead } from './statement.ts'

/** The condition for visible rows of a scope that meet the criterion; compile.ts's, which in turn calls these. */
export type Meeting = (scope: Scope, criterion?: Criterion) => Sql

type Of<Kind extends Criterion['kind']> = Extract<Criterion, { kind: Kind }>

/**
 * The rows of `type` that the caller may see and that meet the criterion: `from … where …`; undefined where none may be seen.
 * `by`: the reference in them that is followed to the scope's own type.
 */
function linkedRows(scope: Scope, type: string, criterion: Criterion, meeting: Meeting, by?: string, unnested?: Sql): Sql | undefined {
  const all = boundsOf(scope.bounds, type)
  if (!all) return undefined
  const bounds = by !== undefined && scope.type === 'Patient' ? withoutOwn(all) : all
  const next: Scope = { ...scope, type, alias: 'linked', bounds, counts: false }
  const whole = by !== undefined && isBehindMask(type, by, scope.type) ? wholeRows(next) : undefined
  return sql`from ${raw(tableOf(type))} as linked${unnested ?? raw('')} where ${meeting(next, criterion)}${whole ? sql` and ${whole}` : raw('')}`
}

/** One step: rows whose reference names a row, of one of the linked types, that meets the next criterion. */
export function chainCondition(scope: Scope, place: Place, { code, links }: Of<'chain'>, meeting: Meeting): Sql {
  const steps = links.flatMap(({ type, criterion }) => {
    const from = linkedRows(scope, type, criterion, meeting)
    if (!from) return []
    if (place.kind === 'id') return sql`${column(scope.alias, place.column)} = any(array(select linked.id ${from}))`
    const lead = `${code}=${type}/`
    if (!scope.wide?.has(criterion)) return sql`${column(scope.alias, 'terms')} && array(select ${text(lead)} || linked.id ${from})`
    const named = sql`select substr(word, ${lead.length + 1}::int) from unnest(${column(scope.alias, 'terms')}) as word where starts_with(word, ${text(lead)})`
    return sql`exists (select ${from} and linked.id = any(array(${named})))`
  })
  return steps.length ? sql`(${join(steps, ' or ')})` : sql`false`
}

/** How many rows each chain of a query comes to, as far as `wideChainMin`: one row a statement, `found`. */
export function chainSizes(scope: Scope, criteria: readonly Criterion[], meeting: Meeting): { of: Criterion; size: Sql }[] {
  return criteria.flatMap((criterion) => {
    if (criterion.kind !== 'chain' || layoutOf(scope.definitions, scope.type).get(criterion.code)?.kind !== 'terms') return []
    return criterion.links.flatMap(({ type, criterion: next }) => {
      const from = linkedRows(scope, type, next, meeting)
      return from ? [{ of: next, size: sql`select count(*)::int as found from (select ${from} limit ${wideChainMin}::int) as ends` }] : []
    })
  })
}

/** Rows that are named by rows of another type which meet the criterion. */
export function hasCondition(scope: Scope, { target, type, by, criterion }: Of<'has'>, meeting: Meeting): Sql {
  const place = layoutOf(scope.definitions, type).get(by)
  if (place?.kind === 'id') {
    const from = linkedRows(scope, type, criterion, meeting, by)
    return from ? sql`${column(scope.alias, 'id')} = any(array(select distinct linked.${raw(place.column)} ${from}))` : sql`false`
  }
  const lead = `${by}=${target}/`
  if (scope.wide?.has(criterion)) return namedByOne(scope, { type, by, criterion }, meeting, lead)
  const from = linkedRows(scope, type, criterion, meeting, by, sql`, unnest(linked.terms) as named`)
  if (!from) return sql`false`
  return sql`${column(scope.alias, 'id')} = any(array(select distinct substr(named, ${lead.length + 1}::int) ${from} and starts_with(named, ${text(lead)})))`
}

/** Asked row by row, which ends as soon as a page is full. `offset 0` keeps the planner from turning it into a set after all. */
function namedByOne(
  scope: Scope,
  { type, by, criterion }: Pick<Of<'has'>, 'type' | 'by' | 'criterion'>,
  meeting: Meeting,
  lead: string,
): Sql {
  const from = linkedRows(scope, type, criterion, meeting, by)
  if (!from) return sql`false`
  return sql`exists (select ${from} and linked.terms @> array[${text(lead)} || ${column(scope.alias, 'id')}] offset 0)`
}

/** How many rows a `_has` comes to, as far as `wideHasMin`; undefined where it may not look, or an index names them. */
export function hasSize(scope: Scope, { type, by, criterion }: Of<'has'>, meeting: Meeting): Sql | undefined {
  if (layoutOf(scope.definitions, type).get(by)?.kind !== 'terms') return undefined
  const from = linkedRows(scope, type, criterion, meeting, by)
  return from && sql`select count(*)::int as found from (select ${from} limit ${wideHasMin}::int) as ends`
}

/** Rows whose reference is in the tree that hangs below (or stands above) the resources named, they themselves among it. */
export function treeCondition(scope: Scope, asked: Of<'tree'>, meeting: Meeting): Sql {
  const { code, target, ids } = asked
  const bounds = boundsOf(scope.bounds, target)
  if (!bounds || ids.length === 0) return sql`false`
  const visible = meeting({ ...scope, type: target, alias: 'linked', bounds, counts: false })
  return sql`${column(scope.alias, 'terms')} && array(
    ${treeRows(asked, visible)}
    select ${wordLead(code, '=')} || ${text(`${target}/`)} || tree.id from tree)`
}

/** `with recursive tree(id) as …`; `visible`: of the rows as `linked`. */
export function treeRows({ target, parent, direction, ids }: Omit<Of<'tree'>, 'code'>, visible: Sql): Sql {
  const lead = `${parent}=${target}/`
  const step =
    direction === 'below'
      ? sql`select linked.id from tree join ${raw(tableOf(target))} as linked on linked.terms @> array[${text(lead)} || tree.id] where ${visible}`
      : sql`select substr(named, ${lead.length + 1}::int) from tree join ${raw(tableOf(target))} as linked on linked.id = tree.id, unnest(linked.terms) as named where ${visible} and starts_with(named, ${text(lead)})`
  return sql`with recursive tree(id) as (select unnest(${texts(ids)}) union ${step})`
}
