/** Who asks too often, at the door of the whole server: told to wait, in FHIR's words, and let in again. */
import type { FastifyInstance } from 'fastify'
import { mintToken } from '../../src/auth/token.ts'
import type { RateLimits } from '../../src/base/rate-limits.ts'
import { buildApp } from '../../src/http/app.ts'
import { desks } from '../../src/http/desks.ts'
import { newThrottle } from '../../src/http/throttle.ts'
import { type Outcome, profiles, type TestHouse, testHouse } from './door.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house?.drop())

const none: RateLimits = { perClient: 0, perPerson: 0, perAddress: 0, refusedPerAddress: 0, kept: 'memory' }

async function limited<T>(limits: Partial<RateLimits>, use: (app: FastifyInstance) => Promise<T>): Promise<T> {
  const throttle = newThrottle(house.clock, { ...none, ...limits })
  const app = buildApp(house, { auth: 'smart', desks, version: '1', profiles, throttle })
  try {
    return await use(app)
  } finally {
    await app.close()
  }
}

type Who = { client?: string; user?: string; patient?: string; from?: string }

async function asker(app: FastifyInstance, { client, user, patient, from }: Who = {}) {
  const token = await mintToken(house, { scope: 'system/*.cruds', client, user, patient, ttlSeconds: 3_600 })
  return (url = 'Slot?_count=1', payload?: object) =>
    app.inject({
      method: payload ? 'POST' : 'GET',
      url: `/fhir/${url}`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
      remoteAddress: from,
      payload,
    })
}

describe('a limit of requests', () => {
  it('answers the one too many 429 `throttled` with Retry-After, and lets it in when that is over', () =>
    limited({ perClient: 3 }, async (app) => {
      const ask = await asker(app, { client: 'busy' })
      for (let at = 0; at < 3; at++) expect((await ask()).statusCode).toBe(200)
      const refused = await ask()
      expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, expect.stringMatching(/^(19|20)$/)])
      expect(refused.json<Outcome>().issue[0]).toMatchObject({ severity: 'error', code: 'throttled' })
      house.advance(20_000)
      expect((await ask()).statusCode).toBe(200)
    }))

  it('is each client’s own', () =>
    limited({ perClient: 1 }, async (app) => {
      const [one, other] = [await asker(app, { client: 'one' }), await asker(app, { client: 'other' })]
      expect([(await one()).statusCode, (await one()).statusCode, (await other()).statusCode]).toEqual([200, 429, 200])
    }))

  it('is each person’s own, whatever client they use; whoever is no person has none', () =>
    limited({ perPerson: 1 }, async (app) => {
      const ann = await asker(app, { client: 'portal', patient: 'ann' })
      const annElsewhere = await asker(app, { client: 'phone', patient: 'ann' })
      const bob = await asker(app, { client: 'portal', patient: 'bob' })
      const doctor = await asker(app, { client: 'portal', user: 'Practitioner/ann' })
      const machine = await asker(app, { client: 'portal' })
      const asked = [ann, annElsewhere, bob, doctor, machine, machine, doctor]
      const statuses: number[] = []
      for (const ask of asked) statuses.push((await ask()).statusCode)
      expect(statuses).toEqual([200, 429, 200, 200, 200, 200, 429])
    }))

  it('a person who is stopped uses up nothing of what the client’s others may have', () =>
    limited({ perPerson: 1, perClient: 2 }, async (app) => {
      const ann = await asker(app, { client: 'shared', patient: 'ann2' })
      const bob = await asker(app, { client: 'shared', patient: 'bob2' })
      await ann()
      for (let at = 0; at < 5; at++) expect((await ann()).statusCode).toBe(429)
      expect((await bob()).statusCode).toBe(200)
    }))

  it('is each address’s own, and holds for open pages too', () =>
    limited({ perAddress: 2 }, async (app) => {
      const from = (remoteAddress: string, url: string) => app.inject({ url, remoteAddress }).then(({ statusCode }) => statusCode)
      expect(await from('10.0.0.1', '/fhir/metadata')).toBe(200)
      expect(await from('10.0.0.1', '/')).toBe(200)
      expect(await from('10.0.0.1', '/fhir/metadata')).toBe(429)
      expect(await from('10.0.0.1', '/fhir/nowhere/at/all')).toBe(429)
      expect(await from('10.0.0.2', '/fhir/metadata')).toBe(200)
    }))

  it('counts each entry of a Bundle: no more goes through in one than by itself', () =>
    limited({ perClient: 5 }, async (app) => {
      const ask = await asker(app, { client: 'batches' })
      const entry = Array.from({ length: 4 }, () => ({ request: { method: 'GET', url: 'Slot?_count=1' } }))
      expect((await ask('', { resourceType: 'Bundle', type: 'batch', entry })).statusCode).toBe(200)
      expect([(await ask()).statusCode, (await ask()).statusCode]).toEqual([200, 429])
    }))

  it('stops an address that tries tokens, before the next is looked at, and nobody beside it', () =>
    limited({ refusedPerAddress: 3 }, async (app) => {
      const good = await asker(app, { from: '10.0.0.7' })
      const elsewhere = await asker(app, { from: '10.0.0.8' })
      for (let at = 0; at < 5; at++) expect((await good()).statusCode).toBe(200)
      const guess = (authorization: string) =>
        app.inject({ url: '/fhir/Slot', headers: { authorization }, remoteAddress: '10.0.0.7' }).then(({ statusCode }) => statusCode)
      expect([await guess('Bearer one'), await guess('Bearer two'), await guess('Basic x'), await guess('Bearer three')]).toEqual([
        401, 401, 401, 429,
      ])
      expect([(await good()).statusCode, (await elsewhere()).statusCode]).toEqual([429, 200])
      house.advance(60_000)
      expect((await good()).statusCode).toBe(200)
    }))

  it('stops nobody whose token is good, whatever else of theirs is refused', () =>
    limited({ refusedPerAddress: 2 }, async (app) => {
      const ask = await asker(app, { from: '10.0.0.9' })
      for (let at = 0; at < 5; at++) expect((await ask('Patient/nobody')).statusCode).toBe(404)
      expect((await ask()).statusCode).toBe(200)
    }))

  it('is counted for nobody where it is 0', () =>
    limited({}, async (app) => {
      const ask = await asker(app, { client: 'free', patient: 'free' })
      const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await ask()).statusCode))
      expect(new Set(statuses)).toEqual(new Set([200]))
    }))
})
