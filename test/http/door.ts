/** A house with real rooms and a real database, and a clock that a test can move; and small desks to stand behind a door. */
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { holdQuotasDefault } from '../../src/base/hold-quotas.ts'
import { systemIds } from '../../src/base/ids.ts'
import { waitlistSettingsDefault } from '../../src/base/waitlist-settings.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { loadProfiles } from '../../src/fhir/profiles.ts'
import type { Reply } from '../../src/fhir/reply.ts'
import type { FhirRequest } from '../../src/fhir/request.ts'
import { buildApp } from '../../src/http/app.ts'
import { type Desks, desks, type House } from '../../src/http/desks.ts'
import { testDatabase } from '../support/database.ts'
import { testSecrets } from '../support/secrets.ts'

export const profiles = loadProfiles(join(import.meta.dirname, '../../fhir-profiles'))
const definitions = loadDefinitions()

export type TestHouse = House & {
  readonly advance: (milliseconds: number) => void
  /** What the operator was told. */
  readonly warnings: { readonly what: string; readonly details?: Record<string, unknown> }[]
  readonly drop: () => Promise<void>
}

export async function testHouse(base = 'http://127.0.0.1/fhir'): Promise<TestHouse> {
  const database = await testDatabase()
  return { ...streetHouse(base), pool: database.pool, drop: database.drop }
}

/** For what ends at the door: its database is never asked. */
export function streetHouse(base = 'http://127.0.0.1/fhir'): TestHouse {
  const moved = { by: 0 }
  const warnings: { what: string; details?: Record<string, unknown> }[] = []
  const nobodyHome = (): never => {
    throw new Error('no database here')
  }
  return {
    pool: { query: nobodyHome, connect: nobodyHome, end: async () => {} },
    clock: { now: () => new Date(Date.now() + moved.by) },
    ids: systemIds,
    definitions,
    conformance: new Map(profiles.map((one) => [`${one.resourceType}/${one.id}`, JSON.stringify(one)])),
    base,
    defaultTimeZone: 'America/New_York',
    outboundHosts: [],
    holdQuotas: holdQuotasDefault,
    keptFrom: () => undefined,
    postsOf: () => [],
    waitlist: waitlistSettingsDefault,
    secrets: testSecrets,
    auditMonthsKept: 0,
    warn: (what, details) => warnings.push({ what, details }),
    warnings,
    advance: (milliseconds) => {
      moved.by += milliseconds
    },
    drop: async () => {},
  }
}

/** An app of which every desk answers as told and keeps what it was asked. */
export function appWith(answer: (request: FhirRequest) => Reply | Promise<Reply>, house: House = streetHouse()) {
  const asked: FhirRequest[] = []
  const desk = async (_house: House, _actor: unknown, request: FhirRequest): Promise<Reply> => {
    asked.push(request)
    return answer(request)
  }
  const behind = Object.fromEntries(Object.keys(desks).map((name) => [name, desk])) as Desks
  const app = buildApp(house, { auth: 'off', desks: behind, version: '1.2.3', profiles })
  return { app, asked }
}

/** The whole server, real desks and all. */
export const wholeApp = (house: House, auth: 'smart' | 'off' = 'off'): FastifyInstance =>
  buildApp(house, { auth, desks, version: '1.2.3', profiles })

export type Outcome = {
  resourceType: string
  issue: { severity: string; code: string; diagnostics: string; expression?: string[] }[]
  extension?: unknown[]
}
