/**
 * API2:2023 Broken Authentication https://owasp.org/API-Security/editions/2023/en/0xa2-broken-authentication/
 *
 * What is no token of ours, at the door. Signing in itself (locks, attempts, PKCE, assertions) is tested in `test/auth`.
 */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { mintToken } from '../../src/auth/token.ts'
import { type Answer, caller, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let token: string
beforeAll(async () => {
  house = await testHouse()
  token = await house.token('system/*.cruds')
})
afterAll(() => house?.close())

const decoded = (part = ''): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())
const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const parts = (): [string, string, string] => token.split('.') as [string, string, string]

/** Minted as our own are, in a house of another time or another address. */
const elsewhere = (more: object): Promise<string> => mintToken({ ...house.house, ...more }, { scope: 'system/*.cruds', ttlSeconds: 60 })

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const forged: [what: string, make: () => string | Promise<string>][] = [
  ['nothing', () => ''],
  ['what is no token', () => 'letmein'],
  ['another’s signature', () => `${parts()[0]}.${parts()[1]}.${'A'.repeat(86)}`],
  [
    'more scope under the same signature',
    () => `${parts()[0]}.${encoded({ ...decoded(parts()[1]), client: 'admin', sub: 'admin' })}.${parts()[2]}`,
  ],
  ['no algorithm', () => `${encoded({ ...decoded(parts()[0]), alg: 'none' })}.${parts()[1]}.`],
  ['no algorithm, in other letters', () => `${encoded({ ...decoded(parts()[0]), alg: 'nOnE' })}.${parts()[1]}.`],
  [
    'a key that everybody has, as a secret',
    () => {
      const head = `${encoded({ ...decoded(parts()[0]), alg: 'HS256' })}.${parts()[1]}`
      return `${head}.${createHmac('sha256', String(decoded(parts()[0]).kid))
        .update(head)
        .digest('base64url')}`
    },
  ],
  [
    'a key of one’s own under our key’s name',
    () => {
      const head = `${parts()[0]}.${parts()[1]}`
      return `${head}.${sign('sha256', Buffer.from(head), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    },
  ],
  [
    'a key that the token brings along',
    () => {
      const head = `${encoded({ ...decoded(parts()[0]), jwk: { kty: 'EC' }, jku: 'https://evil.example/jwks', x5u: 'https://evil.example' })}.${parts()[1]}`
      return `${head}.${sign('sha256', Buffer.from(head), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    },
  ],
  ['a path for a key’s name', () => `${encoded({ ...decoded(parts()[0]), kid: "../../x' or 1=1 --" })}.${parts()[1]}.${parts()[2]}`],
  ['a time that is over', () => elsewhere({ clock: { now: () => new Date(Date.now() - 7_200_000) } })],
  ['another server’s address', () => elsewhere({ base: 'https://other.example/fhir' })],
]

it.each(forged)('a token with %s is 401, at a page that exists and at one that does not', async (_what, make) => {
  const ask = caller(house.house.base, await make())
  for (const path of ['Patient?_count=1', 'Patient/nobody']) {
    const answer: Answer = await ask('GET', path)
    expect([answer.status, answer.json.issue[0]?.code]).toEqual([401, 'login'])
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="slotwise"/)
  }
})

it('a good token anywhere but in the Authorization header is none', async () => {
  const url = `${house.house.base}/Patient`
  const said = [
    await fetch(`${url}?access_token=${token}`),
    await fetch(url, { headers: { cookie: `access_token=${token}; slotwise_session=${token}` } }),
    await fetch(url, { headers: { 'x-access-token': token } }),
    await fetch(url, { headers: { authorization: `Basic ${Buffer.from(`slotwise:${token}`).toString('base64')}` } }),
    await fetch(`${url}/_search`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `access_token=${token}`,
    }),
  ]
  expect(said.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
  expect((await house.call('GET', 'Patient?_count=1')).status).toBe(200)
})
