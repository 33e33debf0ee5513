/**
 * String criteria: a line of `strings` begins with, contains or is the text. The trigram index serves all three.
 * https://hl7.org/fhir/R4/search.html#string
 */
import sql, { join, type Sql } from 'sql-template-tag'
import type { Criterion } from '../../fhir/search-criterion.ts'
import { column, text } from './statement.ts'

/** `%` and `_` in a text stand for themselves. */
const literally = (value: string): string => value.replace(/[\\%_]/g, '\\$&')

type Strings = Extract<Criterion, { kind: 'string' }>

function patternsOf({ code, match }: Strings, value: string): string[] {
  const name = literally(code)
  if (match === 'exact') return [`%\n${name}!${literally(value)}\n%`]
  return [`%\n${name}=${literally(value)}%`]
}

/** `contains` first narrows by a pattern that the index can use, then looks line by line, for `%` would run past the line's end. */
function containsCondition(alias: string, code: string, value: string): Sql {
  const strings = column(alias, 'strings')
  const lines = sql`string_to_array(${strings}, E'\n')`
  return sql`(${strings} like ${text(`%\n${literally(code)}=%${literally(value)}%`)} and exists (select from unnest(${lines}) as line where line like ${text(`${literally(code)}=%${literally(value)}%`)}))`
}

/** The text beside a code or a reference, from the beginning of one of its words. */
export function textCondition(alias: string, { code, texts }: Extract<Criterion, { kind: 'text' }>): Sql {
  const conditions = texts.map((one) => containsCondition(alias, `${code}:text`, ` ${one}`))
  return conditions.length > 0 ? sql`(${join(conditions, ' or ')})` : sql`false`
}

export function stringCondition(alias: string, criterion: Strings): Sql {
  if (criterion.texts.length === 0) return sql`false`
  const conditions = criterion.texts.flatMap((value) =>
    criterion.match === 'contains'
      ? [containsCondition(alias, criterion.code, value)]
      : patternsOf(criterion, value).map((pattern) => sql`${column(alias, 'strings')} like ${text(pattern)}`),
  )
  return conditions.length === 1 ? (conditions[0] ?? sql`false`) : sql`(${join(conditions, ' or ')})`
}
