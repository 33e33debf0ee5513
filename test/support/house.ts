/**
 * A whole house for a test: a database of its own, real desks, a door on a free port, and tokens to knock with.
 * With `tick` and `work` the jobs run as they do in a server. Time is real, since the database's clock decides about holds.
 */
import { join } from 'node:path'
import { keptFrom } from '../../src/auth/kept-from.ts'
import { posts } from '../../src/auth/posts.ts'
import { mintToken } from '../../src/auth/token.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type HoldQuotas, holdQuotasDefault } from '../../src/base/hold-quotas.ts'
import { systemIds } from '../../src/base/ids.ts'
import { type WaitlistSettings, waitlistSettingsDefault } from '../../src/base/waitlist-settings.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { loadProfiles } from '../../src/fhir/profiles.ts'
import { buildApp } from '../../src/http/app.ts'
import { desks } from '../../src/http/desks.ts'
import { fetchOut } from '../../src/jobs/fetch-out.ts'
import { tasks } from '../../src/jobs/tasks.ts'
import { startTick } from '../../src/jobs/tick.ts'
import { startWork } from '../../src/jobs/work.ts'
import { followDefinitions } from '../../src/store/current-definitions.ts'
import type { House } from '../../src/store/house.ts'
import { openPool } from '../../src/store/pool.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { freePort } from './free-port.ts'
import { testSecrets } from './secrets.ts'

type Reference = { reference?: string }
export type Extension = { url: string; extension?: Extension[]; valueInstant?: string; valueReference?: Reference }
type Participant = { actor?: Reference; status?: string; required?: string }
type Issue = { severity: string; code: string; diagnostics?: string; expression?: string[] }
export type Entry = { fullUrl?: string; resource: Body; search?: { mode?: string } }

/** The elements that tests look at, of whatever resource came back. */
export type Body = {
  resourceType: string
  id: string
  meta: { versionId: string; lastUpdated: string }
  status: string
  start: string
  end: string
  comment?: string
  total?: number
  slot: Reference[]
  schedule: Reference
  participant: Participant[]
  extension?: Extension[]
  entry?: Entry[]
  link?: { relation: string; url: string }[]
  issue: Issue[]
  serviceType?: { coding?: { system?: string; code?: string }[] }[]
  requestedPeriod?: { start?: string; end?: string }[]
  cancelationReason?: { text?: string; coding?: { code?: string }[] }
}

