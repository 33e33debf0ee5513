/**
 * What the rooms above hold of the database: `Db` to read, `Tx` to write. Only `inTransaction()` makes a Tx, so a write
 * outside a transaction does not compile. The one exception is a statement that is a transaction of its own; its function
 * takes a Db and says so.
 */

/** A named statement is prepared once a connection; leave the name out where the text varies. */
export type Statement = { readonly name?: string; readonly text: string; readonly values: readonly unknown[] }

export type Db = {
  /** Runs one statement and gives its rows. Throws what `pg-errors.ts` names. */
  readonly query: <Row>(statement: Statement) => Promise<Row[]>
}

declare const inside: unique symbol
export type Tx = Db & { readonly [inside]: true }

/** A pool of connections. `connect` runs `use` with one connection that nobody else has until it settles. */
export type Pool = Db & {
  readonly connect: <T>(use: (db: Db) => Promise<T>) => Promise<T>
  readonly end: () => Promise<void>
}
