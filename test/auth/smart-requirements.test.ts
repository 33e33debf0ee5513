/**
 * SMART App Launch 2.2.0 as the certification kit numbers it: each test is named by the requirements that it shows, and the
 * last one finds a number that nobody shows (`smart-requirements.ts` says which cannot be, and why).
 * https://hl7.org/fhir/smart-app-launch/STU2.2/
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader, generateKeyPair, type JSONWebKeySet } from 'jose'
import { addAccount } from '../../src/auth/accounts.ts'
import { addClient } from '../../src/auth/clients.ts'
import { mintToken } from '../../src/auth/token.ts'
import type { Loose } from '../interactions/rest.ts'
import { askBackendToken, askToken, assertion, assertionType, keySet, type Signer, signer, type TokenAnswer } from './assertions.ts'
import { type KeyServer, keyServer } from './key-server.ts'
import {
  allow,
  back,
  exchange,
  open,
  password,
  redirect,
  refresh,
  request,
  type SignInClinic,
  signIn,
  signInClinic,
  wholeSignIn,
} from './sign-in-clinic.ts'
import { idsIn, notHere, serverRequirements, shownElsewhere } from './smart-requirements.ts'

let clinic: SignInClinic
let keys: KeyServer
let rsa: Signer
let ec: Signer
/** One sign-in of each kind, that many requirements look at. */
let ana: TokenAnswer
let wanted: string

const scope = 'launch/patient openid fhirUser offline_access patient/*.rs'

beforeAll(async () => {
  ;[clinic, keys, rsa, ec] = await Promise.all([signInClinic(), keyServer(), signer('RS384'), signer('ES384')])
  const { house } = clinic.server
  const backend = { name: 'Reports', scope: 'system/Patient.rs system/Slot.rs', redirects: [] }
  await addClient(house, { ...backend, id: 'reports', jwks: keySet(rsa, ec) })
  keys.show(keySet(rsa))
  await addClient(house, { ...backend, id: 'by-url', jwksUrl: keys.url })
  wanted = scope
  ana = await wholeSignIn(clinic, 'ana', { scope })
}, 120_000)
afterAll(async () => {
  await keys?.close()
  await clinic?.server.close()
})

const shown = new Set<number>()
function shows(ids: string, title: string, run: () => Promise<void>): void {
  for (const id of idsIn(ids)) shown.add(id)
  it(`@${ids.replaceAll(' ', ' @')} ${title}`, run)
}

const wellKnown = () => `${clinic.server.house.base}/.well-known/smart-configuration`
const json = async (url: string): Promise<Loose> => (await fetch(url)).json()
const withBasic = () => ({ authorization: `Basic ${Buffer.from(`symmetric:${clinic.secret}`).toString('base64')}` })
const bearer = (token: unknown) => clinic.server.as(String(token))
const origin = 'https://app.example'

describe('Discovery', () => {
  shows('16', 'any origin may read what is public', async () => {
    for (const url of [wellKnown(), `${clinic.server.house.base}/metadata`])
      expect((await fetch(url, { headers: { origin } })).headers.get('access-control-allow-origin')).toBe('*')
  })

  shows('30 372 374 376 377 380', 'the configuration is JSON below the base, whatever is accepted', async () => {
    for (const accept of ['application/json', 'application/fhir+xml', 'text/html', '*/*']) {
      const answer = await fetch(wellKnown(), { headers: { accept } })
      expect([answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'application/json'])
      expect(typeof (await answer.json())).toBe('object')
    }
  })

  shows('373 378 381-386 390-394 14 15', 'it has each required field, of its type, with absolute addresses', async () => {
    const said = await json(wellKnown())
    for (const [name, value] of Object.entries(said))
      if (/_endpoint$|_uri$|^issuer$/.test(name)) expect([name, URL.canParse(String(value))]).toEqual([name, true])
    expect(Object.keys(said)).toEqual(
      expect.arrayContaining([
        'issuer',
        'jwks_uri',
        'authorization_endpoint',
        'token_endpoint',
        'introspection_endpoint',
        'revocation_endpoint',
      ]),
    )
    expect(said.grant_types_supported).toEqual(['authorization_code', 'refresh_token', 'client_credentials'])
    expect(said.response_types_supported).toEqual(['code'])
    expect(said.code_challenge_methods_supported).toEqual(['S256'])
    for (const one of said.capabilities) expect(one).toMatch(/^[a-z0-9-]+$/)
  })

  shows('228 285-289', 'it says how a program signs in with its key', async () => {
    const said = await json(wellKnown())
    expect(said.capabilities).toContain('client-confidential-asymmetric')
    expect(said.token_endpoint).toBe(clinic.tokenUrl)
    expect(said.token_endpoint_auth_methods_supported).toContain('private_key_jwt')
    expect(said.token_endpoint_auth_signing_alg_values_supported).toEqual(['RS384', 'ES384'])
    expect(said.scopes_supported).toContain('system/*.cruds')
  })

  shows('346 348-351 126', 'it declares all four sets of capabilities, and version 1', async () => {
    const { capabilities } = await json(wellKnown())
    const clients = ['client-public', 'client-confidential-symmetric']
    for (const set of [
      ['launch-standalone', 'context-standalone-patient', 'permission-patient', 'permission-v1'],
      ['launch-ehr', 'context-ehr-patient', 'permission-patient'],
      ['launch-standalone', 'permission-user', 'permission-patient'],
      ['launch-ehr', 'context-ehr-patient', 'context-ehr-encounter', 'permission-user', 'permission-patient'],
    ])
      expect(capabilities).toEqual(expect.arrayContaining([...clients, ...set]))
  })

  shows('389', 'whatever scope it lists can be had', async () => {
    const { scopes_supported: listed } = await json(wellKnown())
    const asked = listed.filter((one: string) => !one.startsWith('system/')).join(' ')
    await addClient(clinic.server.house, { id: 'everything', name: 'All', scope: asked, redirects: [redirect] })
    const cleared = {
      login: 'cleared',
      name: 'Cleared',
      roles: ['practitioner', 'sensitive-visits'],
      person: 'Practitioner/d1',
      actsFor: [],
    }
    await addAccount(clinic.server.house, { ...cleared, password })
    const { launch } = await launchFor({ patient: 'p1', encounter: 'e1' }, 'everything')
    const { json: token } = await wholeSignIn(clinic, 'cleared', { client_id: 'everything', scope: asked, launch })
    const given = String(token.scope).split(' ')
    expect(given).toEqual(expect.arrayContaining(asked.split(' ').filter((one: string) => !one.startsWith('user/'))))
    expect(given.some((one) => one.startsWith('user/'))).toBe(true)
    expect((await askBackend()).json.scope).toBe('system/Patient.rs')
  })
})

