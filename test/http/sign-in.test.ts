/** Tokens at the door of the whole server: who is let in, to what, and who is not. */
import type { FastifyInstance } from 'fastify'
import { mintToken } from '../../src/auth/token.ts'
import { openPool } from '../../src/store/pool.ts'
import { type Outcome, type TestHouse, testHouse, wholeApp } from './door.ts'

describe('sign-in', () => {
  let house: TestHouse
  let app: FastifyInstance

  beforeAll(async () => {
    house = await testHouse()
    app = wholeApp(house, 'smart')
    for (const id of ['p1', 'p2']) await ask('system/*.cruds', 'PUT', `Patient/${id}`, { payload: { resourceType: 'Patient', id } })
  })
  afterAll(async () => {
    await app.close()
    await house.drop()
  })

  type More = { patient?: string; payload?: object }

  async function ask(scope: string, method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, { patient, payload }: More = {}) {
    const token = await mintToken(house, { scope, patient, ttlSeconds: 60 })
    const headers = { authorization: `Bearer ${token}`, ...(payload && { 'content-type': 'application/fhir+json' }) }
    return app.inject({ method, url: `/fhir/${url}`, headers, ...(payload && { payload }) })
  }

  it.each([
    ['system/Patient.r', 'GET', 'Patient/p1', 200],
    ['system/Patient.read', 'GET', 'Patient/p1', 200],
    ['system/*.rs', 'GET', 'Patient?_id=p1', 200],
    ['system/Patient.r', 'GET', 'Patient/p1/_history', 200],
    ['system/Patient.r', 'GET', 'Patient/p1/_history/1', 200],
    ['system/Patient.s', 'GET', 'Patient/p1', 403],
    ['system/Patient.r', 'GET', 'Patient?_id=p1', 403],
    ['system/Slot.cruds', 'GET', 'Patient/p1', 403],
    ['system/Patient.rs', 'DELETE', 'Patient/p1', 403],
    ['openid', 'GET', 'Patient/p1', 403],
    ['patient/*.cruds', 'GET', 'Patient/p1', 403],
  ] as const)('%s: %s %s is %i', async (scope, method, url, status) => {
    const answer = await ask(scope, method, url)
    expect(answer.statusCode).toBe(status)
    if (status === 403) expect(answer.json<Outcome>().issue[0]?.code).toBe('forbidden')
  })

  it.each([
    ['system/Patient.rs', { resourceType: 'Patient' }, 403],
    ['system/Patient.c', { resourceType: 'Patient' }, 201],
  ])('%s creates with %i', async (scope, payload, status) => {
    expect((await ask(scope, 'POST', 'Patient', { payload })).statusCode).toBe(status)
  })

  it('a patient’s token reads that patient and finds no other', async () => {
    const own = { patient: 'p1' }
    expect((await ask('patient/*.rs', 'GET', 'Patient/p1', own)).statusCode).toBe(200)
    expect((await ask('patient/*.rs', 'GET', 'Patient/p2', own)).statusCode).toBe(404)
    const found = await ask('patient/*.rs', 'GET', 'Patient', own)
    expect(found.json<{ entry: { resource: { id: string } }[] }>().entry.map((one) => one.resource.id)).toEqual(['p1'])
  })

  it('a patient’s token writes no other patient, and none of the directory', async () => {
    const own = { patient: 'p1' }
    const link = { resourceType: 'Patient', id: 'p2', link: [{ other: { reference: 'Patient/p1' }, type: 'seealso' }] }
    // Whether such a one is there or not, the answer is the same.
    expect((await ask('patient/*.cruds', 'PUT', 'Patient/p2', { ...own, payload: link })).statusCode).toBe(404)
    expect((await ask('patient/*.cruds', 'PUT', 'Patient/p3', { ...own, payload: { ...link, id: 'p3' } })).statusCode).toBe(404)
    const location = { resourceType: 'Location', id: 'l1', status: 'active' }
    expect((await ask('patient/*.cruds', 'PUT', 'Location/l1', { ...own, payload: location })).statusCode).toBe(403)
  })

  it.each([
    ['Bearer nonsense', 'invalid_token'],
    ['Bearer ', undefined],
    ['Basic dXNlcjpwYXNz', undefined],
    [undefined, undefined],
  ])('Authorization %s is a 401', async (authorization, error) => {
    const answer = await app.inject({ url: '/fhir/Patient/p1', headers: authorization === undefined ? {} : { authorization } })
    expect(answer.statusCode).toBe(401)
    expect(answer.json<Outcome>().issue[0]?.code).toBe('login')
    if (error) expect(answer.headers['www-authenticate']).toContain(error)
  })

  it('an expired token is a 401', async () => {
    const token = await mintToken(house, { scope: 'system/*.cruds', ttlSeconds: 60 })
    house.advance(61_000)
    const answer = await app.inject({ url: '/fhir/Patient/p1', headers: { authorization: `Bearer ${token}` } })
    expect([answer.statusCode, answer.json<Outcome>().issue[0]?.diagnostics]).toEqual([401, 'The access token has expired. Sign in again.'])
  })

  it('a database that cannot be reached is a 503, not a refusal', async () => {
    const pool = openPool('postgres://nobody@127.0.0.1:1/nowhere')
    const shut = wholeApp({ ...house, pool }, 'smart')
    const token = await mintToken(house, { scope: 'system/*.cruds', ttlSeconds: 60 })
    const answer = await shut.inject({ url: '/fhir/Slot', headers: { authorization: `Bearer ${token}` } })
    expect(answer.headers['retry-after']).toMatch(/^\d+$/)
    expect([answer.statusCode, answer.json<Outcome>().issue[0]?.code]).toEqual([503, 'transient'])
    await shut.close()
    await pool.end()
  })
})
