/**
 * API10:2023 Unsafe Consumption of APIs https://owasp.org/API-Security/editions/2023/en/0xaa-unsafe-consumption-of-apis/
 *
 * What others answer is believed no more than what clients send: key sets of other authorization servers, and endpoints that
 * are told of changes. Calendars of others: `test/calendars/time-off.test.ts`.
 */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { keySetBytesMax } from '../../src/base/sign-in-limits.ts'
import { callOut } from '../../src/jobs/call-out.ts'
import { fetchOut } from '../../src/jobs/fetch-out.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { type Behaviour, type Receiver, receiver } from '../support/receiver.ts'

const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
const good = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
const send =
  (body: string, status = 200, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

const bad: Readonly<Record<string, Behaviour>> = {
  'not JSON': send('<html>sign in to the hotel’s network</html>'),
  'JSON of another kind': send('[1, 2, 3]'),
  'no keys': send('{"keys":"k1"}'),
  'keys that are none': send(JSON.stringify({ keys: [null, 7, { kty: 'RSA', kid: 'k1', n: '!', e: '!' }] })),
  'a secret for a key': send(JSON.stringify({ keys: [{ kty: 'oct', kid: 'k1', k: 'c2VjcmV0' }] })),
  'a failure with good keys': send(JSON.stringify({ keys: [good] }), 500),
  'a detour': (response, { path }) =>
    send('', path.includes('elsewhere') ? 200 : 302, { location: '/elsewhere' })(response, undefined as never),
  'too much': send(`{"keys":[${JSON.stringify(good)}],"padding":"${'x'.repeat(keySetBytesMax)}"}`),
  'half an answer': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '10000' }).write('{"keys":[')
    setImmediate(() => response.destroy())
  },
  'headers without end': (response) => void response.writeHead(200, { 'x-long': 'x'.repeat(64 * 1024) }).end('{}'),
}
const kinds = Object.keys(bad)

let keys: Receiver
let house: TestHouse
beforeAll(async () => {
  keys = await receiver()
  keys.behave((response, received) => {
    const kind = kinds[Number(/^\/keys\/(\d+)/.exec(received.path)?.[1])]
    const behaviour = kind === undefined ? send(JSON.stringify({ keys: [good] })) : bad[kind]
    behaviour?.(response, received)
  })
  const issuers = [...kinds.map((_, at) => String(at)), 'good']
  house = await testHouse({
    trustedIssuers: issuers.map((name) => ({
      issuer: `https://${name}.example`,
      jwks: `http://${keys.host}/keys/${name}`,
      audience: 'us',
      scopes: 'user/*.rs',
    })),
  })
})
afterAll(async () => {
  await house?.close()
  await keys?.close()
})

const token = (name: string): Promise<string> =>
  new SignJWT({ scope: 'user/*.rs', sub: 'u', client_id: 'app' })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(`https://${name}.example`)
    .setAudience('us')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey)

const ask = async (name: string) => house.as(await token(name))('GET', 'Patient?_count=1')

it('a token whose issuer shows good keys is taken', async () => {
  expect((await ask('good')).status).toBe(200)
})

it.each(kinds)('keys that are answered with %s let nobody in, and fail nothing', async (kind) => {
  const answer = await ask(String(kinds.indexOf(kind)))
  expect([401, 503]).toContain(answer.status)
  expect(answer.text).not.toMatch(/hotel|padding|keys\/\d/)
  expect(keys.received.map(({ path }) => path)).not.toContain('/elsewhere')
})

it('an answer that never ends is not waited for, one that is too long not read to its end', async () => {
  const other = await receiver()
  const sent = { bytes: 0 }
  other.behave((response) => {
    response.writeHead(200)
    const more = (): void => {
      while (!response.destroyed && sent.bytes < 200_000_000) {
        sent.bytes += 65_536
        if (!response.write('x'.repeat(65_536))) return void response.once('drain', more)
      }
    }
    more()
  })
  await expect(fetchOut([other.host], other.url, 100_000)).rejects.toThrow()
  const call = { url: other.url, method: 'POST' as const, headers: {}, body: '{}', timeoutMs: 30_000, signal: new AbortController().signal }
  expect(await callOut([other.host], call)).toBe(200)
  expect(sent.bytes).toBeLessThan(100_000_000)
  await other.close()
})