describe('Authorization', () => {
  shows('18 24 316', 'an app is known by the id that it was given, at the addresses that it registered', async () => {
    const { id } = await addClient(clinic.server.house, { name: 'New', scope, redirects: ['https://new.example/back'] })
    const page = await open(clinic).go(request(clinic, { client_id: id }).url)
    expect([page.status, page.url.startsWith(clinic.server.origin)]).toEqual([400, true])
    const known = await open(clinic).go(request(clinic, { client_id: id, redirect_uri: 'https://new.example/back' }).url)
    expect(known.status).toBe(200)
  })

  shows('48 49 53 56 57 59 205 353-355', 'GET and POST end at the app with a code and its own state', async () => {
    for (const method of ['GET', 'POST']) {
      const at = open(clinic)
      const asked = request(clinic)
      const page = method === 'GET' ? await at.go(asked.url) : await at.post(clinic.authorizeUrl, new URL(asked.url).searchParams)
      const told = back(await allow(at, await signIn(at, page, 'ana')))
      expect([told.get('state'), told.get('error'), told.get('code') !== null]).toEqual([asked.state, null, true])
    }
  })

  shows('54', 'what a person does not allow ends there with an error', async () => {
    const at = open(clinic)
    const asked = request(clinic)
    const told = back(await at.submit(await signIn(at, await at.go(asked.url), 'ana'), { do: 'deny' }))
    expect([told.get('error'), told.get('state'), told.get('code')]).toEqual(['access_denied', asked.state, null])
  })

  shows('31', 'a code needs the verifier that it was asked for with', async () => {
    const { asked, code } = await codeFor('ana')
    for (const code_verifier of [undefined, 'x'.repeat(64)]) {
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirect, client_id: 'public' }
      const { status, json: said } = await askToken(clinic.tokenUrl, { ...form, ...(code_verifier ? { code_verifier } : {}) })
      expect([status, said.access_token]).toEqual([400, undefined])
    }
    expect((await exchange(clinic, asked, code)).status).toBe(200)
  })

  shows('58', 'a code is soon over', async () => {
    const { asked, code } = await codeFor('ana')
    const [kept] = await clinic.server.house.pool.query<{ seconds: number }>({
      text: `select extract(epoch from expires - now())::int as seconds from auth_state where model = 'AuthorizationCode' order by expires desc limit 1`,
      values: [],
    })
    expect(kept?.seconds).toBeLessThanOrEqual(60)
    await age('AuthorizationCode')
    expect((await exchange(clinic, asked, code)).json.error).toBe('invalid_grant')
  })

  shows('96', 'aud must be this FHIR base, and a token for another is none here', async () => {
    for (const aud of ['https://elsewhere.example/fhir', undefined])
      expect(back(await open(clinic).go(request(clinic, { aud }).url)).get('error')).toMatch(/^invalid_(target|request)$/)
    const elsewhere = { ...clinic.server.house, base: 'https://elsewhere.example/fhir' }
    const token = await mintToken(elsewhere, { scope: 'system/*.cruds', ttlSeconds: 300 })
    expect((await bearer(token)('GET', 'Patient/p1')).status).toBe(401)
  })

  shows('119 140 368', 'a user scope gives what the person may do, and no more than that', async () => {
    const { json: doctor } = await wholeSignIn(clinic, 'doctor', { scope: 'user/*.rs' })
    for (const id of ['p1', 'p2']) expect((await bearer(doctor.access_token)('GET', `Patient/${id}`)).status).toBe(200)
    expect((await bearer(doctor.access_token)('GET', 'AuditEvent')).status).toBe(403)
    const at = open(clinic)
    expect(back(await signIn(at, await at.go(request(clinic, { scope: 'user/*.rs' }).url), 'ana')).get('error')).toBe('access_denied')
  })

  shows('206', 'optional parameters of OpenID Connect are no hindrance', async () => {
    const optional = { nonce: 'n', login_hint: 'ana', acr_values: '0', ui_locales: 'en', display: 'page' }
    expect((await wholeSignIn(clinic, 'ana', optional)).status).toBe(200)
  })
})

