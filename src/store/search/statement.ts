/**
 * From composed SQL to a Statement. Values travel as typed parameters; the only text put in as it stands is names that
 * the layout gives and words that the definitions give, and those are checked to be plain.
 * Left out: what the SQL says.
 */
import { createHash } from 'node:crypto'
import sql, { raw, type Sql } from 'sql-template-tag'
import { namedStatementsMax } from '../../base/limits.ts'
import type { Statement } from '../db.ts'

const plainName = /^[a-z][a-z0-9_]*$/
const plainWord = /^[A-Za-z0-9_:-]+$/

/** `t.starts`: a column of the aliased table. */
export function column(alias: string, name: string): Sql {
  if (!plainName.test(name)) throw new Error(`${name} is no column of the layout`)
  return raw(`${alias}.${name}`)
}

/** A parameter's code as an SQL string constant with something after it: `'actor='`. */
export function wordLead(code: string, after: '=' | '!' | ':' | ''): Sql {
  if (!plainWord.test(code)) throw new Error(`${code} is no search parameter's code`)
  return raw(`'${code}${after}'`)
}

export const text = (value: string): Sql => sql`${value}::text`
export const texts = (values: readonly string[]): Sql => sql`${values}::text[]`
export const instant = (value: string): Sql => sql`${value}::timestamptz`

/**
 * Names of statements by their text. A named statement stays prepared on each connection for good, so only the first
 * shapes met get one: a caller who invents shapes cannot fill the database's memory.
 */
const names = new Map<string, string>()

/** `named` where one plan serves every value; otherwise Postgres plans anew, by the statistics of these values. */
export function statementOf(composed: Sql, named: boolean): Statement {
  const { text: words, values } = composed
  if (!named) return { text: words, values }
  const known = names.get(words)
  if (known) return { name: known, text: words, values }
  if (names.size >= namedStatementsMax) return { text: words, values }
  const name = `search_${createHash('sha256').update(words).digest('hex').slice(0, 24)}`
  names.set(words, name)
  return { name, text: words, values }
}
