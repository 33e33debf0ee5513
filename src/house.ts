/**
 * Builds everything once, in order: database, migrations, definitions, the house, its doors and its work. With `main.ts`
 * the only file that sees every room; nothing below is built twice or found by looking around.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { keptFrom } from './auth/kept-from.ts'
import { posts } from './auth/posts.ts'
import { systemClock } from './base/clock.ts'
import { errorCode } from './base/error-code.ts'
import { fault } from './base/fault.ts'
import { systemIds } from './base/ids.ts'
import { postgresVersionMin, shutdownMsMax } from './base/limits.ts'
import type { Log } from './base/log.ts'
import type { Secrets } from './base/sealed.ts'
import { regenerateAll as regenerateSlots } from './booking/regenerate-slots.ts'
import type { Database, Listening, OpenHouse, Role } from './cli/command.ts'
import type { Config } from './config.ts'
import { loadDefinitions } from './fhir/definitions/load.ts'
import { loadProfiles } from './fhir/profiles.ts'
import { buildApp } from './http/app.ts'
import { desks } from './http/desks.ts'
import { type Keeping, newThrottle } from './http/throttle.ts'
import { fetchOut } from './jobs/fetch-out.ts'
import { sealChannels } from './jobs/seal-channels.ts'
import { tasks } from './jobs/tasks.ts'
import { startTick } from './jobs/tick.ts'
import { startWork as startDurableWork } from './jobs/work.ts'
import { keepApplicationRole } from './store/application-role.ts'
import { ensureAuditPartitions } from './store/audit-retention.ts'
import { followDefinitions } from './store/current-definitions.ts'
import { postgresVersion } from './store/database-state.ts'
import { openEmbedded } from './store/embedded.ts'
import type { House } from './store/house.ts'
import { type Migration, migrate } from './store/migrate.ts'
import { openPool, serverTimes } from './store/pool.ts'
import { ensureSecretKeys, keySource, openSecrets, secretKeysIn } from './store/secret-keys.ts'
import { takeUnderKey } from './store/secrets.ts'
import { sharedAllowances } from './store/shared-allowances.ts'
import { inTransaction } from './store/transaction.ts'

const root = join(import.meta.dirname, '..')
export const migrations = join(root, 'migrations')
const ours = loadProfiles(join(root, 'fhir-profiles'))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

export async function openDatabase(config: Config, log: Log, role: Role): Promise<Database> {
  const { databaseUrl: url } = config
  if (url) return { url, ownerUrl: config.databaseOwnerUrl ?? url, close: async () => {} }
  const {
    url: ownerUrl,
    applicationUrl,
    close,
  } = await openEmbedded(config.dataDir, { role, ids: systemIds, warn: (what) => log.warn(what) })
  return { url: applicationUrl, ownerUrl, close }
}

/** Brings the database up to date as its owner, and gives the role that works on it what it needs, where it is another. */
async function prepareDatabase({ url, ownerUrl }: Database): Promise<Migration[]> {
  const pool = openPool(ownerUrl, { max: 1 })
  try {
    const ran = await migrate(pool, migrations)
    const { username, password } = new URL(url)
    if (username !== new URL(ownerUrl).username)
      await keepApplicationRole(pool, { role: decodeURIComponent(username), password: decodeURIComponent(password) })
    return ran
  } finally {
    await pool.end()
  }
}

export async function migrateDatabase(config: Config, log: Log): Promise<Migration[]> {
  const database = await openDatabase(config, log, 'guest')
  try {
    return await prepareDatabase(database)
  } finally {
    await database.close()
  }
}

async function refuseOldPostgres(pool: House['pool']): Promise<void> {
  const version = await postgresVersion(pool)
  if (version < postgresVersionMin)
    throw fault('exception', `DATABASE_URL names a Postgres ${version}; Slotwise needs Postgres ${postgresVersionMin} or newer.`)
}

/** The embedded Postgres brings its key along; that of a database of one's own is for its operator to make. */
function secretsOf(config: Config): Secrets {
  const source = keySource(config)
  if (typeof source === 'string' && !config.databaseUrl) ensureSecretKeys(source, systemIds.next())
  return openSecrets(source)
}

async function sealFirst(pool: House['pool'], secrets: Secrets, config: Config): Promise<void> {
  const source = keySource(config)
  const [first] = source === undefined ? [] : secretKeysIn(source)
  if (first) await inTransaction(pool, (tx) => takeUnderKey(tx, secrets, first.id))
}

