/**
 * SMART Backend Services against the running server: good assertions made with jose get a token that works, and each that is
 * broken in one way is refused. https://hl7.org/fhir/smart-app-launch/backend-services.html
 */
import { generateKeyPair } from 'jose'
import { addClient } from '../../src/auth/clients.ts'
import { removeAuthClient } from '../../src/store/auth-clients.ts'
import { eventually, type TestHouse, testHouse } from '../support/house.ts'
import { askBackendToken, askToken, assertion, assertionType, keySet, type Signer, signer } from './assertions.ts'
import { type KeyServer, keyServer } from './key-server.ts'

let server: TestHouse
let tokenUrl: string
let rsa: Signer
let ec: Signer

const scope = 'system/Patient.rs system/Slot.rs'

beforeAll(async () => {
  server = await testHouse()
  tokenUrl = `${server.origin}/auth/token`
  rsa = await signer('RS384')
  ec = await signer('ES384')
  await addClient(server.house, { id: 'reports', name: 'Reports', scope, redirects: [], jwks: keySet(rsa, ec) })
  await server.call('PUT', 'Patient/p1', { resourceType: 'Patient', id: 'p1' })
})
afterAll(() => server?.close())

const asked = async (by: Signer, change: Parameters<typeof assertion>[3] = {}, wanted = scope) =>
  askBackendToken(tokenUrl, await assertion(by, 'reports', tokenUrl, change), wanted)

describe('H.1 Backend: a good request', () => {
  it.each([
    ['RS384', () => rsa],
    ['ES384', () => ec],
  ])('signed with %s is 200 with the required fields, and is not to be kept by a cache', async (_alg, by) => {
    const { status, headers, json } = await asked(by())
    expect([status, json.token_type, json.scope, json.expires_in]).toEqual([200, 'Bearer', scope, 300])
    expect(typeof json.access_token).toBe('string')
    expect(json.refresh_token).toBeUndefined()
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
  })

  it('gives a token with which the server can be read, as far as its scopes go', async () => {
    const { json } = await asked(rsa)
    const call = server.as(String(json.access_token))
    expect((await call('GET', 'Patient/p1')).status).toBe(200)
    expect((await call('DELETE', 'Patient/p1')).status).toBe(403)
    expect((await call('GET', 'Appointment')).status).toBe(403)
  })

  it('is given less where the client is registered for less', async () => {
    expect((await asked(rsa, {}, 'system/*.cruds')).json.scope).toBe('system/Patient.rs system/Slot.rs')
    expect((await asked(rsa, {}, 'system/Patient.read user/Patient.rs')).json.scope).toBe('system/Patient.read')
  })

  it('keeps a granular scope, whose search then confines what is found', async () => {
    const { json } = await asked(rsa, {}, 'system/Patient.rs?_id=nobody')
    expect(json.scope).toBe('system/Patient.rs?_id=nobody')
    expect((await server.as(String(json.access_token))('GET', 'Patient/p1')).status).toBe(404)
  })
})

describe('what a backend asks for', () => {
  it('is the purpose that it was registered with: its tokens say it, and a Consent that denies it binds them', async () => {
    const jwks = keySet(rsa)
    await addClient(server.house, { id: 'research', name: 'Research', scope, redirects: [], jwks, purpose: 'HRESCH' })
    const deny = (purpose: string) => ({
      resourceType: 'Consent',
      id: 'no-research',
      status: 'active',
      scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: { reference: 'Patient/p1' },
      policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
      provision: { type: 'deny', purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: purpose }] },
    })
    const { json } = await askBackendToken(tokenUrl, await assertion(rsa, 'research', tokenUrl), scope)
    const call = server.as(String(json.access_token))
    const seen: number[] = []
    for (const purpose of ['HPAYMT', 'HRESCH']) {
      await server.call('PUT', 'Consent/no-research', deny(purpose))
      seen.push((await call('GET', 'Patient/p1')).status)
    }
    await server.call('DELETE', 'Consent/no-research')
    expect(seen).toEqual([200, 404])
  })

  it('is a code', async () => {
    const wish = { name: 'Odd', scope, redirects: [], jwks: keySet(rsa), purpose: 'to look' }
    await expect(addClient(server.house, wish)).rejects.toThrow('A purpose is a code of PurposeOfUse')
  })
})

