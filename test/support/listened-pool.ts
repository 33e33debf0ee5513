/**
 * What a house asks its database: each statement, and those that Postgres undid because two waited for each other. They are run
 * again, so that no answer tells of them.
 */
import type { Db, Pool, Statement } from '../../src/store/db.ts'
import { pgErrorName } from '../../src/store/pg-errors.ts'

export type Heard = { readonly statements: string[]; readonly deadlocks: unknown[] }

/** From now on. */
export function listen(pool: Pool): Heard {
  const heard: Heard = { statements: [], deadlocks: [] }
  const { query, connect } = pool
  const listening =
    (ask: Db['query']): Db['query'] =>
    async <Row>(statement: Statement) => {
      heard.statements.push(statement.text)
      return ask<Row>(statement).catch((error: unknown) => {
        if (pgErrorName(error) === 'deadlock') heard.deadlocks.push(error)
        throw error
      })
    }
  Object.assign(pool, {
    query: listening(query),
    connect: ((use) => connect((db) => use({ query: listening(db.query) }))) as Pool['connect'],
  })
  return heard
}