describe('Token response', () => {
  shows('73-76 78 84 85 88 168 169', 'a code is answered in JSON with a bearer token, its life and its scope', async () => {
    expect(ana.status).toBe(200)
    expect(ana.headers.get('content-type')).toMatch(/^application\/json/)
    expect(ana.json).toMatchObject({ token_type: 'Bearer', expires_in: expect.any(Number), scope: wanted, patient: 'p1' })
    expect(String(ana.json.access_token)).toMatch(/^[A-Za-z0-9._~+/-]+=*$/)
    const refusal = await askToken(clinic.tokenUrl, {
      grant_type: 'authorization_code',
      code: 'no',
      redirect_uri: redirect,
      client_id: 'public',
    })
    expect([refusal.status, typeof refusal.json.error]).toEqual([400, 'string'])
  })

  shows('86 87', 'no cache keeps it', async () => {
    const again = await refresh(clinic, (await wholeSignIn(clinic, 'ana')).json.refresh_token)
    for (const { headers } of [ana, again]) expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
  })

  shows('17', 'the origin of a client may read tokens and FHIR, another no tokens', async () => {
    const { asked, code } = await codeFor('ana')
    const { headers, json: token } = await exchange(clinic, asked, code, { origin })
    expect(headers.get('access-control-allow-origin')).toBe(origin)
    const read = await bearer(token.access_token)('GET', 'Patient/p1', undefined, { origin })
    expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    const other = await codeFor('ana')
    const refused = await exchange(clinic, other.asked, other.code, { origin: 'https://evil.example' })
    expect([refused.status, refused.json.access_token]).toEqual([400, undefined])
  })

  shows('91 134', 'an access token lives an hour at most, and is short whatever it allows', async () => {
    expect(Number(ana.json.expires_in)).toBeLessThanOrEqual(3600)
    const many = ['Appointment', 'Slot', 'Patient', 'Schedule', 'Location'].map((type) => `patient/${type}.rs?_id=${'x'.repeat(60)}`)
    const { json: token } = await wholeSignIn(clinic, 'ana', { scope: many.join(' ') })
    expect(String(token.scope).length).toBeGreaterThan(300)
    expect(String(token.access_token).length).toBeLessThan(100)
  })

  shows('77 94 265', 'a token that has run out opens nothing', async () => {
    const { json: token } = await wholeSignIn(clinic, 'ana')
    await age('AccessToken')
    expect((await bearer(token.access_token)('GET', 'Patient/p1')).status).toBe(401)
    const minted = await mintToken(clinic.server.house, { scope: 'system/*.cruds', ttlSeconds: -10 })
    expect((await bearer(minted)('GET', 'Patient/p1')).status).toBe(401)
    // Those of the other tests have gone with it.
    ana = await wholeSignIn(clinic, 'ana', { scope })
  })

  shows('79 145 115', 'less may be given than was asked for, and the answer says so', async () => {
    const { json: token } = await wholeSignIn(clinic, 'ana', { scope: `${scope} user/*.cruds system/*.cruds patient/Slot.sr` })
    expect(token.scope).toBe(scope)
  })

  shows('217', 'nothing stands in it that SMART or OAuth has no name for', async () => {
    const names = 'access_token token_type expires_in scope id_token refresh_token patient encounter fhirContext intent need_patient_banner'
    for (const name of Object.keys(ana.json)) expect(names.split(' ')).toContain(name)
  })
})

