/**
 * Criteria to SQL: what a row must hold to be found, and what a caller confined to one patient may be shown.
 * https://hl7.org/fhir/R4/search.html and https://hl7.org/fhir/R4/search.html#chaining
 * Left out: how the found are ordered and cut into pages (sort.ts, page.ts).
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { confinementOf } from '../../fhir/patient-compartment.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { Statement } from '../db.ts'
import { layoutOf, type Place } from '../layout.ts'
import { dateCondition, spansCondition } from './date.ts'
import { fullTextCondition } from './full-text.ts'
import { chainCondition, chainSizes, hasCondition, hasSize, treeCondition } from './linked.ts'
import { hiddenAmongMany, hiddenRows, looksBehindMask, wholeRows } from './masked.ts'
import { nearCondition } from './near.ts'
import { digitsCondition, numberCondition, numberMissing } from './number.ts'
import { mayTellOfOthers, withoutOthers } from './others.ts'
import { type Bounds, boundsOf, type Scope, waysOf } from './scope.ts'
import { column, statementOf, text, texts, wordLead } from './statement.ts'
import { stringCondition, textCondition } from './string.ts'
import { anyTerm, wordsCondition } from './token.ts'

/** Rows that are there, that the bounds let through and that meet all the criteria. */
export const rowConditions = (scope: Scope, criteria: readonly Criterion[] = []): Sql[] => [
  sql`not ${column(scope.alias, 'deleted')}`,
  ...anyWay(scope, (way) => [...wayConditions(way), ...criteria.map((criterion) => criterionCondition(way, criterion))]),
]

/** A row that comes by the patient's own is judged as theirs, by its criteria too; one that comes by a search, as anybody's. */
function anyWay(scope: Scope, conditions: (way: Scope) => Sql[]): Sql[] {
  const ways = waysOf(scope).map(conditions)
  const [only = []] = ways
  return ways.length === 1 ? only : [sql`(${join(ways.map(allOf), ' or ')})`]
}

/** Rows that the bounds let through, deleted ones among them by what they last held. */
export const boundConditions = (scope: Scope): Sql[] => anyWay(scope, wayConditions)

function wayConditions(scope: Scope): Sql[] {
  const confined = confinedCondition(scope)
  const granular = scope.bounds.anyOf?.map((criteria) => allOf(criteria.map((criterion) => criterionCondition(scope, criterion))))
  const except = exceptCondition(scope)
  // That it is in a patient's compartment tells whose it is.
  const whole = scope.bounds.patient === undefined && scope.bounds.within === undefined ? undefined : wholeRows(scope)
  const hidden = scope.counts ? hiddenAmongMany(scope) : hiddenRows(scope)
  return [
    ...(confined ? [confined] : []),
    ...(except ? [except] : []),
    ...(whole ? [whole] : []),
    ...withinConditions(scope),
    ...(granular ? [granular.length ? sql`(${join(granular, ' or ')})` : sql`false`] : []),
    ...(hidden ? [sql`not ${hidden}`] : []),
  ]
}

/** Whoever is confined to one patient is not told with whom they share what is theirs. */
function withinConditions({ alias, bounds: { patient, within } }: Scope): Sql[] {
  if (within === undefined) return []
  return [patient === undefined || patient === within ? anyTerm(alias, [`@Patient/${within}`]) : sql`false`]
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
      return namesNoOther(alias, bounds.patient)
    case 'open':
      return undefined
  }
}

const namesNoOther = (alias: string, patient: string): Sql =>
  sql`not exists (select from unnest(${column(alias, 'terms')}) as word where starts_with(word, '@Patient/') and word <> ${text(`@Patient/${patient}`)})`

/** A resource that concerns several is kept for the sake of any of them. */
function exceptCondition({ definitions, type, alias, bounds: { except = [] } }: Scope): Sql | undefined {
  if (except.length === 0) return undefined
  switch (confinementOf(definitions, type)) {
    case 'self':
      return sql`${column(alias, 'id')} <> all(${texts(except)})`
    case 'open':
      return undefined
    default:
      return sql`not ${anyTerm(
        alias,
        except.map((id) => `@Patient/${id}`),
      )}`
  }
}

export function criterionCondition(scope: Scope, asked: Criterion): Sql {
  const whole = scope.bounds.masking && looksBehindMask(scope.type, asked) ? wholeRows(scope) : undefined
  return whole ? sql`(${whole} and ${withinCompartment(scope, asked)})` : withinCompartment(scope, asked)
}

function withinCompartment(scope: Scope, asked: Criterion): Sql {
  const { definitions, type, alias, bounds } = scope
  const { patient } = bounds
  // What names others is shown without them (access/without-others.ts), so it is not found by them either.
  const criterion = patient === undefined ? asked : withoutOthers(definitions, type, asked, patient)
  if (patient !== undefined && (mayTellOfOthers(definitions, type, criterion) || leadsToOthers(scope, criterion)))
    return sql`(${plainCondition(scope, criterion)} and ${namesNoOther(alias, patient)})`
  return plainCondition(scope, criterion)
}

