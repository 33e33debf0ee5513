/**
 * The one maker of a `Tx`: begin, commit, and roll back on a throw, all on one connection.
 * https://www.postgresql.org/docs/current/transaction-iso.html
 *
 * What is retried is the function that was handed in, whole, so it must hold nothing from an earlier try: name it, and
 * give it everything by argument.
 */
import { fault } from '../base/fault.ts'
import { transactionAttemptsMax, transactionTriesMsMax } from '../base/limits.ts'
import type { Db, Pool, Tx } from './db.ts'
import { pgErrorName } from './pg-errors.ts'

const begin = { text: 'begin', values: [] }
const commit = { text: 'commit', values: [] }
const rollback = { text: 'rollback', values: [] }

type Last = (tx: Tx) => Promise<void>
/** A claim that somebody lies over who was booked over others; times are Unix milliseconds. */
export type GivenBack = { readonly actor: string; readonly begins: number; readonly ends: number; readonly session: string | null }
/** What a transaction has still to do, and what it has given back under others. */
type Own = { readonly last: Last[]; readonly givenBack: GivenBack[] }
const owns = new WeakMap<Db, Own>()

/** Runs `last` when all else in the transaction is done, before it commits; at once where it is none of ours. */
export async function beforeCommit(tx: Tx, last: Last): Promise<void> {
  const own = owns.get(tx)
  if (own) own.last.push(last)
  else await last(tx)
}

export const givenBackIn = (tx: Tx): GivenBack[] => owns.get(tx)?.givenBack ?? []

async function runOnce<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  await db.query(begin)
  const own: Own = { last: [], givenBack: [] }
  owns.set(db, own)
  try {
    const result = await work(db as Tx)
    for (const last of own.last) await last(db as Tx)
    await db.query(commit)
    return result
  } catch (error) {
    // Where even the rollback fails, the connection is gone and Postgres has rolled back by itself.
    await db.query(rollback).catch(() => undefined)
    throw error
  } finally {
    owns.delete(db)
  }
}

const worthAnotherTry = (error: unknown): boolean => {
  const name = pgErrorName(error)
  return name === 'deadlock' || name === 'serialization'
}

/** Not a mistake of the caller's, nor of ours: the same may well succeed a moment later. */
const crowded = (): Error => fault('transient', 'Too much is written here at once just now. Try again in a moment.')

/** Runs `work` in one transaction; a deadlock or a serialization failure runs it again from the start. */
export const inTransaction = <T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> =>
  retried(() => pool.connect((db) => runOnce(db, work)))

/** Reads everything as of one instant, however many statements it takes. Gives out no number, so no follower waits for it. */
export const inSnapshot = <T>(pool: Pool, work: (db: Db) => Promise<T>): Promise<T> =>
  pool.connect(async (db) => {
    await db.query({ text: 'begin isolation level repeatable read, read only', values: [] })
    try {
      return await work(db)
    } finally {
      await db.query(rollback).catch(() => undefined)
    }
  })

/** A pool for those who only read, and shall see what the transaction has written. They begin none of their own. */
export const poolOf = (tx: Tx): Pool => ({ query: (statement) => tx.query(statement), connect: (use) => use(tx), end: async () => {} })

/** Runs a statement that is a transaction of its own again where a deadlock or a serialization failure undid it. */
export async function retried<T>(statement: () => Promise<T>, msMax = transactionTriesMsMax): Promise<T> {
  const begun = performance.now()
  for (let attempt = 1; ; attempt++) {
    try {
      return await statement()
    } catch (error) {
      if (!worthAnotherTry(error)) throw error
      if (attempt >= transactionAttemptsMax || performance.now() - begun > msMax) throw crowded()
    }
  }
}
