/**
 * Criteria to SQL: what a row must hold to be found, and what a caller confined to one patient may be shown.
 * https://hl7.org/fhir/R4/search.html and https://hl7.org/fhir/R4/search.html#chaining
 * Left out: how the found are ordered and cut into pages (sort.ts, page.ts).
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Definitions } from '../../fhir/definitions/types.ts'
import { confinementOf } from '../../fhir/patient-compartment.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import { layoutOf, type Place, tableOf } from '../layout.ts'
import { dateCondition } from './date.ts'
import { nearCondition } from './near.ts'
import { column, text, wordLead } from './statement.ts'
import { stringCondition } from './string.ts'
import { anyTerm, wordsCondition } from './token.ts'

/** What may be shown: of one patient's compartment only, and matching one of several granular scopes. */
export type Bounds = {
  readonly patient?: string
  /** Alternatives, each a list of criteria that all hold (a granular scope); left out where nothing is so bound. */
  readonly anyOf?: readonly (readonly Criterion[])[]
  /** The bounds of another type that a chain or an include reaches, undefined where it may not be read; by default the same patient's. */
  readonly of?: (type: string) => Bounds | undefined
}

/** The bounds within which another type is reached. */
export const boundsOf = (bounds: Bounds, type: string): Bounds | undefined => (bounds.of ? bounds.of(type) : { patient: bounds.patient })

export type Scope = { readonly definitions: Definitions; readonly type: string; readonly alias: string; readonly bounds: Bounds }

/** Rows that are there and that the bounds let through. */
export function visibleConditions(scope: Scope): Sql[] {
  const confined = confinedCondition(scope)
  const granular = scope.bounds.anyOf?.map((criteria) => allOf(criteria.map((criterion) => criterionCondition(scope, criterion))))
  return [
    sql`not ${column(scope.alias, 'deleted')}`,
    ...(confined ? [confined] : []),
    ...(granular ? [granular.length ? sql`(${join(granular, ' or ')})` : sql`false`] : []),
  ]
}

/** A granular scope of which nothing was understood lets nothing through. */
const allOf = (conditions: readonly Sql[]): Sql => (conditions.length ? sql`(${join(conditions, ' and ')})` : sql`false`)

/** The patient's own; where the type is shared, also what is nobody's. */
function confinedCondition({ definitions, type, alias, bounds }: Scope): Sql | undefined {
  if (bounds.patient === undefined) return undefined
  const own = `@Patient/${bounds.patient}`
  switch (confinementOf(definitions, type)) {
    case 'self':
      return sql`${column(alias, 'id')} = ${text(bounds.patient)}`
    case 'own':
      return anyTerm(alias, [own])
    case 'not-others':
      return sql`not exists (select from unnest(${column(alias, 'terms')}) as word where starts_with(word, '@Patient/') and word <> ${text(own)})`
    case 'open':
      return undefined
  }
}

export function criterionCondition(scope: Scope, criterion: Criterion): Sql {
  const { definitions, type, alias } = scope
  const place = layoutOf(definitions, type).get(criterion.code)
  if (!place) return sql`false`
  switch (criterion.kind) {
    case 'words':
      return wordsCondition(alias, place, criterion)
    case 'missing':
      return missingCondition(alias, place, criterion)
    case 'date':
      return dateCondition(alias, place, criterion)
    case 'string':
      return stringCondition(alias, criterion)
    case 'near':
      return nearCondition(alias, criterion)
    case 'chain':
      return chainCondition(scope, place, criterion)
  }
}

function missingCondition(alias: string, place: Place, { code, missing }: Extract<Criterion, { kind: 'missing' }>): Sql {
  const not = raw(missing ? '' : 'not ')
  switch (place.kind) {
    case 'period':
      return sql`${not}${column(alias, place.lower)} is null`
    case 'instant':
    case 'code':
      return sql`${not}${column(alias, place.column)} is null`
    case 'position':
      return sql`${not}${column(alias, 'latitude')} is null`
    case 'id':
      return sql`${not}(${column(alias, place.column)} is null and not exists (select from unnest(${column(alias, 'terms')}) as word where starts_with(word, ${wordLead(code, '')})))`
    case 'strings':
      return sql`strpos(${column(alias, 'strings')}, E'\\n' || ${wordLead(code, '=')}) ${raw(missing ? '=' : '>')} 0`
    default:
      return sql`${raw(missing ? 'not ' : '')}exists (select from unnest(${column(alias, 'terms')}) as word where starts_with(word, ${wordLead(code, '=')}) or starts_with(word, ${wordLead(code, ':')}))`
  }
}

/** One step: rows whose reference names a row, of one of the linked types, that meets the next criterion. */
function chainCondition(scope: Scope, place: Place, { code, links }: Extract<Criterion, { kind: 'chain' }>): Sql {
  const steps = links.flatMap(({ type, criterion }) => {
    const bounds = boundsOf(scope.bounds, type)
    if (!bounds) return []
    const next: Scope = { ...scope, type, alias: 'linked', bounds }
    const met = join([...visibleConditions(next), criterionCondition(next, criterion)], ' and ')
    const from = sql`from ${raw(tableOf(type))} as linked where ${met}`
    if (place.kind === 'id') return sql`${column(scope.alias, place.column)} in (select linked.id ${from})`
    return sql`${column(scope.alias, 'terms')} && array(select ${text(`${code}=${type}/`)} || linked.id ${from})`
  })
  return steps.length ? sql`(${join(steps, ' or ')})` : sql`false`
}

/** Whether every value of this criterion finds few rows, whatever the statistics say: one patient's, one identifier's. */
export function isSelective(criterion: Criterion): boolean {
  if (criterion.kind !== 'words' || criterion.not) return false
  return criterion.words.length > 0 && criterion.words.every((word) => word.includes('=Patient/') || word.startsWith('identifier='))
}

/** Whether the best plan depends on which values are asked for, as with words that are everywhere or nowhere. */
export function dependsOnValues(scope: Pick<Scope, 'definitions' | 'type'>, criterion: Criterion): boolean {
  const place = layoutOf(scope.definitions, scope.type).get(criterion.code)
  return criterion.kind === 'chain' || place?.kind === 'terms' || place?.kind === 'strings' || place?.kind === 'phonetic'
}
