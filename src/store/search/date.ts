/**
 * Date criteria: the span asked for against the span a row holds, by the rules of each prefix.
 * https://hl7.org/fhir/R4/search.html#prefix
 * `ap` widens what was asked by `approximateDateHours` on both sides. A row without a value matches no prefix, `ne` too.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { hourMs } from '../../base/durations.ts'
import { approximateDateHours } from '../../base/search-limits.ts'
import { timestampText } from '../../fhir/date-time.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { DateValue } from '../../fhir/search-value.ts'
import type { Place } from '../layout.ts'
import { rowsOf } from './number.ts'
import { column, instant } from './statement.ts'

/** A moment as the column holds it. */
type At = (ms: number) => Sql
const asInstant: At = (ms) => instant(timestampText(ms))
const asMilliseconds: At = (ms) => sql`${String(ms)}::numeric`

/** A row that holds one instant: it lies within the span, before it or after it. */
function instantCondition(name: Sql, { prefix, lower, upper }: DateValue, at: At): Sql {
  switch (prefix) {
    case 'eq':
      return sql`(${name} >= ${at(lower)} and ${name} < ${at(upper)})`
    case 'ne':
      return sql`(${name} < ${at(lower)} or ${name} >= ${at(upper)})`
    case 'gt':
    case 'sa':
      return sql`${name} >= ${at(upper)}`
    case 'lt':
    case 'eb':
      return sql`${name} < ${at(lower)}`
    case 'ge':
      return sql`${name} >= ${at(lower)}`
    case 'le':
      return sql`${name} < ${at(upper)}`
    case 'ap':
      return instantCondition(name, widened(lower, upper), at)
  }
}

const widened = (lower: number, upper: number): DateValue => ({
  prefix: 'eq',
  lower: lower - approximateDateHours * hourMs,
  upper: upper + approximateDateHours * hourMs,
})

/** A row that holds a span, [first, last). `ge` and `le` also take a span that reaches past the one asked for. */
function spanCondition(first: Sql, last: Sql, { prefix, lower, upper }: DateValue, at: At): Sql {
  switch (prefix) {
    case 'eq':
      // Both bounds for both columns, though two would do: taken apart, the planner thinks that a quarter of all rows match.
      return sql`(${first} >= ${at(lower)} and ${first} < ${at(upper)} and ${last} > ${at(lower)} and ${last} <= ${at(upper)})`
    case 'ne':
      return sql`(${first} < ${at(lower)} or ${last} > ${at(upper)})`
    case 'gt':
      return sql`${last} > ${at(upper)}`
    case 'lt':
      return sql`${first} < ${at(lower)}`
    case 'ge':
      return sql`(${first} >= ${at(lower)} or ${last} > ${at(upper)})`
    case 'le':
      return sql`(${last} <= ${at(upper)} or ${first} < ${at(lower)})`
    case 'sa':
      return sql`${first} >= ${at(upper)}`
    case 'eb':
      return sql`${last} <= ${at(lower)}`
    case 'ap': {
      const wide = widened(lower, upper)
      return sql`(${first} < ${at(wide.upper)} and ${last} > ${at(wide.lower)})`
    }
  }
}

export function dateCondition(alias: string, place: Place, criterion: Extract<Criterion, { kind: 'date' }>): Sql {
  const conditions = criterion.values.map((value) => {
    if (place.kind === 'instant') return instantCondition(column(alias, place.column), value, asInstant)
    if (place.kind === 'period') return spanCondition(column(alias, place.lower), column(alias, place.upper), value, asInstant)
    return sql`false`
  })
  return anyOf(conditions)
}

const anyOf = (conditions: readonly Sql[]): Sql => (conditions.length === 0 ? sql`false` : sql`(${join(conditions, ' or ')})`)

/** Dates that are rows of `search_number`. */
export function spansCondition(alias: string, type: string, { code, values }: Extract<Criterion, { kind: 'date' }>): Sql {
  const ways = values.map((value) => spanCondition(raw('v.lower'), raw('v.upper'), value, asMilliseconds))
  return sql`${column(alias, 'id')} in (select v.id from search_number as v where ${rowsOf(type, code)} and ${anyOf(ways)})`
}
