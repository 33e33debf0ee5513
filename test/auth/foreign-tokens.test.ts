/** Tokens of another authorization server: taken by issuer, keys and audience, for no more than the setting allows. */
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { parseTrustedIssuers } from '../../src/base/trusted-issuers.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { type KeyServer, keyServer } from './key-server.ts'

const issuer = 'https://ehr.example/oauth2'
const audience = 'https://clinic.example/fhir'

describe('the setting', () => {
  it('is read, with the FHIR base for its audience unless it says another', () => {
    expect(parseTrustedIssuers('', 'https://us.example/fhir')).toEqual([])
    expect(
      parseTrustedIssuers(
        `${issuer} jwks=https://ehr.example/jwks; https://b.example jwks=https://b.example/k audience=x scopes=user/*.rs,openid`,
        'https://us.example/fhir',
      ),
    ).toEqual([
      { issuer, jwks: 'https://ehr.example/jwks', audience: 'https://us.example/fhir', scopes: 'patient/*.cruds user/*.cruds' },
      { issuer: 'https://b.example', jwks: 'https://b.example/k', audience: 'x', scopes: 'user/*.rs openid' },
    ])
  })

  it.each([
    'ehr.example jwks=https://ehr.example/jwks',
    issuer,
    `${issuer} jwks=`,
    `${issuer} jwks=https://k.example keys=x`,
    `${issuer} https://k.example`,
  ])('is not read where it is %j', (text) => {
    expect(parseTrustedIssuers(text, 'https://us.example/fhir')).toBeUndefined()
  })
})

describe('a token of another authorization server', () => {
  let server: TestHouse
  let keys: KeyServer
  let key: CryptoKey

  beforeAll(async () => {
    keys = await keyServer()
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    key = privateKey
    keys.show(JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] }))
    server = await testHouse({ trustedIssuers: [{ issuer, jwks: keys.url, audience, scopes: 'patient/*.rs user/*.rs' }] })
    for (const id of ['p1', 'p2']) await server.call('PUT', `Patient/${id}`, { resourceType: 'Patient', id })
  })
  afterAll(async () => {
    await server?.close()
    await keys?.close()
  })

  const token = (claims: object = {}, header: object = {}, by: CryptoKey | Uint8Array = key): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const whole = {
      iss: issuer,
      aud: audience,
      sub: 'u',
      client_id: 'app',
      scope: 'patient/*.rs',
      patient: 'p1',
      iat: now,
      exp: now + 300,
      ...claims,
    }
    return new SignJWT(whole).setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header }).sign(by)
  }
  const status = async (bearer: string, path = 'Patient/p1', method = 'GET', body?: object): Promise<number> =>
    (await server.as(bearer)(method, path, body)).status

  it('is taken for what it says, within what the setting allows', async () => {
    expect(await status(await token())).toBe(200)
    expect(await status(await token(), 'Patient/p2')).toBe(404)
    const wide = await token({ scope: 'patient/*.cruds system/*.cruds' })
    expect(await status(wide, 'Patient/p1', 'PUT', { resourceType: 'Patient', id: 'p1' })).toBe(403)
    expect(await status(wide, 'Patient/p2')).toBe(404)
    expect(await status(await token({ scope: undefined, scp: ['user/Patient.rs'] }), 'Patient/p2')).toBe(200)
  })

  it('names its client with its issuer, and its person, in the audit', async () => {
    const bearer = await token({ client_id: 'named', fhirUser: `${server.house.base}/Practitioner/d9` })
    expect(await status(bearer)).toBe(200)
    const found = await server.call('GET', 'AuditEvent?patient=Patient/p1&agent=Practitioner/d9')
    expect(found.text).toContain(`"${issuer} named"`)
  })

  it.each<[string, () => Promise<string>]>([
    ['another issuer', () => token({ iss: 'https://evil.example' })],
    ['another audience', () => token({ aud: 'https://other.example' })],
    ['no audience', () => token({ aud: undefined })],
    ['an expiry in the past', () => token({ exp: 1_000_000 })],
    ['no expiry', () => token({ exp: undefined })],
    ['a key that its issuer has not', () => token({}, { kid: 'k2' })],
    ['another key under a known name', async () => token({}, {}, (await generateKeyPair('RS256')).privateKey)],
    ['a shared secret', () => token({}, { alg: 'HS256' }, new TextEncoder().encode('x'.repeat(64)))],
    ['our issuer’s name and their key', () => token({ iss: server.house.base, aud: server.house.base })],
  ])('is refused with %s', async (_what, make) => {
    expect(await status(await make())).toBe(401)
  })

  it.each([
    ['no scope', { scope: undefined }],
    ['a patient that is no id', { patient: '../p2' }],
    ['no patient', { patient: undefined }],
  ])('opens nothing with %s', async (_what, change) => {
    expect(await status(await token(change))).toBe(403)
  })

  it('is not taken where its keys cannot be had, and that is nobody’s 500', async () => {
    const gone = await testHouse({ trustedIssuers: [{ issuer, jwks: 'http://127.0.0.1:1/jwks', audience, scopes: 'patient/*.rs' }] })
    try {
      const answer = await gone.as(await token())('GET', 'Patient/p1')
      expect([401, 503]).toContain(answer.status)
    } finally {
      await gone.close()
    }
  })
})
