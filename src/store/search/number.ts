/**
 * Number and quantity criteria, by the rules of each prefix. https://hl7.org/fhir/R4/search.html#number
 * `eq` and `ne` mean the range that the written digits stand for, the others the number itself; `ap` a tenth of it.
 * Left out: converting units.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { fault } from '../../base/fault.ts'
import { numberWordsMax } from '../../base/search-limits.ts'
import { numberWordsAsked } from '../../fhir/number-words.ts'
import type { NumberAsked, Numbers } from '../../fhir/search-number.ts'
import { column, text, texts, wordLead } from './statement.ts'
import { anyTerm } from './token.ts'

const numeric = (value: string): Sql => sql`${value}::numeric`

/**
 * An exact range lies within another: that its lower end does too follows, but says to the index where to stop, and to the
 * planner how few rows there are.
 */
const within = (number: Sql, half: Sql): Sql =>
  sql`(v.lower >= ${number} - ${half} and v.lower < ${number} + ${half} and v.upper < ${number} + ${half})`

function comparison({ prefix, value, half }: NumberAsked): Sql {
  const number = numeric(value)
  switch (prefix) {
    case 'eq':
      return within(number, numeric(half))
    case 'ne':
      return sql`not ${within(number, numeric(half))}`
    case 'gt':
      return sql`v.upper > ${number}`
    case 'lt':
      return sql`v.lower < ${number}`
    case 'ge':
      return sql`v.upper >= ${number}`
    case 'le':
      return sql`v.lower <= ${number}`
    case 'sa':
      return sql`v.lower > ${number}`
    case 'eb':
      return sql`v.upper < ${number}`
    case 'ap':
      return sql`(v.lower <= ${number} + abs(${number}) / 10 and v.upper >= ${number} - abs(${number}) / 10)`
  }
}

function unitConditions({ system, unit }: NumberAsked): Sql[] {
  if (unit === undefined) return []
  if (system === undefined) return [sql`(v.unit_code = ${text(unit)} or v.unit = ${text(unit)})`]
  return [sql`v.system = ${text(system)}`, sql`v.unit_code = ${text(unit)}`]
}

/** The rows of `search_number` that belong to a parameter of a type; its code has been checked by the layout. */
export const rowsOf = (type: string, code: string): Sql => sql`v.type = ${text(type)} and v.code = ${text(code)}`

export function numberCondition(alias: string, type: string, { code, values }: Numbers): Sql {
  if (values.length === 0) return sql`false`
  const ways = values.map((asked) => {
    const tokens = asked.tokens ? [sql`v.tokens && ${texts(asked.tokens)}`] : []
    return sql`(${join([comparison(asked), ...unitConditions(asked), ...tokens], ' and ')})`
  })
  return sql`${column(alias, 'id')} in (select v.id from search_number as v where ${rowsOf(type, code)} and (${join(ways, ' or ')}))`
}

/** The same where numbers are words. */
export function digitsCondition(alias: string, { code, values }: Numbers): Sql {
  if (values.length === 0) return sql`false`
  const words: string[] = []
  for (const asked of values) {
    words.push(...numberWordsAsked(code, asked))
    if (words.length > numberWordsMax)
      throw fault('too-costly', `\`${code}\` asks for more numbers, or with more digits, than are looked for at once.`, code)
  }
  return anyTerm(alias, words)
}

export const digitsSortValue = (alias: string, code: string, descending: boolean): Sql =>
  sql`(select ${raw(descending ? 'max' : 'min')}(substr(word, ${raw(String(code.length + 2))})::numeric) from unnest(${column(alias, 'terms')}) as word where starts_with(word, ${wordLead(code, '=')}))`

export const numberMissing = (alias: string, type: string, code: string, missing: boolean): Sql =>
  sql`${raw(missing ? 'not ' : '')}exists (select from search_number as v where ${rowsOf(type, code)} and v.id = ${column(alias, 'id')})`

/** The least of a row's values, or descending the greatest. */
export const numberSortValue = (alias: string, type: string, code: string, descending: boolean): Sql =>
  sql`(select ${raw(descending ? 'max(v.upper)' : 'min(v.lower)')} from search_number as v where ${rowsOf(type, code)} and v.id = ${column(alias, 'id')})`
