/**
 * API8:2023 Security Misconfiguration https://owasp.org/API-Security/editions/2023/en/0xa8-security-misconfiguration/
 *
 * What every answer says and does not say, at every kind of address: headers, verbs, other origins, errors. TLS is in
 * `test/http/certificate.test.ts`, what the settings refuse in `test/config.test.ts`.
 */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { streetHouse, wholeApp } from '../http/door.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let bearer: string
beforeAll(async () => {
  house = await testHouse()
  bearer = `Bearer ${await house.token('system/*.cruds')}`
})
afterAll(() => house?.close())

const pages: [path: string, method: string][] = [
  ['/fhir/Patient', 'GET'],
  ['/fhir/Patient/nobody', 'GET'],
  ['/fhir/Patient', 'POST'],
  ['/fhir/metadata', 'GET'],
  ['/fhir/nowhere/at/all', 'GET'],
  ['/nowhere', 'GET'],
  ['/', 'GET'],
  ['/health/live', 'GET'],
  ['/auth/token', 'POST'],
  ['/auth/nowhere', 'GET'],
]

it.each(pages)('%s by %s is sniffed, framed and run by nobody, and says not what made it', async (path, method) => {
  const answer = await fetch(house.origin + path, { method, headers: { authorization: bearer }, redirect: 'manual' })
  const { headers } = answer
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-security-policy')).toMatch(/default-src 'none'/)
  expect(headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'/)
  for (const name of ['server', 'x-powered-by', 'x-aspnet-version']) expect(headers.get(name)).toBeNull()
  expect(await answer.text()).not.toMatch(/fastify|node:internal|at .*\.ts:\d+|node_modules|postgres/i)
})

it('what shows a patient’s data is kept by no cache', async () => {
  for (const path of ['Patient', 'Patient?_summary=count', 'Patient/nobody', 'Patient/_history'])
    expect((await house.call('GET', path)).headers.get('cache-control')).toBe('no-store')
})

/** Verbs that fetch would not send. */
async function raw(method: string, path: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(house.origin).port) })
  socket.end(`${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer}\r\nX-Secret: of-mine\r\nConnection: close\r\n\r\n`)
  return text(socket)
}

it.each(['TRACE', 'TRACK', 'DEBUG', 'PROPFIND', 'MKCOL', 'SEARCH', 'LINK', 'PURGE', 'CONNECT'])(
  '%s does nothing and echoes nothing',
  async (method) => {
    for (const path of ['/fhir/Patient', '/fhir/metadata', '/']) {
      const said = await raw(method, path)
      expect(said === '' || /^HTTP\/1\.1 (400|404|405|501) /.test(said)).toBe(true)
      expect(said).not.toContain('of-mine')
    }
  },
)

it('no header turns one verb into another', async () => {
  const stored = await house.call('POST', 'Patient', { resourceType: 'Patient' })
  const override = { 'x-http-method-override': 'DELETE', 'x-http-method': 'DELETE', 'x-method-override': 'DELETE' }
  await house.call('GET', `Patient/${stored.json.id}?_method=DELETE`, undefined, override)
  await house.call('POST', `Patient/${stored.json.id}?_method=DELETE`, undefined, override)
  expect((await house.call('GET', `Patient/${stored.json.id}`)).status).toBe(200)
})

it('other origins may call with a token of their own, and never with a cookie', async () => {
  for (const origin of ['https://evil.example', 'null']) {
    const asked = await fetch(`${house.house.base}/Patient`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    })
    expect([asked.headers.get('access-control-allow-origin'), asked.headers.get('access-control-allow-credentials')]).toEqual(['*', null])
    const page = await fetch(`${house.origin}/auth/token`, { method: 'POST', headers: { origin } })
    expect(page.headers.get('access-control-allow-credentials')).toBeNull()
  }
})

it('a failure says that it is one and where to look, and nothing of why', async () => {
  const broken = {
    ...streetHouse(),
    pool: {
      query: async () => Promise.reject(new Error('select * from patient where name = Zimmerlinde')),
      connect: async () => Promise.reject(new Error('password authentication failed for user slotwise_app')),
      end: async () => {},
    },
  }
  const app = wholeApp(broken)
  for (const [method, url] of [
    ['GET', '/fhir/Patient/1'],
    ['GET', '/fhir/Patient?name=x'],
    ['DELETE', '/fhir/Patient/1'],
  ] as const) {
    const answer = await app.inject({ method, url })
    expect(answer.statusCode).toBe(500)
    expect(answer.json()).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'exception', diagnostics: expect.stringMatching(/reference/) }],
    })
    expect(answer.body + JSON.stringify(broken.warnings)).not.toMatch(/Zimmerlinde|password|select/)
  }
  await app.close()
})

it('an address that climbs out of its folder leads nowhere', async () => {
  for (const path of [
    '/../../etc/passwd',
    '/fhir/../../etc/passwd',
    '/fhir/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/fhir/Patient/..%5c..%5cx',
    '//evil.example/%2f..',
  ])
    expect(await raw('GET', path)).toMatch(/^HTTP\/1\.1 40[0134] /)
})
