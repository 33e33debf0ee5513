/**
 * Statements as text and values. `params()` hands out `$1, $2 …` so that a value can only ever travel as a parameter;
 * `prepared()` names a text by its hash, so that each connection parses and plans it once.
 */
import { createHash } from 'node:crypto'
import { namedStatementsMax } from '../base/limits.ts'
import type { Statement } from './db.ts'

export type Params = {
  readonly values: unknown[]
  /** Takes a value and gives its place in the text, with the cast asked for: `$3::text[]`. */
  readonly add: (value: unknown, cast?: string) => string
}

export function params(): Params {
  const values: unknown[] = []
  return {
    values,
    add: (value, cast) => {
      values.push(value)
      return cast ? `$${values.length}::${cast}` : `$${values.length}`
    },
  }
}

/**
 * A named statement stays prepared on each connection for good. Texts vary with the shape of a request, never with its
 * values, so the names stay few; should they not, later texts go without one.
 */
const names = new Map<string, string>()

export function prepared(text: string, values: readonly unknown[]): Statement {
  const known = names.get(text)
  if (known) return { name: known, text, values }
  if (names.size >= namedStatementsMax) return { text, values }
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 22)
  names.set(text, name)
  return { name, text, values }
}