describe('H.1 Backend: a bad request', () => {
  it('with another grant_type is 400 unsupported_grant_type', async () => {
    const signed = await assertion(rsa, 'reports', tokenUrl)
    const form = { grant_type: 'not_a_grant_type', client_assertion_type: assertionType, client_assertion: signed, scope }
    const { status, json } = await askToken(tokenUrl, form)
    expect([status, json.error]).toEqual([400, 'unsupported_grant_type'])
  })

  it('with another client_assertion_type is 400', async () => {
    const signed = await assertion(rsa, 'reports', tokenUrl)
    const form = { grant_type: 'client_credentials', client_assertion_type: 'not_an_assertion_type', client_assertion: signed, scope }
    const { status, json } = await askToken(tokenUrl, form)
    expect([status, json.error]).toEqual([400, 'invalid_request'])
  })

  it.each([
    ['no scope', ''],
    ['a scope that it is not registered for', 'system/Appointment.rs'],
    ['no system scope', 'user/Patient.rs patient/Patient.rs'],
    ['what is no scope', 'everything'],
  ])('with %s is 400 invalid_scope', async (_what, wanted) => {
    const { status, json } = await asked(rsa, {}, wanted)
    expect([status, json.error]).toEqual([400, 'invalid_scope'])
  })

  const past = (): number => Math.floor(Date.now() / 1000) - 60
  it.each<[string, () => Parameters<typeof assertion>[3]]>([
    ['another audience', () => ({ claims: { aud: 'https://elsewhere.example/token' } })],
    ['the FHIR base for its audience', () => ({ claims: { aud: server.house.base } })],
    ['the issuer for its audience', () => ({ claims: { aud: server.origin } })],
    ['no audience', () => ({ claims: { aud: undefined } })],
    ['another issuer', () => ({ claims: { iss: 'somebody' } })],
    ['no issuer', () => ({ claims: { iss: undefined } })],
    ['another subject', () => ({ claims: { sub: 'somebody' } })],
    ['an expiry in the past', () => ({ claims: { exp: past() } })],
    ['no expiry', () => ({ claims: { exp: undefined } })],
    ['an expiry ten minutes away', () => ({ claims: { exp: past() + 660 } })],
    ['a start in the future', () => ({ claims: { nbf: past() + 660 } })],
    ['no jti', () => ({ claims: { jti: undefined } })],
    ['a key that nobody knows', () => ({ header: { kid: 'unknown' } })],
    ['no key named', () => ({ header: { kid: undefined } })],
    ['another type of token', () => ({ header: { typ: 'at+jwt' } })],
    ['a key set of its own', () => ({ header: { jku: 'https://evil.example/jwks' } })],
  ])('with %s in its assertion is refused', async (_what, change) => {
    const { status, json } = await asked(rsa, change())
    expect([400, 401]).toContain(status)
    expect(['invalid_client', 'invalid_request']).toContain(json.error)
    expect(json.access_token).toBeUndefined()
  })

  it('signed with another key under a known name is 401 invalid_client', async () => {
    const { privateKey } = await generateKeyPair('RS384')
    const { status, json } = await asked(rsa, { key: privateKey })
    expect([status, json.error]).toEqual([401, 'invalid_client'])
  })

  it('signed by RS256, HS256 with the public key for its secret, or not at all is 401 invalid_client', async () => {
    const { privateKey } = await generateKeyPair('RS256')
    const secret = new TextEncoder().encode(JSON.stringify(rsa.publicJwk))
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const good = await assertion(rsa, 'reports', tokenUrl)
    const unsigned = `${part({ alg: 'none', kid: rsa.kid })}.${good.split('.')[1]}.`
    for (const answer of [
      await asked({ ...rsa, alg: 'RS256', key: privateKey }),
      await asked(rsa, { header: { alg: 'HS256' }, key: secret }),
      await askBackendToken(tokenUrl, unsigned, scope),
    ])
      expect([answer.status, answer.json.error]).toEqual([401, 'invalid_client'])
  })

  it('with what is no JWT is 400', async () => {
    const { status } = await askBackendToken(tokenUrl, 'not-a-jwt', scope)
    expect(status).toBe(400)
  })

  it('with an assertion that was used before is 401, and of twenty that come at once one alone is answered', async () => {
    const signed = await assertion(rsa, 'reports', tokenUrl)
    const answers = await Promise.all(Array.from({ length: 20 }, () => askBackendToken(tokenUrl, signed, scope)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(401)])
    expect((await askBackendToken(tokenUrl, signed, scope)).json.error).toBe('invalid_client')
  })

  it('of a client that signs in by its secret, or by nothing, is refused: system scopes need a key', async () => {
    const wish = { name: 'App', scope: 'system/*.rs', redirects: ['https://app.example/back'] }
    await expect(addClient(server.house, { ...wish, secret: true })).rejects.toThrow('its own key')
    await expect(addClient(server.house, wish)).rejects.toThrow('its own key')
  })
})

