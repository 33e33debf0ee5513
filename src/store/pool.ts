/**
 * Connections to Postgres, as `db.ts` describes them. A statement with a name is prepared once a connection.
 *
 * timestamptz comes back as a Date, int8 as text (a version outgrows nothing, a position may). Leaves out transactions.
 */
import pg from 'pg'
import { fault } from '../base/fault.ts'
import {
  connectTimeoutMs,
  databaseConnectionsMax,
  idleTransactionMsMax,
  searchStatementMsMax,
  statementMsMax,
  unnamedConnectionsMax,
} from '../base/limits.ts'
import type { Db, Pool, Statement } from './db.ts'
import { pgErrorName, translatePgError } from './pg-errors.ts'

type Runner = { query: (config: pg.QueryConfig) => Promise<pg.QueryResult> }

/** `onUseless`: told where the connection can answer and yet is good for nothing. */
const dbOf = (runner: Runner, onUseless: (error: unknown) => void): Db => ({
  query: async <Row>(statement: Statement): Promise<Row[]> => {
    const result = await runner.query(statement as pg.QueryConfig).catch((error: unknown) => {
      if (pgErrorName(error) === 'read-only') onUseless(error)
      throw translatePgError(error)
    })
    // Postgres answers the commit of a failed transaction with a rollback and no error.
    if (result.command === 'ROLLBACK' && statement.text === 'commit')
      throw fault('exception', 'A transaction that had failed was committed.')
    const rows = result.rows as Row[]
    // The driver's results stay reachable from old ones until the next full collection. Rows left on them would too: large
    // pages made such collections a quarter of this process's work (22 in five seconds of searches, 3 without; --trace-gc).
    result.rows = []
    return rows
  },
})

/**
 * One connection, given back when `use` settles, and thrown away where it was lost on the way, or leads to what is a standby by
 * now: the next one is opened to whoever is the primary then.
 */
async function withConnection<T>(pool: pg.Pool, use: (db: Db) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw translatePgError(error)
  })
  const lost: unknown[] = []
  const onError = (error: unknown) => lost.push(error)
  client.on('error', onError)
  try {
    return await use(dbOf(client, onError))
  } finally {
    client.off('error', onError)
    client.release(lost.length > 0)
  }
}

function connections(url: string, max: number, onConnect?: pg.PoolConfig['onConnect']): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    onConnect,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'slotwise',
    // A pool of idle connections must not keep a command from ending.
    allowExitOnIdle: true,
  })
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  return pool
}

/** Milliseconds that one statement may take, of those with a name and of those without: beyond it the answer is `timeout`. */
export type StatementTimes = { readonly named: number; readonly unnamed: number }

/** What a server that others wait for gives its statements. A command of an operator's has no such limit. */
export const serverTimes: StatementTimes = { named: statementMsMax, unnamed: searchStatementMsMax }

/**
 * A statement with a name has one plan for all values: planned once a connection, and not, as Postgres would often have
 * it, anew at every call (of a booking that was half its cost). One without a name is planned by the values it comes
 * with, on connections of its own. Both kinds inside a transaction run on its one connection.
 */
export function openPool(url: string, { max = databaseConnectionsMax, times }: { max?: number; times?: StatementTimes } = {}): Pool {
  const pool = connections(url, max, async (client) => {
    await client.query(`set plan_cache_mode = force_generic_plan; ${limits(times?.named)}`)
  })
  const byValues = connections(url, Math.min(unnamedConnectionsMax, max), async (client) => {
    if (times) await client.query(limits(times.unnamed))
  })
  return {
    // Not the pool's own query: it throws a connection away whenever a statement fails, and ours fail on purpose.
    query: (statement) => withConnection(statement.name === undefined ? byValues : pool, (db) => db.query(statement)),
    connect: (use) => withConnection(pool, use),
    end: async () => {
      await Promise.all([pool.end(), byValues.end()])
    },
  }
}

/** Set by statements rather than with the connection: a pooler between may refuse what it does not know there. */
const limits = (milliseconds: number | undefined): string =>
  milliseconds === undefined
    ? ''
    : `set statement_timeout = ${milliseconds}; set idle_in_transaction_session_timeout = ${idleTransactionMsMax}`

/** For a library that brings statements of its own: the driver's pool as it is. Whoever opens it ends it, after the library. */
export function openLibraryPool(url: string, max: number): pg.Pool {
  const pool = connections(url, max)
  // A connection that breaks while it is lent says so by its next query.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}
