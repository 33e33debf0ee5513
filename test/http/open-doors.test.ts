/** What needs no token: metadata, the SMART configuration, health and metrics. */

import { buildApp } from '../../src/http/app.ts'
import { desks } from '../../src/http/desks.ts'
import { capabilities } from '../../src/interactions/capabilities.ts'
import { appWith, streetHouse, wholeApp } from './door.ts'

describe('without a token', () => {
  const app = wholeApp(streetHouse('https://clinic.example/fhir'), 'smart')
  afterAll(() => app.close())

  it('metadata tells what is served, to any origin', async () => {
    const answer = await app.inject({ url: '/fhir/metadata', headers: { origin: 'https://app.example' } })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers).toMatchObject({ etag: 'W/"1.2.3"', 'access-control-allow-origin': '*' })
    expect(answer.json()).toMatchObject({
      resourceType: 'CapabilityStatement',
      fhirVersion: '4.0.1',
      implementation: { url: 'https://clinic.example/fhir' },
    })
  })

  it.each([
    ['/fhir/metadata?mode=full', 200],
    ['/fhir/metadata?mode=normative', 200],
    ['/fhir/metadata?mode=terminology', 400],
    ['/fhir/metadata?_format=json', 200],
    ['/fhir/metadata?_format=xml', 200],
    ['/fhir/metadata?_format=ttl', 406],
    ['/fhir/metadata/', 200],
  ])('%s is %i', async (url, status) => {
    expect((await app.inject(url)).statusCode).toBe(status)
  })

  it('the front page says where the FHIR base is, and runs no script', async () => {
    const answer = await app.inject('/')
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
    expect(answer.body).toContain('<code>https://clinic.example/fhir</code>')
  })

  it('makes the statement once', async () => {
    const desk = capabilities(streetHouse(), { version: '1', date: '2026-01-01', operations: [], profiles: [] })
    const nobody = { client: '', scopes: [] }
    const request = { query: [], headers: { prefer: {} }, method: 'GET', url: 'metadata' }
    const [first, second] = [await desk(streetHouse(), nobody, request), await desk(streetHouse(), nobody, request)]
    expect(first.body).toBe(second.body)
  })

  it('smart-configuration is plain JSON for any origin, and claims no endpoint that is not there', async () => {
    const answer = await app.inject({ url: '/fhir/.well-known/smart-configuration', headers: { origin: 'https://app.example' } })
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.json().capabilities).toContain('permission-v2')
    expect(answer.json().token_endpoint).toBe('https://clinic.example/auth/token')
    const open = wholeApp(streetHouse('https://clinic.example/fhir'), 'off')
    expect(
      Object.keys((await open.inject('/fhir/.well-known/smart-configuration')).json()).filter((name) => /endpoint$/.test(name)),
    ).toEqual([])
    expect((await open.inject({ method: 'POST', url: '/auth/token' })).statusCode).toBe(404)
    await open.close()
  })

  it('everything else asks for a token first', async () => {
    for (const url of ['/fhir/Slot', '/fhir/Patient/1', '/fhir/Slot/$find-slots', '/fhir/Unicorn/1']) {
      const answer = await app.inject(url)
      expect([url, answer.statusCode, answer.headers['www-authenticate']]).toEqual([url, 401, 'Bearer realm="slotwise"'])
    }
  })
})

describe('for operators', () => {
  it('live is live, and ready is what the house says', async () => {
    const state = { ready: false }
    const app = buildApp(streetHouse(), { auth: 'off', desks, version: '1', ready: () => state.ready })
    expect((await app.inject('/health/live')).statusCode).toBe(200)
    expect((await app.inject('/health/ready')).statusCode).toBe(503)
    state.ready = true
    expect((await app.inject('/health/ready')).statusCode).toBe(200)
    await app.close()
  })

  it('metrics count by route, method and status, and know no address', async () => {
    const { app } = appWith(() => ({ status: 200, body: '{}' }))
    for (const id of ['secret-1', 'secret-2']) await app.inject(`/fhir/Patient/${id}?name=Smith`)
    await app.inject('/fhir/Patient/a_b')
    const { body } = await app.inject('/metrics')
    expect(body).toContain('http_request_duration_seconds_count{method="GET",route="/fhir/:type/:id",status="200"} 2')
    expect(body).toContain('http_request_duration_seconds_count{method="GET",route="/fhir/:type/:id",status="404"} 1')
    expect(body).toContain('process_resident_memory_bytes')
    expect(body).not.toMatch(/secret|Smith/)
    await app.close()
  })

  it('the log has route, status and time of a request, and nothing of what it asked', async () => {
    const lines: unknown[] = []
    const app = buildApp(streetHouse(), { auth: 'smart', desks, version: '1', log: { info: (line) => lines.push(line) } })
    await app.inject('/fhir/Patient?name=Smith')
    expect(lines).toEqual([{ method: 'GET', route: '/fhir/:type', status: 401, ms: expect.any(Number), reference: expect.any(String) }])
    await app.close()
  })
})
