/**
 * What the database was told for each request, however many are answered at once: a request that bears `x-probe` is followed
 * from where Node hands it on (https://nodejs.org/api/diagnostics_channel.html#http) to the pool.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Db, Pool, Statement } from '../../src/store/db.ts'

export type WorkTold = {
  /** The statements of a request, in their order. */
  readonly of: (probe: string) => readonly string[]
  readonly close: () => void
}

const started = 'http.server.request.start'

export function workTold(pool: Pool): WorkTold {
  const said = new Map<string, string[]>()
  const following = new AsyncLocalStorage<string[] | undefined>()
  const begin = (message: unknown): void => {
    const probe = (message as { request: IncomingMessage }).request.headers['x-probe']
    const mine: string[] | undefined = typeof probe === 'string' ? [] : undefined
    if (mine) said.set(String(probe), mine)
    following.enterWith(mine)
  }
  subscribe(started, begin)
  const heard = (query: Db['query']): Db['query'] =>
    function listening<Row>(statement: Statement): Promise<Row[]> {
      // Looked at again by whoever comes first after any Consent was written, or once a second.
      if (!/consent_state|'PractitionerRole\/' \|\| id as name/.test(statement.text)) following.getStore()?.push(statement.text)
      return query<Row>(statement)
    }
  const { query, connect } = pool
  Object.assign(pool, {
    query: heard(query),
    connect: <T>(use: (db: Db) => Promise<T>) => connect((db) => use({ ...db, query: heard((statement) => db.query(statement)) })),
  })
  return {
    of: (probe) => said.get(probe) ?? [],
    close: () => {
      unsubscribe(started, begin)
      following.disable()
    },
  }
}
