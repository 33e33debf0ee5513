/** The circles that Postgres has broken: whoever it ended is tried again and comes through, so no answer tells. */
import type { Db, Pool, Statement } from '../../src/store/db.ts'
import { pgErrorName } from '../../src/store/pg-errors.ts'

/** Of every statement that this pool runs from now on. */
export function deadlocksOf(pool: Pool): readonly unknown[] {
  const found: unknown[] = []
  const heard =
    (db: Db['query']): Db['query'] =>
    <Row>(statement: Statement) =>
      db<Row>(statement).catch((error: unknown) => {
        if (pgErrorName(error) === 'deadlock') found.push(error)
        throw error
      })
  const { query, connect } = pool
  Object.assign(pool, {
    query: heard(query),
    connect: (use: (db: Db) => Promise<unknown>) => connect((db) => use({ query: heard(db.query) })),
  })
  return found
}