function withSecret(said: Config['signInElsewhere']): OpenHouse['signInElsewhere'] {
  if (!said) return undefined
  const { secretFile: file, ...setting } = said
  const secret = file === undefined ? undefined : readFileSync(file, 'utf8').trim()
  if (secret === '') throw fault('value', `The file of SIGN_IN_SECRET_FILE is empty: ${file}`)
  return { ...setting, secret }
}

/** `prepared`: another process of ours has opened and migrated the database already. */
export async function buildHouse(config: Config, log: Log, role: Role, prepared = false): Promise<OpenHouse> {
  const database = await openDatabase(config, log, role)
  const pool = openPool(database.url, role === 'server' || prepared ? { times: serverTimes } : {})
  const opened: Listening[] = []
  const close = async () => {
    for (const one of opened) await one.close()
    await pool.end()
    await database.close()
  }
  try {
    if (config.databaseUrl && !prepared) await refuseOldPostgres(pool)
    const secrets = secretsOf(config)
    if (!prepared) await prepareDatabase(database)
    if (!prepared) await ensureAuditPartitions(pool, `${systemClock.now().toISOString().slice(0, 7)}-01`)
    if (!prepared) await sealFirst(pool, secrets, config)
    if (!prepared) await sealChannels(pool, secrets)
    const following = await followDefinitions(pool, loadDefinitions())
    opened.push(following)
    return {
      pool,
      clock: systemClock,
      ids: systemIds,
      get definitions() {
        return following.now()
      },
      conformance: new Map(ours.map((one) => [`${one.resourceType}/${one.id}`, JSON.stringify(one)])),
      base: `${config.publicUrl}/fhir`,
      defaultTimeZone: config.defaultTimeZone,
      outboundHosts: config.outboundHosts,
      trustedIssuers: config.trustedIssuers,
      signInElsewhere: withSecret(config.signInElsewhere),
      holdQuotas: config.holdQuotas,
      keptFrom: keptFrom(pool, systemClock, `${config.publicUrl}/fhir`),
      postsOf: posts(pool, systemClock),
      mail: config.mail,
      secondFactorRoles: config.secondFactorRoles,
      registration: config.registration,
      waitlist: config.waitlist,
      secrets,
      auditMonthsKept: config.auditMonthsKept,
      warn: (what, details) => log.warn(details ?? {}, what),
      databaseUrl: database.url,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens the doors. Closing waits for the requests that are being answered, but not for a client that keeps a line open. */
export async function listen(house: OpenHouse, config: Config, isReady: () => boolean): Promise<Listening> {
  const shared: Keeping = (kind, perMinute) => sharedAllowances(house.pool, kind, perMinute)
  const throttle = newThrottle(house.clock, config.rateLimits, config.rateLimits.kept === 'postgres' ? shared : undefined)
  const app = buildApp(house, {
    auth: config.auth,
    desks,
    version,
    profiles: ours,
    ready: isReady,
    throttle,
    fetchOut: (url, bytesMax, asked) => fetchOut(house.outboundHosts, url, bytesMax, asked),
    door: { certificate: config.certificate, proxies: config.trustProxy, connectionsPerAddress: config.connectionsPerAddress },
  })
  await app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw errorCode(error) === 'EADDRINUSE' ? portTaken(config) : error
  })
  return {
    close: async () => {
      const closed = app.close()
      await Promise.race([closed, sleep(shutdownMsMax, undefined, { ref: false })])
      app.server.closeAllConnections()
      await closed
    },
  }
}

const portTaken = ({ host, port }: Config): Error =>
  fault('conflict', `${host}:${port} is taken by another program. Stop it, or set PORT to a free one.`)

export { seedDemo } from './jobs/seed-demo.ts'

/** The durable jobs first: what is due may put some in. They end in the opposite order. */
export async function startWork(house: OpenHouse): Promise<Listening> {
  const work = await startDurableWork(house, house.databaseUrl, tasks)
  const tick = startTick(house)
  return {
    close: async () => {
      await tick.close()
      await work.close()
    },
  }
}

export async function regenerateAll(house: House, progress: (text: string) => void): Promise<string> {
  const { made, changed, removed } = await regenerateSlots(house, (done, all) => progress(`Schedule ${done} of ${all}`))
  return `Slots: ${made} made, ${changed} changed, ${removed} removed.`
}
