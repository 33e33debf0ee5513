/**
 * The Postgres that comes with the program, under DATA_DIR: started by whoever comes first, shared by the server and the
 * commands beside it, stopped by whoever leaves last, and adopted where a killed server left it running.
 *
 * Two advisory locks say who is there, and die with their process: the guest book (shared by all) and the server's desk.
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { errorCode } from '../base/error-code.ts'
import { fault } from '../base/fault.ts'
import type { Ids } from '../base/ids.ts'
import { postgresPollMs, serverLockWaitMs } from '../base/limits.ts'
import { pgErrorName } from './pg-errors.ts'
import { applicationPassword, applicationRole, type Cluster, clusterIn, ensureRunning, stopCluster, urlOf } from './postgres-cluster.ts'

const guestBook = 7_356_011
const serverDesk = 7_356_012
const database = 'slotwise'

export type EmbeddedRole = 'server' | 'guest'

export type EmbeddedOptions = {
  readonly role: EmbeddedRole
  readonly ids: Ids
  readonly warn: (what: string) => void
  /** Postgres settings on top of ours, for tests. */
  readonly settings?: Readonly<Record<string, string>>
}

export type Embedded = {
  /** As the owner of everything. */
  readonly url: string
  /** As the role that a server works as (`application-role.ts`). */
  readonly applicationUrl: string
  /** Stops Postgres too, if nobody else is in the guest book. */
  readonly close: () => Promise<void>
}

const ask = async (client: pg.Client, text: string): Promise<boolean> => (await client.query<{ yes: boolean }>(text)).rows[0]?.yes === true

/** A server killed a moment ago holds its desk until Postgres sees its connection gone, so one refusal is not an answer. */
async function takeDesk(client: pg.Client, folder: string): Promise<void> {
  for (let waited = 0; waited <= serverLockWaitMs; waited += postgresPollMs) {
    if (await ask(client, `select pg_try_advisory_lock(${serverDesk}) as yes`)) return
    await sleep(postgresPollMs)
  }
  throw fault(
    'conflict',
    `A Slotwise server is already running on ${folder}. Stop it first, or start this one with another DATA_DIR and PORT.`,
  )
}

/** A connection that signs the guest book. Waiting for the signature means that the database is being stopped. */
async function sign(cluster: Cluster, role: EmbeddedRole): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(cluster, 'postgres'), application_name: `slotwise ${role}`, keepAlive: true })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(`select pg_advisory_lock_shared(${guestBook})`)
    if (role === 'server') await takeDesk(client, cluster.folder)
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

/** Runs the database and signs in; where it went down between the two, once more from the start. */
async function enter(cluster: Cluster, role: EmbeddedRole, mayMove: boolean): Promise<{ cluster: Cluster; client: pg.Client }> {
  for (let attempt = 1; ; attempt++) {
    const running = await ensureRunning(cluster, mayMove)
    try {
      return { cluster: running, client: await sign(running, role) }
    } catch (error) {
      if (attempt === 3 || pgErrorName(error) !== 'connection') throw error
    }
  }
}

async function createDatabase(client: pg.Client): Promise<void> {
  if (await ask(client, `select exists (select from pg_database where datname = '${database}') as yes`)) return
  try {
    await client.query(`create database ${database}`)
  } catch (error) {
    // Another first start made it in the meantime.
    if (!['42P04', '23505'].includes(errorCode(error) ?? '')) throw error
  }
}

/** What it may do is granted where the tables are made. */
async function createRole(client: pg.Client, cluster: Cluster): Promise<void> {
  if (await ask(client, `select exists (select from pg_roles where rolname = '${applicationRole}') as yes`)) return
  try {
    await client.query(`create role ${applicationRole} login password ${pg.escapeLiteral(applicationPassword(cluster))}`)
  } catch (error) {
    // Another first start made it in the meantime.
    if (!['42710', '23505'].includes(errorCode(error) ?? '')) throw error
  }
}

async function leave(cluster: Cluster, client: pg.Client): Promise<void> {
  const last = await client
    .query(`select pg_advisory_unlock_shared(${guestBook})`)
    .then(() => ask(client, `select pg_try_advisory_lock(${guestBook}) as yes`))
    .catch(() => false)
  if (last) await stopCluster(cluster)
  await client.end().catch(() => undefined)
}

export async function openEmbedded(dataDir: string, { role, ids, warn, settings = {} }: EmbeddedOptions): Promise<Embedded> {
  const found = await clusterIn(resolve(dataDir), ids.next(), settings)
  const entered = await enter(found, role, true)
  const { cluster } = entered
  const presence = { client: entered.client, closing: false, coming: Promise.resolve() }
  await createDatabase(entered.client)
  await createRole(entered.client, cluster)

  /** A database that went down under us is brought back, on the same port: the pools find it again by themselves. */
  const comeBack = async (): Promise<void> => {
    if (presence.closing) return
    warn('the embedded Postgres went away; starting it again')
    while (!presence.closing) {
      try {
        presence.client = (await enter(cluster, role, false)).client
        watch()
        return
      } catch {
        await sleep(serverLockWaitMs)
      }
    }
  }
  const watch = () =>
    presence.client.once('end', () => {
      presence.coming = comeBack()
    })
  watch()

  return {
    url: urlOf(cluster, database),
    applicationUrl: urlOf(cluster, database, true),
    close: async () => {
      presence.closing = true
      // Else what is being brought back would stay behind, with nobody in it.
      await presence.coming
      await leave(cluster, presence.client)
    },
  }
}