describe('Refresh', () => {
  shows('81 89 100 101 365 366', 'offline and online access give a refresh token, no wish for it none', async () => {
    expect(typeof ana.json.refresh_token).toBe('string')
    const online = await wholeSignIn(clinic, 'ana', { scope: 'launch/patient openid online_access patient/*.rs' })
    const again = await refresh(clinic, online.json.refresh_token)
    expect(again.status).toBe(200)
    await online.at.submit(await online.at.go(`${clinic.server.origin}/auth/logout`), { logout: 'yes' })
    expect((await refresh(clinic, again.json.refresh_token)).json.error).toBe('invalid_grant')
    expect((await wholeSignIn(clinic, 'ana', { scope: 'patient/*.rs' })).json.refresh_token).toBeUndefined()
  })

  shows('109-114 116 118', 'without a scope it gives what there was, with the patient', async () => {
    const { json: first } = await wholeSignIn(clinic, 'ana')
    const { status, json: second } = await refresh(clinic, first.refresh_token)
    expect(status).toBe(200)
    expect(second).toMatchObject({ token_type: 'Bearer', expires_in: expect.any(Number), scope: first.scope, patient: 'p1' })
    expect(second.access_token).not.toBe(first.access_token)
    expect(typeof second.refresh_token).toBe('string')
    expect((await bearer(second.access_token)('GET', 'Patient/p1')).status).toBe(200)
  })

  shows('103 104', 'it is for its own client, and for no more than it had', async () => {
    const { json: token } = await wholeSignIn(clinic, 'ana')
    expect((await refresh(clinic, token.refresh_token, { scope: 'patient/*.cruds' })).json.error).toBe('invalid_scope')
    const form = { grant_type: 'refresh_token', refresh_token: String(token.refresh_token) }
    expect((await askToken(clinic.tokenUrl, form, withBasic())).json.error).toBe('invalid_grant')
    const { json: less } = await refresh(clinic, token.refresh_token, { scope: 'patient/*.rs' })
    expect(less.scope).toBe('patient/*.rs')
  })
})