/** A chain that goes to patients, where the caller sees others of them: it would find by another what is shown without them. */
const leadsToOthers = ({ definitions, type, bounds }: Scope, criterion: Criterion): boolean =>
  criterion.kind === 'chain' &&
  confinementOf(definitions, type) === 'own' &&
  criterion.links.some((link) => namesPatients.has(link.type) && seesOthers(boundsOf(bounds, link.type)))

const namesPatients: ReadonlySet<string> = new Set(['Patient', 'RelatedPerson'])

const seesOthers = (bounds: Bounds | undefined): boolean => bounds !== undefined && bounds.patient === undefined

function plainCondition(scope: Scope, criterion: Criterion): Sql {
  const { definitions, type, alias } = scope
  if (criterion.kind === 'has') return hasCondition(scope, criterion, rowsMeeting)
  if (criterion.kind === 'audited') return sql`${column(alias, 'id')} = any(${texts(criterion.ids)})`
  if (criterion.kind === 'full-text') return fullTextCondition(alias, criterion)
  const place = layoutOf(definitions, type).get(criterion.code)
  if (!place) return sql`false`
  switch (criterion.kind) {
    case 'words':
      return wordsCondition(alias, place, criterion)
    case 'missing':
      return missingCondition(alias, type, place, criterion)
    case 'date':
      return place.kind === 'spans' ? spansCondition(alias, type, criterion) : dateCondition(alias, place, criterion)
    case 'string':
      return stringCondition(alias, criterion)
    case 'text':
      return textCondition(alias, criterion)
    case 'near':
      return nearCondition(alias, criterion)
    case 'chain':
      return chainCondition(scope, place, criterion, rowsMeeting)
    case 'numbers':
      return place.kind === 'digits' ? digitsCondition(alias, criterion) : numberCondition(alias, type, criterion)
    case 'tree':
      return treeCondition(scope, criterion, rowsMeeting)
  }
}

/** Visible rows of another type, those alone that meet the criterion where there is one. */
const rowsMeeting = (scope: Scope, criterion?: Criterion): Sql => join(rowConditions(scope, criterion ? [criterion] : []), ' and ')

function missingCondition(alias: string, type: string, place: Place, { code, missing }: Extract<Criterion, { kind: 'missing' }>): Sql {
  const not = raw(missing ? '' : 'not ')
  switch (place.kind) {
    case 'period':
      return sql`${not}${column(alias, place.lower)} is null`
    case 'instant':
    case 'code':
      return sql`${not}${column(alias, place.column)} is null`
    case 'numbers':
    case 'spans':
      return numberMissing(alias, type, code, missing)
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

/** Whether every value of this criterion finds few rows, whatever the statistics say: one patient's, one identifier's. */
export function isSelective(criterion: Criterion): boolean {
  if (criterion.kind !== 'words' || criterion.not) return false
  return criterion.words.length > 0 && criterion.words.every((word) => word.includes('=Patient/') || word.startsWith('identifier='))
}

/**
 * Whether the words that a chain or a hierarchy gives are looked for in `terms`. How many they will be the planner cannot
 * know, and row by row each is compared with each: 2,000 Slots' visits took over 2.5 s among 250,000, and 130 ms by the index.
 */
export function looksAmongTerms({ definitions, type, wide }: Scope, criterion: Criterion): boolean {
  // A range of numbers is many words that hardly any row has: the planner takes each for as frequent as those it knows.
  if (criterion.kind === 'numbers') return layoutOf(definitions, type).get(criterion.code)?.kind === 'digits'
  if (criterion.kind !== 'chain') return criterion.kind === 'tree'
  return layoutOf(definitions, type).get(criterion.code)?.kind === 'terms' && !criterion.links.some((link) => wide?.has(link.criterion))
}

/** A statement for each way of each chain that could be wide: how many rows stand at its end, up to `wideChainMin`. */
export const compileChainSizes = (scope: Scope, criteria: readonly Criterion[]): { of: Criterion; statement: Statement }[] =>
  chainSizes(scope, criteria, rowsMeeting).map(({ of, size }) => ({ of, statement: statementOf(size, false) }))

/** A statement that says how many rows stand at the end of a `_has`, up to `wideHasMin`. */
export function compileHasSize(scope: Scope, criterion: Extract<Criterion, { kind: 'has' }>): Statement | undefined {
  const size = hasSize(scope, criterion, rowsMeeting)
  return size && statementOf(size, false)
}

/** Whether the best plan depends on which values are asked for, as with words that are everywhere or nowhere. */
export function dependsOnValues(scope: Pick<Scope, 'definitions' | 'type'>, criterion: Criterion): boolean {
  const place = layoutOf(scope.definitions, scope.type).get(criterion.code)
  return (
    criterion.kind === 'chain' ||
    criterion.kind === 'has' ||
    criterion.kind === 'tree' ||
    criterion.kind === 'full-text' ||
    place?.kind === 'terms' ||
    place?.kind === 'digits' ||
    place?.kind === 'strings' ||
    place?.kind === 'phonetic' ||
    place?.kind === 'numbers' ||
    place?.kind === 'spans'
  )
}