export type Answer = { status: number; headers: Headers; text: string; json: Body }
export type Call = (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<Answer>

export type TestHouse = {
  readonly house: House
  readonly origin: string
  readonly databaseUrl: string
  /** What the operator was told. */
  readonly warnings: readonly string[]
  readonly token: (scope: string, more?: { patient?: string; user?: string; client?: string; purpose?: string }) => Promise<string>
  /** With every right of a system. */
  readonly call: Call
  readonly as: (token: string) => Call
  readonly close: () => Promise<void>
}

const profiles = loadProfiles(join(import.meta.dirname, '../../fhir-profiles'))
const definitions = loadDefinitions()

type Options = {
  readonly tick?: boolean
  readonly work?: boolean
  readonly holdQuotas?: Partial<HoldQuotas>
  readonly waitlist?: Partial<WaitlistSettings>
  readonly trustedIssuers?: House['trustedIssuers']
  /** As the world calls this machine. */
  readonly host?: string
  readonly mail?: House['mail']
  readonly secondFactorRoles?: House['secondFactorRoles']
  readonly signInElsewhere?: House['signInElsewhere']
  readonly registration?: House['registration']
  /** As the world calls it, where something stands before it that is another origin. */
  readonly publicOrigin?: string
  /** Another server of the same house: its database and its address, through a pool of its own. */
  readonly beside?: TestHouse
}

export async function testHouse(options: Options = {}): Promise<TestHouse> {
  const { beside } = options
  const database = beside ? sharedDatabase(beside.databaseUrl) : await testDatabase()
  const warnings: string[] = []
  // Tokens name the address they are for, so it is known before the door opens.
  const port = await freePort()
  const origin = `http://${options.host ?? '127.0.0.1'}:${port}`
  const base = beside?.house.base ?? `${options.publicOrigin ?? origin}/fhir`
  const following = options.work ? await followDefinitions(database.pool, definitions) : undefined
  const house: House = {
    pool: database.pool,
    clock: systemClock,
    ids: systemIds,
    get definitions() {
      return following?.now() ?? definitions
    },
    conformance: new Map(profiles.map((one) => [`${one.resourceType}/${one.id}`, JSON.stringify(one)])),
    base,
    defaultTimeZone: 'America/New_York',
    outboundHosts: ['127.0.0.1'],
    trustedIssuers: options.trustedIssuers,
    mail: options.mail,
    secondFactorRoles: options.secondFactorRoles,
    signInElsewhere: options.signInElsewhere,
    registration: options.registration,
    keptFrom: keptFrom(database.pool, systemClock, base),
    postsOf: posts(database.pool, systemClock),
    holdQuotas: { ...holdQuotasDefault, ...options.holdQuotas },
    waitlist: { ...waitlistSettingsDefault, ...options.waitlist },
    secrets: testSecrets,
    auditMonthsKept: 0,
    warn: (what, details) => warnings.push(`${what} ${JSON.stringify(details ?? {})}`),
  }
  const app = buildApp(house, {
    auth: 'smart',
    desks,
    version: '0.0.0',
    profiles,
    fetchOut: (url, bytesMax, asked) => fetchOut(house.outboundHosts, url, bytesMax, asked),
  })
  await app.listen({ host: '127.0.0.1', port })
  const work = options.work ? await startWork(house, database.url, tasks) : undefined
  const tick = options.tick ? startTick(house) : undefined
  const token: TestHouse['token'] = (scope, more = {}) => mintToken(house, { scope, ...more, ttlSeconds: 3600 })
  const as = (bearer: string): Call => caller(house.base, bearer)
  return {
    house,
    origin,
    databaseUrl: database.url,
    warnings,
    token,
    as,
    call: as(await token('system/*.cruds')),
    close: async () => {
      await tick?.close()
      await following?.close()
      await work?.close()
      app.server.closeAllConnections()
      await app.close()
      await database.drop()
    },
  }
}

function sharedDatabase(url: string): TestDatabase {
  const pool = openPool(url, { max: 20 })
  return { url, pool, drop: () => pool.end() }
}

/** Sends and reads JSON at a FHIR base. */
export const caller =
  (base: string, bearer: string): Call =>
  async (method, path, body, headers = {}) => {
    const answer = await fetch(path.startsWith('http') ? path : `${base}/${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, ...(body ? { 'content-type': 'application/fhir+json' } : {}), ...headers },
      body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, json: (text === '' ? {} : JSON.parse(text)) as Body }
  }

/** The resource that was made; a refusal fails the test where it stands. */
export function made(answer: Answer, status = 201): Body {
  if (answer.status !== status) throw new Error(`answered ${answer.status}, not ${status}: ${answer.text.slice(0, 600)}`)
  return answer.json
}

/** An operation's Parameters: texts and numbers become valueString and valueInteger, `Type/id` a Reference. */
export function parameters(values: Readonly<Record<string, unknown>>): object {
  const parameter = Object.entries(values).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => ({ name, ...typed(one) })),
  )
  return { resourceType: 'Parameters', parameter }
}

function typed(value: unknown): object {
  if (typeof value === 'number') return { valueInteger: value }
  if (typeof value === 'string')
    return /^[A-Z][A-Za-z]+\/[^/]+$/.test(value) ? { valueReference: { reference: value } } : { valueString: value }
  return (value as object) && 'resourceType' in (value as object) ? { resource: value } : (value as object)
}

/** The Appointment in either shape of answer. */
export const appointmentIn = ({ json }: Answer): Body | undefined =>
  json.resourceType === 'Appointment'
    ? json
    : json.entry?.map(({ resource }) => resource).find(({ resourceType }) => resourceType === 'Appointment')

export const matches = ({ json }: Answer): Body[] =>
  (json.entry ?? []).filter(({ search }) => search?.mode === 'match').map(({ resource }) => resource)

/** The ids of what was found, in their own order, with spaces between. */
export const idsOf = (answer: Answer): string =>
  matches(answer)
    .map(({ id }) => id)
    .toSorted()
    .join(' ')

const nextTimeUrl = 'https://slotwise.org/fhir/StructureDefinition/next-time'

/** The times that a 409 offers instead. */
export function nextTimesIn({ json }: Answer): { slot?: string; start?: string; end?: string }[] {
  return (json.extension ?? [])
    .filter(({ url }) => url === nextTimeUrl)
    .map(({ extension = [] }) => ({
      slot: extension.find(({ url }) => url === 'slot')?.valueReference?.reference,
      start: extension.find(({ url }) => url === 'start')?.valueInstant,
      end: extension.find(({ url }) => url === 'end')?.valueInstant,
    }))
}

/** Asks again until it holds, for what the server does on its own; fails after `milliseconds`. */
export async function eventually(milliseconds: number, holds: () => Promise<boolean>): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > milliseconds) throw new Error(`did not come true within ${milliseconds} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return performance.now() - began
}

const patienceMs = 60_000
const looksLetOff = 4

/**
 * As `eventually`, for what a server promises to have done after so many milliseconds. On a machine that is busy with other
 * things a look takes long, and so does all else: the longest of them is let off, some times over.
 */
export async function promptly(milliseconds: number, holds: () => Promise<boolean>): Promise<void> {
  const longest = { look: 0, began: performance.now() }
  const took = await eventually(patienceMs, async () => {
    const held = await holds()
    longest.look = Math.max(longest.look, performance.now() - longest.began)
    longest.began = performance.now()
    return held
  })
  if (took > milliseconds + looksLetOff * longest.look)
    throw new Error(
      `came true after ${Math.round(took)} ms, not ${milliseconds}, though no look took longer than ${Math.round(longest.look)} ms`,
    )
}