describe('H.1 Backend: key sets by address', () => {
  let keys: KeyServer
  beforeAll(async () => {
    keys = await keyServer()
  })
  afterAll(() => keys?.close())

  it('are fetched where the client registered them', async () => {
    keys.show(keySet(rsa))
    await addClient(server.house, { id: 'by-url', name: 'By URL', scope, redirects: [], jwksUrl: keys.url })
    const signed = await assertion(rsa, 'by-url', tokenUrl, { header: { jku: keys.url } })
    expect((await askBackendToken(tokenUrl, signed, scope)).status).toBe(200)
    expect(keys.asked()).toBe(1)
  })

  it('that cannot be read are the client’s fault, not a failure of the server', async () => {
    for (const [id, body] of [
      ['broken', '<html>'],
      ['empty', '{}'],
      ['endless', `{"keys":[],"x":"${'x'.repeat(200_000)}"}`],
    ] as const) {
      keys.show(body)
      await addClient(server.house, { id, name: id, scope, redirects: [], jwksUrl: keys.url })
      const { status } = await askBackendToken(tokenUrl, await assertion(rsa, id, tokenUrl), scope)
      expect([id, status >= 400 && status < 500]).toEqual([id, true])
    }
  })

  it.each(['http://10.0.0.1/jwks', 'https://10.0.0.1/jwks', 'https://[::1]/jwks', 'http://keys.example/jwks', 'file:///etc/passwd'])(
    'are not taken from %s',
    async (jwksUrl) => {
      await expect(addClient(server.house, { name: 'x', scope, redirects: [], jwksUrl })).rejects.toThrow('The address of the key set must')
    },
  )
})

describe('a client', () => {
  it.each([
    ['no keys', '{"keys":[]}'],
    ['no JSON', 'keys'],
    ['a private key', '{"keys":[{"kty":"EC","crv":"P-384","x":"a","y":"b","d":"c","kid":"1"}]}'],
    ['a shared secret', '{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"1"}]}'],
    ['a key without a name', '{"keys":[{"kty":"EC","crv":"P-384","x":"a","y":"b"}]}'],
    ['a key of another curve', '{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","kid":"1"}]}'],
    ['a short RSA key', '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"1"}]}'],
  ])('is not registered with %s', async (_what, jwks) => {
    await expect(addClient(server.house, { name: 'x', scope, redirects: [], jwks })).rejects.toThrow('The key set')
  })

  it.each([
    'http://127.0.0.1:x@evil.example/',
    'http://localhost:80@evil.example/',
    'https://app.example\\@evil.example/',
    'https:///app.example/',
    'https://a:b@app.example/',
    'https://app.example/#',
    'http://app.example/',
    'javascript:alert(1)',
  ])('is not registered to send people back to %s', async (redirect) => {
    await expect(addClient(server.house, { name: 'x', scope, redirects: [redirect], jwks: keySet(rsa) })).rejects.toThrow(
      'no address to return',
    )
  })

  it('is not registered twice under one id', async () => {
    await expect(addClient(server.house, { id: 'reports', name: 'x', scope, redirects: [], jwks: keySet(rsa) })).rejects.toThrow('already')
  })

  it('that is revoked gets no more tokens, and those that it has end', async () => {
    await addClient(server.house, { id: 'gone', name: 'Gone', scope, redirects: [], jwks: keySet(rsa) })
    const { json } = await askBackendToken(tokenUrl, await assertion(rsa, 'gone', tokenUrl), scope)
    const call = server.as(String(json.access_token))
    expect((await call('GET', 'Patient/p1')).status).toBe(200)
    expect(await removeAuthClient(server.house.pool, 'gone')).toBe(true)
    await eventually(60_000, async () => (await call('GET', 'Patient/p1')).status === 401)
    expect((await askBackendToken(tokenUrl, await assertion(rsa, 'gone', tokenUrl), scope)).json.error).toBe('invalid_client')
  })
})

describe('what is kept', () => {
  it('holds no token that could be used', async () => {
    const { json } = await asked(rsa)
    const rows = await server.house.pool.query<{ row: string }>({ text: 'select auth_state::text as row from auth_state', values: [] })
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.filter(({ row }) => row.includes(String(json.access_token)))).toEqual([])
  })
})

describe('revocation (RFC 7009)', () => {
  it('ends a token at once for who asks, and at every door soon', async () => {
    const { json } = await asked(rsa)
    const token = String(json.access_token)
    const call = server.as(token)
    expect((await call('GET', 'Patient/p1')).status).toBe(200)
    const client_assertion = await assertion(rsa, 'reports', tokenUrl)
    const answer = await fetch(`${server.origin}/auth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token, client_assertion_type: assertionType, client_assertion }),
    })
    expect(answer.status).toBe(200)
    await eventually(60_000, async () => (await call('GET', 'Patient/p1')).status === 401)
  })
})