describe('Scopes', () => {
  const as = async (granted: string, more: { patient?: string } = {}) => bearer(await clinic.server.token(granted, more))
  const patient = (id: string, more: object = {}) => ({ resourceType: 'Patient', id, ...more })

  shows('95 266 243', 'what a scope does not cover is refused', async () => {
    const call = await as('system/Patient.r')
    expect((await call('GET', 'Patient/p1')).status).toBe(200)
    expect((await call('GET', 'Patient?_id=p1')).status).toBe(403)
    expect((await call('GET', 'Appointment?_id=x')).status).toBe(403)
    expect((await call('DELETE', 'Patient/p1')).status).toBe(403)
  })

  shows('244', 'a type that is not kept here is an error', async () => {
    expect((await (await as('system/*.cruds'))('GET', 'Observation?_id=x')).status).toBe(404)
  })

  shows('123', 'u is enough for an update that creates', async () => {
    expect((await (await as('system/Patient.u'))('PUT', 'Patient/by-update', patient('by-update'))).status).toBe(201)
  })

  shows('127 128 369', 'version 1 is answered as version 1, and means rs, cud and cruds', async () => {
    const { json: token } = await wholeSignIn(clinic, 'ana', { scope: 'patient/Patient.read' })
    expect(token.scope).toBe('patient/Patient.read')
    const [read, write] = [bearer(token.access_token), await as('system/Patient.write')]
    expect((await read('GET', 'Patient/p1')).status).toBe(200)
    expect((await read('GET', 'Patient?_id=p1')).status).toBe(200)
    expect((await read('PUT', 'Patient/p1', patient('p1'))).status).toBe(403)
    expect((await write('GET', 'Patient/p1')).status).toBe(403)
    for (const [method, status] of [
      ['PUT', 201],
      ['PUT', 200],
      ['DELETE', 204],
    ] as const)
      expect((await write(method, 'Patient/v1', method === 'PUT' ? patient('v1') : undefined)).status).toBe(status)
    const all = await as('system/Patient.*')
    expect((await all('PUT', 'Patient/v1b', patient('v1b'))).status).toBe(201)
    expect((await all('GET', 'Patient?_id=v1b')).status).toBe(200)
  })

  shows('370', 'a granular scope lets in what its search finds', async () => {
    const call = await as('system/Patient.rs?family=Brown')
    expect((await call('GET', 'Patient/p2')).status).toBe(200)
    expect((await call('GET', 'Patient/p1')).status).toBe(404)
  })

  shows('129', 'letters out of their order, or that are none, give nothing', async () => {
    for (const odd of ['patient/Patient.sr', 'patient/Patient.x', 'patient/Patient.']) {
      const told = back(await open(clinic).go(request(clinic, { scope: odd }).url))
      expect([odd, told.get('error')]).toEqual([odd, 'invalid_scope'])
    }
  })

  shows('130', 'a batch is judged entry by entry, a transaction as a whole', async () => {
    const call = await as('system/Slot.rs')
    const entry = ['Slot?_count=1', 'Patient/p1'].map((url) => ({ request: { method: 'GET', url } }))
    const batch = (await call('POST', '', { resourceType: 'Bundle', type: 'batch', entry })).json as Loose
    expect(batch.entry.map(({ response }: Loose) => response.status.slice(0, 3))).toEqual(['200', '403'])
    expect((await call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status).toBe(403)
  })

  shows('136 138 164 165 170 361 363 367', 'a patient scope has one patient, whom the answer names', async () => {
    const { json: token } = await wholeSignIn(clinic, 'ana', { scope: 'patient/*.rs' })
    expect(token.patient).toBe('p1')
    const call = bearer(token.access_token)
    expect((await call('GET', 'Patient/p1')).status).toBe(200)
    expect((await call('GET', 'Patient/p2')).status).toBe(404)
    expect((await call('GET', 'Patient')).json.entry?.map(({ resource }) => resource.id)).toEqual(['p1'])
  })

  shows('139', 'a linked record is not opened by it, and the documentation says so', async () => {
    const link = [{ other: { reference: 'Patient/p1' }, type: 'seealso' }]
    await clinic.server.call('PUT', 'Patient/linked', patient('linked', { link }))
    expect((await bearer(ana.json.access_token)('GET', 'Patient/linked')).status).toBe(404)
    expect(readFileSync(join(import.meta.dirname, '../../docs/sign-in.md'), 'utf8')).toMatch(/`Patient\.link`/)
  })

  shows('142 144', 'a system scope gives its client all of a type, a wildcard all types', async () => {
    const one = await as('system/Patient.rs')
    for (const id of ['p1', 'p2']) expect((await one('GET', `Patient/${id}`)).status).toBe(200)
    const all = await as('system/*.rs')
    for (const type of ['Patient', 'Slot', 'Task', 'Questionnaire']) expect((await all('GET', `${type}?_count=1`)).status).toBe(200)
  })
})

describe('Launch context', () => {
  shows(
    '83 149 163 167 171-174 352 359 362',
    'what the launch says stands beside the token, hints that it cannot follow do not',
    async () => {
      const context = { encounter: 'e1', fhirContext: [{ reference: 'Appointment/a1' }], intent: 'reschedule', need_patient_banner: true }
      const asked = 'launch launch/patient launch/encounter patient/*.rs'
      const { json: token } = await launched({ patient: 'p2', ...context }, asked)
      expect(token).toMatchObject({ patient: 'p2', scope: asked, ...context })
      const { json: bare } = await launched({ patient: 'p2' }, asked)
      expect([bare.patient, bare.encounter, bare.scope]).toEqual(['p2', undefined, 'launch launch/patient patient/*.rs'])
      expect((await wholeSignIn(clinic, 'ana', { scope: 'launch/patient patient/*.rs' })).json.patient).toBe('p1')
    },
  )

  shows('159 160', 'a role that is not known here gives the context of its kind', async () => {
    const { json: token } = await wholeSignIn(clinic, 'ana', { scope: 'launch/patient?role=https%3A%2F%2Fx.example%2Fr patient/*.rs' })
    expect(token.patient).toBe('p1')
  })

  shows('178-187 189 192', 'fhirContext takes references, canonicals and identifiers, some of one type and one role', async () => {
    const fhirContext = [
      { reference: 'Appointment/a1' },
      { reference: 'Appointment/a2', role: 'launch' },
      { canonical: 'https://x.example/Questionnaire/q|1.0', type: 'Questionnaire', role: 'https://x.example/intake' },
      { identifier: { system: 'https://x.example/orders', value: '7' }, type: 'ServiceRequest', role: 'https://x.example/intake' },
    ]
    expect((await launched({ patient: 'p1', fhirContext })).json.fhirContext).toEqual(fhirContext)
  })

  shows('177', 'Patient and Encounter stand there with another role than launch alone', async () => {
    for (const reference of ['Patient/p1', 'Encounter/e1']) {
      for (const role of [undefined, 'launch']) expect((await launchFor({ fhirContext: [{ reference, role }] })).status).toBe(400)
      expect((await launchFor({ fhirContext: [{ reference, role: 'https://x.example/mother' }] })).status).toBe(201)
    }
  })

  shows('188 190', 'a role is never empty, and never a word of one’s own', async () => {
    for (const role of ['', 'mother', 7]) expect((await launchFor({ fhirContext: [{ reference: 'Slot/1', role }] })).status).toBe(400)
    for (const item of [{}, { type: 'Slot' }, { identifier: {} }, { canonical: 'q' }, { reference: 'https://x.example/Slot/1' }, 'Slot/1'])
      expect((await launchFor({ fhirContext: [item] })).status).toBe(400)
  })
})

describe('Identity', () => {
  shows('80 200 203 204 209 358 197 198 199', 'fhirUser is the address of whoever signed in, and can be read', async () => {
    for (const [login, type] of [
      ['ana', 'Patient'],
      ['doctor', 'Practitioner'],
      ['parent', 'RelatedPerson'],
    ] as const) {
      const asked = { scope: 'openid fhirUser patient/*.rs user/Practitioner.rs' }
      const { json: token } = await wholeSignIn(clinic, login, asked, login === 'ana' ? undefined : 'p1')
      const address = String(decodeJwt(String(token.id_token)).fhirUser)
      expect(address.startsWith(`${clinic.server.house.base}/${type}/`)).toBe(true)
      const read = await bearer(token.access_token)('GET', address)
      expect([login, read.status, read.json.resourceType]).toEqual([login, 200, type])
    }
  })

  shows('207 208 210', 'ID tokens are RS256 by a published bare key', async () => {
    const { keys: published } = (await json((await json(wellKnown())).jwks_uri)) as JSONWebKeySet
    const { alg, kid } = decodeProtectedHeader(String(ana.json.id_token))
    const key = published.find((one) => one.kid === kid)
    expect([alg, key?.kty, typeof key?.n, typeof key?.e]).toEqual(['RS256', 'RSA', 'string', 'string'])
    for (const one of published) expect(one).not.toHaveProperty('d')
  })
})

describe('Backend services', () => {
  shows(
    '253-258 260-262 248 240 310',
    'a good assertion of either algorithm gives a token for five minutes and no refresh token',
    async () => {
      for (const by of [rsa, ec]) {
        const { status, json: token } = await askBackend({ by })
        expect(status).toBe(200)
        expect(token).toMatchObject({ token_type: 'Bearer', expires_in: 300, scope: 'system/Patient.rs', access_token: expect.any(String) })
        expect(token).not.toHaveProperty('refresh_token')
        expect((await bearer(token.access_token)('GET', 'Patient/p1')).status).toBe(200)
        expect((await bearer(token.access_token)('GET', 'Slot?_count=1')).status).toBe(403)
      }
    },
  )

  shows('241 250 259', 'it is given no more than it is registered for, and of what it asks', async () => {
    expect((await askBackend({ wanted: 'system/*.cruds' })).json.scope).toBe('system/Patient.rs system/Slot.rs')
    expect((await askBackend({ wanted: 'system/Appointment.rs' })).json.error).toBe('invalid_scope')
  })

  shows('251 252', 'what is wrong is said in the words of OAuth, with a sentence', async () => {
    const good = { grant_type: 'client_credentials', client_assertion_type: assertionType, scope: 'system/Patient.rs' }
    for (const [change, error] of [
      [{ grant_type: 'not_a_grant_type' }, 'unsupported_grant_type'],
      [{ client_assertion_type: 'not_an_assertion_type' }, 'invalid_request'],
      [{ client_assertion: 'not_a_jwt' }, 'invalid_request'],
      [{ scope: 'everything' }, 'invalid_scope'],
    ] as const) {
      const client_assertion = await assertion(rsa, 'reports', clinic.tokenUrl)
      const { status, json: said } = await askToken(clinic.tokenUrl, { ...good, client_assertion, ...change })
      expect([status, said.error, typeof said.error_description]).toEqual([400, error, 'string'])
    }
  })

  shows('247', 'without a token nothing but what is public is shown', async () => {
    for (const [path, status] of [
      ['metadata', 200],
      ['Patient/p1', 401],
      ['Slot', 401],
    ] as const)
      expect([path, (await fetch(`${clinic.server.house.base}/${path}`)).status]).toEqual([path, status])
  })

  const seconds = () => Math.floor(Date.now() / 1000)
  shows('249 335 337 340', 'an assertion that is wrong in one way is invalid_client', async () => {
    const stranger = await generateKeyPair('RS384')
    const broken: Parameters<typeof assertion>[3][] = [
      { claims: { aud: 'https://elsewhere.example/token' } },
      { claims: { iss: 'somebody' } },
      { claims: { sub: 'somebody' } },
      { claims: { exp: seconds() - 60 } },
      { claims: { exp: seconds() + 600 } },
      { claims: { exp: undefined } },
      { claims: { jti: undefined } },
      { claims: { nbf: seconds() + 600 } },
      { header: { kid: 'unknown' } },
      { header: { kid: undefined } },
      { header: { typ: 'at+jwt' } },
      { key: stranger.privateKey },
      { header: { alg: 'HS256' }, key: new TextEncoder().encode(JSON.stringify(rsa.publicJwk)) },
    ]
    for (const change of broken) {
      const { status, json: said } = await askBackend({ change })
      expect([change, status, said.error]).toEqual([change, 401, 'invalid_client'])
    }
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [, claims] = (await assertion(rsa, 'reports', clinic.tokenUrl)).split('.')
    const unsigned = await askBackendToken(clinic.tokenUrl, `${part({ alg: 'none', kid: rsa.kid })}.${claims}.`, 'system/Patient.rs')
    expect([unsigned.status, unsigned.json.error]).toEqual([401, 'invalid_client'])
  })

  shows('336', 'an assertion is good once, another client’s jti is its own', async () => {
    const jti = `once-${seconds()}`
    const signed = await assertion(rsa, 'reports', clinic.tokenUrl, { claims: { jti } })
    expect((await askBackendToken(clinic.tokenUrl, signed, 'system/Patient.rs')).status).toBe(200)
    expect((await askBackendToken(clinic.tokenUrl, signed, 'system/Patient.rs')).json.error).toBe('invalid_client')
    expect((await askBackend({ change: { claims: { jti } } })).json.error).toBe('invalid_client')
    expect((await askBackend({ client: 'by-url', change: { claims: { jti } } })).status).toBe(200)
  })

  shows('344', 'a client with a secret gets no system scopes', async () => {
    const wish = { name: 'x', scope: 'system/*.rs', redirects: [redirect], secret: true }
    await expect(addClient(clinic.server.house, wish)).rejects.toThrow('its own key')
    const form = { grant_type: 'client_credentials', scope: 'system/*.rs' }
    expect((await askToken(clinic.tokenUrl, form, withBasic())).status).toBe(400)
  })
})

describe('Client keys', () => {
  shows('296 297 326 338 339', 'are those that were registered, by value or by address, and jku is that address or absent', async () => {
    expect((await askBackend({})).status).toBe(200)
    for (const header of [{}, { jku: keys.url }]) expect((await askBackend({ client: 'by-url', change: { header } })).status).toBe(200)
    for (const client of ['reports', 'by-url'])
      expect((await askBackend({ client, change: { header: { jku: 'https://evil.example/jwks' } } })).json.error).toBe('invalid_client')
  })

  shows('338', 'two keys of one kind under one name are no key', async () => {
    const twin = await signer('RS384', rsa.kid)
    const wish = { name: 'x', scope: 'system/Patient.rs', redirects: [] }
    await expect(addClient(clinic.server.house, { ...wish, jwks: keySet(rsa, twin) })).rejects.toThrow('under one kid')
    keys.show(keySet(rsa, twin))
    await addClient(clinic.server.house, { ...wish, id: 'twins', jwksUrl: `${keys.url}?twins` })
    expect((await askBackend({ client: 'twins' })).json.error).toBe('invalid_client')
    keys.show(keySet(rsa))
  })

  shows('341 342', 'are kept as long as their Cache-Control allows, and not read anew each time otherwise', async () => {
    const wish = { name: 'x', scope: 'system/Patient.rs', redirects: [] }
    await addClient(clinic.server.house, { ...wish, id: 'kept', jwksUrl: `${keys.url}?kept` })
    const before = keys.asked()
    for (let n = 0; n < 3; n++) expect((await askBackend({ client: 'kept' })).status).toBe(200)
    expect(keys.asked() - before).toBe(1)
    keys.show(keySet(rsa), { 'cache-control': 'no-store' })
    await addClient(clinic.server.house, { ...wish, id: 'fresh', jwksUrl: `${keys.url}?fresh` })
    for (let n = 0; n < 3; n++) expect((await askBackend({ client: 'fresh' })).status).toBe(200)
    expect(keys.asked() - before).toBe(4)
    keys.show(keySet(ec))
    expect((await askBackend({ client: 'fresh' })).json.error).toBe('invalid_client')
    keys.show(keySet(rsa))
  })

  shows('356 357', 'a symmetric client signs in by its secret, an asymmetric one by its key, for a person’s token too', async () => {
    const one = await codeFor('ana', { client_id: 'symmetric' })
    expect((await exchange(clinic, one.asked, one.code, withBasic())).status).toBe(200)
    const other = await codeFor('ana', { client_id: 'asymmetric' })
    const client_assertion = await assertion(clinic.key, 'asymmetric', clinic.tokenUrl)
    const { verifier: code_verifier } = other.asked
    const form = { grant_type: 'authorization_code', code: other.code, redirect_uri: redirect, code_verifier }
    expect((await askToken(clinic.tokenUrl, { ...form, client_assertion, client_assertion_type: assertionType })).status).toBe(200)
  })

  shows('306', 'whoever hands over a key set is told to hand over the next one', async () => {
    const { clientAdd } = await import('../../src/cli/client-add.ts')
    const { writeFileSync, mkdtempSync } = await import('node:fs')
    const { tmpdir } = await import('node:os')
    const file = join(mkdtempSync(join(tmpdir(), 'slotwise-keys-')), 'keys.json')
    writeFileSync(file, keySet(rsa))
    const said: string[] = []
    const context = { say: (line: string) => said.push(line), openHouse: async () => ({ ...clinic.server.house, close: async () => {} }) }
    await clientAdd.run(context as never, { name: 'K', scope: 'system/Slot.rs', jwks: file }, [])
    expect(said.join('\n')).toContain('whenever its keys change')
  })
})

describe('Introspection', () => {
  const ask = async (token: unknown, headers: Record<string, string>) => {
    const body = new URLSearchParams({ token: String(token) })
    const answer = await fetch(`${clinic.server.origin}/auth/introspect`, { method: 'POST', body, headers })
    return { status: answer.status, json: (await answer.json()) as Loose }
  }
  const withToken = (token: unknown) => ({ authorization: `Bearer ${token}` })

  shows('99 269 271-280 391', 'a good token is told of with its scope, client, life, context and person', async () => {
    const context = { encounter: 'e1', fhirContext: [{ reference: 'Appointment/a1' }], intent: 'reschedule', need_patient_banner: false }
    const { json: token } = await launched({ patient: 'p2', ...context }, 'launch openid fhirUser patient/*.rs', 'symmetric')
    const { iss, sub, fhirUser } = decodeJwt(String(token.id_token))
    for (const headers of [withBasic(), withToken(token.access_token)]) {
      const { json: said } = await ask(token.access_token, headers)
      expect(said).toMatchObject({
        active: true,
        client_id: 'symmetric',
        scope: token.scope,
        patient: 'p2',
        iss,
        sub,
        fhirUser,
        ...context,
      })
      expect(Math.abs(said.exp - seconds() - Number(token.expires_in))).toBeLessThan(120)
    }
    expect((await ask('nonsense', withBasic())).json).toEqual({ active: false })
  })

  const seconds = () => Date.now() / 1000
  shows('281-283', 'a client that was let ask asks by its bearer token about anybody’s, another about its own', async () => {
    await addClient(clinic.server.house, {
      id: 'gate',
      name: 'G',
      scope: 'system/Slot.rs',
      redirects: [],
      jwks: keySet(rsa),
      introspects: true,
    })
    const { json: gate } = await askBackend({ client: 'gate', wanted: 'system/Slot.rs' })
    expect((await ask(ana.json.access_token, withToken(gate.access_token))).json).toMatchObject({ active: true, client_id: 'public' })
    const { json: reports } = await askBackend({})
    expect((await ask(ana.json.access_token, withToken(reports.access_token))).json).toEqual({ active: false })
    expect((await ask(ana.json.access_token, withToken('nonsense'))).status).toBe(401)
    expect((await ask(ana.json.access_token, {})).json).not.toHaveProperty('active')
  })
})

describe('Revocation', () => {
  shows('392', 'a token that is handed back is over', async () => {
    const { json: token } = await wholeSignIn(clinic, 'ana')
    const body = new URLSearchParams({ token: String(token.refresh_token), client_id: 'public' })
    expect((await fetch(`${clinic.server.origin}/auth/revoke`, { method: 'POST', body })).status).toBe(200)
    expect((await refresh(clinic, token.refresh_token)).json.error).toBe('invalid_grant')
  })
})

describe('the list', () => {
  it('has no requirement that nobody shows and nobody has left out with a reason', () => {
    for (const { file } of shownElsewhere) expect(existsSync(join(import.meta.dirname, file))).toBe(true)
    const others = [...notHere, ...shownElsewhere].flatMap(({ ids }) => idsIn(ids))
    expect(others.filter((id) => shown.has(id))).toEqual([])
    const known = new Set([...shown, ...others])
    expect(serverRequirements.filter((id) => !known.has(id))).toEqual([])
    expect([...known].filter((id) => !serverRequirements.includes(id))).toEqual([])
  })
})

async function codeFor(login: string, change: Record<string, string> = {}) {
  const at = open(clinic)
  const asked = request(clinic, change)
  return { asked, code: back(await allow(at, await signIn(at, await at.go(asked.url), login))).get('code') ?? '' }
}

async function launchFor(context: object, client = 'public'): Promise<{ status: number; launch: string }> {
  const token = await clinic.server.token('user/Patient.rs', { user: 'Practitioner/d1' })
  const answer = await fetch(`${clinic.server.origin}/auth/launch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: client, ...context }),
  })
  return { status: answer.status, launch: ((await answer.json()) as Loose).launch }
}

/** An app that a doctor opens with this in view. */
async function launched(context: object, asked = 'launch patient/*.rs', client = 'public'): Promise<TokenAnswer> {
  const { launch } = await launchFor(context, client)
  const at = open(clinic)
  const sent = request(clinic, { launch, scope: asked, client_id: client })
  const code = back(await allow(at, await signIn(at, await at.go(sent.url), 'doctor'))).get('code')
  return exchange(clinic, sent, code, client === 'symmetric' ? withBasic() : {})
}

type Backend = {
  readonly by?: Signer
  readonly client?: string
  readonly wanted?: string
  readonly change?: Parameters<typeof assertion>[3]
}

const askBackend = async ({ by = rsa, client = 'reports', wanted: asked = 'system/Patient.rs', change = {} }: Backend = {}) =>
  askBackendToken(clinic.tokenUrl, await assertion(by, client, clinic.tokenUrl, change), asked)

/** As if it had been given out long ago. */
const age = (model: string): Promise<unknown> =>
  clinic.server.house.pool.query({ text: `update auth_state set expires = now() - interval '1 second' where model = $1`, values: [model] })
