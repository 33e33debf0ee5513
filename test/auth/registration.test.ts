/**
 * Programs that register themselves, as `openid-client` does it and as somebody does who wants too much.
 * https://www.rfc-editor.org/rfc/rfc7591 https://www.rfc-editor.org/rfc/rfc7592
 */
import { allowInsecureRequests, dynamicClientRegistration } from 'openid-client'
import { refusals } from '../../src/auth/refusals.ts'
import { newInvitation } from '../../src/auth/registration/invitation.ts'
import { registration } from '../../src/auth/registration/registration.ts'
import { registrationsAMinute, unapprovedClientDays } from '../../src/base/sign-in-limits.ts'
import { forgetExpiredSignIns } from '../../src/jobs/forget-expired-sign-ins.ts'
import { approveRegistration, findAuthClient } from '../../src/store/auth-clients.ts'
import { prepared } from '../../src/store/sql.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { eventually, matches, type TestHouse, testHouse } from '../support/house.ts'
import { askBackendToken, askToken, assertion, keySet, signer } from './assertions.ts'
import { allow, back, exchange, open, redirect, request, type SignInClinic, signIn, signInClinic } from './sign-in-clinic.ts'

type Told = Record<string, unknown>

let clinic: SignInClinic
/** On the same database: one that registers with an invitation alone, and one that registers nobody. */
let invitedOnly: TestHouse
let off: TestHouse

beforeAll(async () => {
  clinic = await signInClinic({ registration: 'open' })
  invitedOnly = await testHouse({ beside: clinic.server, registration: 'token' })
  off = await testHouse({ beside: clinic.server })
})
afterAll(async () => {
  await off?.close()
  await invitedOnly?.close()
  await clinic?.server.close()
})

const app = { client_name: 'Diary', redirect_uris: [redirect], token_endpoint_auth_method: 'none' }
const invite = (scope: string, expires = new Date(Date.now() + 600_000)) => newInvitation(clinic.server.house.pool, { scope, expires })
const approve = (id: unknown, scope?: string) => inTransaction(clinic.server.house.pool, (tx) => approveRegistration(tx, String(id), scope))

async function ask(method: string, url: string, body?: unknown, token?: unknown, type = 'application/json') {
  const answer = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': type }), ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, told: (text ? JSON.parse(text) : {}) as Told }
}

const register = (body: unknown, token?: unknown, at = clinic.server) => ask('POST', `${at.origin}/auth/register`, body, token)
const discovery = async (at: TestHouse): Promise<Told[]> =>
  Promise.all(
    ['/fhir/.well-known/smart-configuration', '/.well-known/openid-configuration'].map(async (path) =>
      (await fetch(at.origin + path)).json(),
    ),
  )

/** From the authorization request to a token; the page where it does not come to a sign-in. */
async function wholeSignIn(client: Told): Promise<Told | string> {
  const at = open(clinic)
  const wanted = request(clinic, { client_id: String(client.client_id), scope: String(client.scope) })
  const first = await at.go(wanted.url)
  if (first.status !== 200) return first.text
  const code = back(await allow(at, await signIn(at, first, 'ana'))).get('code')
  const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')
  return (await exchange(clinic, wanted, code, client.client_secret ? { authorization: `Basic ${basic}` } : {})).json
}

describe('registration', () => {
  it('is named where it is on, and is not there where it is off', async () => {
    for (const at of [clinic.server, invitedOnly])
      expect((await discovery(at)).map((one) => one.registration_endpoint)).toEqual(Array(2).fill(`${clinic.server.origin}/auth/register`))
    expect((await discovery(off)).filter((one) => 'registration_endpoint' in one)).toEqual([])
    expect((await fetch(`${off.origin}/auth/register`, { method: 'POST', body: '{}' })).status).toBe(404)
    expect((await fetch(`${off.origin}/auth/register/public`)).status).toBe(404)
  })

  it('by an invitation is for its scopes, and at once good to sign in with', async () => {
    const held = await invite('launch/patient openid patient/Appointment.rs patient/Slot.rs')
    const known = await dynamicClientRegistration(
      new URL(clinic.server.origin),
      { ...app, token_endpoint_auth_method: 'client_secret_basic', scope: 'openid patient/*.rs user/*.cruds' },
      undefined,
      { initialAccessToken: held, execute: [allowInsecureRequests] },
    )
    const client = known.clientMetadata() as Told
    expect(client).toMatchObject({
      client_name: 'Diary',
      redirect_uris: [redirect],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret_expires_at: 0,
      scope: 'openid patient/Appointment.rs patient/Slot.rs',
      registration_client_uri: `${clinic.server.origin}/auth/register/${client.client_id}`,
    })
    expect(await wholeSignIn(client)).toMatchObject({ scope: 'openid patient/Appointment.rs patient/Slot.rs', patient: 'p1' })
    expect((await register(app, held)).status).toBe(401)
  })

  it('takes an invitation once, however many come with it at once, and none that is over or made up', async () => {
    const held = await invite('patient/*.rs')
    const all = await Promise.all(Array.from({ length: 4 }, () => register(app, held, invitedOnly)))
    expect(all.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401])
    expect((await register(app, await invite('patient/*.rs', new Date(Date.now() - 1000)))).status).toBe(401)
    const refused = await register(app, 'made-up')
    expect([refused.status, refused.told.error, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'invalid_token',
      'Bearer realm="slotwise", error="invalid_token"',
    ])
    expect((await register(app, undefined, invitedOnly)).status).toBe(401)
  })

  it('that was refused for what it said leaves the invitation good', async () => {
    const held = await invite('patient/*.rs')
    expect((await register({ ...app, redirect_uris: ['http://app.example/'] }, held)).status).toBe(400)
    expect((await register(app, held)).status).toBe(201)
  })

  it('of a program that signs in by itself needs an invitation that says so', async () => {
    const key = await signer('ES384')
    const backend = { client_name: 'Reports', token_endpoint_auth_method: 'private_key_jwt', jwks: JSON.parse(keySet(key)) }
    const { status, told } = await register({ ...backend, scope: 'system/*.rs' }, await invite('system/Slot.rs'))
    expect([status, told.grant_types, told.scope]).toEqual([201, ['client_credentials'], 'system/Slot.rs'])
    const signed = await assertion(key, String(told.client_id), clinic.tokenUrl)
    expect((await askBackendToken(clinic.tokenUrl, signed, 'system/Slot.rs')).json.scope).toBe('system/Slot.rs')
    expect((await register({ ...backend, scope: 'system/*.rs' })).told.error).toBe('invalid_client_metadata')
  })
})

describe('who registers unasked', () => {
  it('is as unknown as anybody until an operator approves it, and has a patient’s scopes at most', async () => {
    const { status, told } = await register({ ...app, scope: 'launch/patient patient/*.rs user/*.rs system/*.rs' })
    expect([status, told.scope, told.slotwise_waits_for_approval]).toEqual([201, 'launch/patient patient/*.rs', true])
    const stranger = await wholeSignIn({ client_id: 'nobody-of-that-name', scope: 'patient/*.rs' })
    expect(await wholeSignIn(told)).toEqual(String(stranger).replaceAll('nobody-of-that-name', String(told.client_id)))
    const secret = { ...app, token_endpoint_auth_method: 'client_secret_post' }
    const other = (await register(secret)).told
    const form = {
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_id: String(other.client_id),
      client_secret: String(other.client_secret),
    }
    expect((await askToken(clinic.tokenUrl, form)).json.error).toBe('invalid_client')
    expect((await approve(told.client_id))?.waiting).toBe(false)
    expect(await wholeSignIn(told)).toMatchObject({ patient: 'p1', scope: 'launch/patient patient/*.rs' })
    expect(await approve(told.client_id)).toBeUndefined()
  })

  it('waits again with each change, which an approval may widen', async () => {
    const { told } = await register({ ...app, scope: 'patient/Slot.rs' })
    expect((await approve(told.client_id, 'user/Slot.rs'))?.scope).toBe('user/Slot.rs')
    const change = { ...app, client_id: told.client_id, client_name: 'Another', scope: 'patient/Slot.rs' }
    const changed = await ask('PUT', String(told.registration_client_uri), change, told.registration_access_token)
    expect([changed.status, changed.told.client_name, changed.told.slotwise_waits_for_approval]).toEqual([200, 'Another', true])
    expect(await findAuthClient(clinic.server.house.pool, String(told.client_id))).toBeUndefined()
  })

  it('has nothing of what it was given before a change, neither while it waits nor when it is approved again', async () => {
    const { told } = await register({ ...app, scope: 'launch/patient offline_access patient/*.rs' })
    await approve(told.client_id)
    const had = (await wholeSignIn(told)) as { access_token: string; refresh_token: string }
    const { as, call } = clinic.server
    const use = async () => (await as(had.access_token)('GET', 'Slot?_count=1')).status
    expect(await use()).toBe(200)
    const change = { ...app, client_id: told.client_id, redirect_uris: ['https://elsewhere.example/'] }
    expect((await ask('PUT', String(told.registration_client_uri), change, told.registration_access_token)).status).toBe(200)
    await eventually(60_000, async () => (await use()) === 401)
    await approve(told.client_id)
    const form = { grant_type: 'refresh_token', refresh_token: had.refresh_token, client_id: String(told.client_id) }
    expect([(await askToken(clinic.tokenUrl, form)).json.error, await use()]).toEqual(['invalid_grant', 401])
    expect((await call('GET', 'Slot?_count=1')).status).toBe(200)
  })

  it('is forgotten after so many days, unless somebody has approved it', async () => {
    const [waits, approved] = [(await register(app)).told, (await register(app)).told]
    await approve(approved.client_id)
    const later = new Date(Date.now() + (unapprovedClientDays + 1) * 86_400_000)
    await forgetExpiredSignIns({ ...clinic.server.house, clock: { now: () => later } })
    const look = (one: Told) => ask('GET', String(one.registration_client_uri), undefined, one.registration_access_token)
    expect([(await look(waits)).status, (await look(approved)).status]).toEqual([401, 200])
  })

  it('waits as long for the approval of a change, however long ago it came', async () => {
    const { house } = clinic.server
    const { told } = await register(app)
    await approve(told.client_id)
    const days = unapprovedClientDays + 10
    await house.pool.query(
      prepared(`update auth_client set created = created - $2 * interval '1 day' where id = $1`, [told.client_id, days]),
    )
    const at = String(told.registration_client_uri)
    const change = { ...app, client_id: told.client_id, client_name: 'Diary again' }
    const changed = await ask('PUT', at, change, told.registration_access_token)
    const look = () => ask('GET', at, undefined, changed.told.registration_access_token)
    await forgetExpiredSignIns(house)
    expect([changed.status, (await look()).status]).toEqual([200, 200])
    const later = new Date(Date.now() + (unapprovedClientDays + 1) * 86_400_000)
    await forgetExpiredSignIns({ ...house, clock: { now: () => later } })
    expect((await look()).status).toBe(401)
  })
})

describe('a registration', () => {
  it('is read, replaced and taken back by whoever holds its token, which each change makes anew', async () => {
    const { told } = await register(
      { ...app, token_endpoint_auth_method: 'client_secret_basic' },
      await invite('launch/patient patient/*.rs'),
    )
    const at = String(told.registration_client_uri)
    const read = await ask('GET', at, undefined, told.registration_access_token)
    expect(read.status).toBe(200)
    expect(read.told).toEqual({ ...told, client_secret: undefined, client_secret_expires_at: undefined })
    expect([read.headers.get('cache-control'), (await ask('GET', at)).status]).toEqual(['no-store', 401])
    const change = {
      ...app,
      client_id: told.client_id,
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: told.client_secret,
    }
    const put = (more: object, token = told.registration_access_token) => ask('PUT', at, { ...change, ...more }, token)
    expect((await put({ client_secret: 'mine' })).told.error).toBe('invalid_request')
    expect((await put({ client_id: 'other' })).told.error).toBe('invalid_request')
    expect((await put({ registration_access_token: 'x' })).told.error).toBe('invalid_request')
    expect((await put({ scope: 'user/*.rs' })).told.error).toBe('invalid_client_metadata')
    const [one, other] = await Promise.all([put({ client_name: 'One' }), put({ client_name: 'Other' })])
    expect([one.status, other.status].sort()).toEqual([200, 401])
    const changed = (one.status === 200 ? one : other).told
    expect([changed.client_secret, changed.scope]).toEqual([undefined, 'launch/patient patient/*.rs'])
    expect((await ask('GET', at, undefined, told.registration_access_token)).status).toBe(401)
    const token = await wholeSignIn({ ...changed, client_secret: told.client_secret })
    expect(token).toMatchObject({ patient: 'p1' })
    const bearer = clinic.server.as(String((token as Told).access_token))
    expect((await bearer('GET', 'Patient/p1')).status).toBe(200)
    expect((await ask('DELETE', at, undefined, changed.registration_access_token)).status).toBe(204)
    expect((await ask('DELETE', at, undefined, changed.registration_access_token)).status).toBe(401)
    expect(await wholeSignIn(changed)).toEqual(expect.stringContaining('invalid_client'))
  })

  it('is not another’s to see or change, nor one that an operator made', async () => {
    const [mine, theirs] = [(await register(app)).told, (await register(app)).told]
    for (const at of [String(theirs.registration_client_uri), `${clinic.server.origin}/auth/register/public`])
      for (const method of ['GET', 'DELETE'])
        expect((await ask(method, at, undefined, mine.registration_access_token)).told.error).toBe('invalid_token')
  })

  it('of a name with NUL in it is none, wherever that is said', async () => {
    const { origin } = clinic.server
    const form = { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: '\0', client_secret: 'x' }) }
    const asked = await Promise.all([
      ask('GET', `${origin}/auth/register/%00`, undefined, 'made-up'),
      fetch(`${origin}/auth/token`, form),
      fetch(`${origin}/auth/authorize?response_type=code&client_id=%00`),
      fetch(`${origin}/auth/authorize?response_type=code&client_id=public&state=%00`),
    ])
    expect(asked.map(({ status }) => status)).toEqual([401, 401, 400, 400])
  })

  it('keeps nothing that its bearer could use', async () => {
    const { told } = await register({ ...app, token_endpoint_auth_method: 'client_secret_basic' }, await invite('patient/*.rs'))
    const [row] = await clinic.server.house.pool.query<{ text: string }>({
      text: 'select row_to_json(auth_client)::text as text from auth_client where id = $1',
      values: [told.client_id],
    })
    expect(row?.text).toContain('Diary')
    for (const held of [told.client_secret, told.registration_access_token]) expect(row?.text).not.toContain(String(held))
  })

  it('leaves an AuditEvent for what came of it, and for who could not show that they may', async () => {
    const { told } = await register(app, await invite('patient/*.rs'))
    await ask('PUT', String(told.registration_client_uri), { ...app, client_id: told.client_id }, told.registration_access_token)
    const { house, call } = clinic.server
    const events = matches(await call('GET', 'AuditEvent?subtype=client-change&_count=200')) as unknown as {
      outcomeDesc: string
      agent: { who: { identifier?: { value: string } } }[]
    }[]
    const own = events.filter(({ agent }) => agent.some(({ who }) => who.identifier?.value === told.client_id))
    expect(own.map(({ outcomeDesc }) => outcomeDesc).sort()).toEqual([
      'A program changed its registration.',
      'A program registered itself, by an invitation.',
    ])
    const noted = refusals(house)
    await registration(house, noted)({ method: 'POST', authorization: 'Bearer x', body: '{}', address: '192.0.2.77' })
    await noted.close()
    const refused = matches(await call('GET', 'AuditEvent?subtype=refused&address=192.0.2.77')) as unknown as { outcomeDesc: string }[]
    expect(refused.map(({ outcomeDesc }) => outcomeDesc)).toEqual([
      'A program could not show that it may register, or look after its registration.',
    ])
  })
})

describe('what is asked for', () => {
  let key: Awaited<ReturnType<typeof signer>>
  beforeAll(async () => {
    key = await signer('RS384')
  })

  const keyed = { ...app, token_endpoint_auth_method: 'private_key_jwt' }
  const cases: readonly [string, string, () => unknown][] = [
    ['is no JSON', 'invalid_request', () => '{'],
    ['is a list', 'invalid_request', () => '[]'],
    ['holds NUL in a key set', 'invalid_request', () => ({ ...keyed, jwks: { keys: [{ ...key.publicJwk, kid: '\0' }] } })],
    ['has half a character in its name', 'invalid_request', () => ({ ...app, client_name: 'Diary \ud800' })],
    ['has no name', 'invalid_client_metadata', () => ({ ...app, client_name: undefined })],
    ['has a name that turns round what follows', 'invalid_client_metadata', () => ({ ...app, client_name: 'Diary \u202e' })],
    ['has a name that nobody sees', 'invalid_client_metadata', () => ({ ...app, client_name: '\u3164\u115f\u2800 ' })],
    [
      'has a name that runs over what is beside it',
      'invalid_client_metadata',
      () => ({ ...app, client_name: `Diary${'\u0301'.repeat(9)}` }),
    ],
    ['has nowhere to come back to', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: [] })],
    ['comes back by http', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: ['http://app.example/back'] })],
    [
      'comes back to a host that only looks like this machine',
      'invalid_redirect_uri',
      () => ({ ...app, redirect_uris: ['http://localhost.example/'] }),
    ],
    ['comes back anywhere below a name', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: ['https://*.app.example/back'] })],
    ['comes back with a login', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: ['https://a:b@app.example/'] })],
    [
      'comes back to one host or another',
      'invalid_redirect_uri',
      () => ({ ...app, redirect_uris: ['https://app.example\\@evil.example/'] }),
    ],
    ['comes back to no host', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: ['https:app.example'] })],
    [
      'comes back to a login on this machine',
      'invalid_redirect_uri',
      () => ({ ...app, redirect_uris: ['http://127.0.0.1:1@evil.example/'] }),
    ],
    ['comes back to a scheme of its own', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: ['org.example.app:/back'] })],
    ['comes back to a fragment', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: ['https://app.example/#x'] })],
    ['comes back to a script', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: ['javascript:alert(1)'] })],
    ['comes back to very many places', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: Array(11).fill(redirect) })],
    ['says one place as a text', 'invalid_redirect_uri', () => ({ ...app, redirect_uris: redirect })],
    ['has no scope of a patient’s', 'invalid_client_metadata', () => ({ ...app, scope: 'user/*.rs' })],
    ['has a scope that is none', 'invalid_client_metadata', () => ({ ...app, scope: 7 })],
    ['signs in in a way of its own', 'invalid_client_metadata', () => ({ ...app, token_endpoint_auth_method: 'tls_client_auth' })],
    ['wants tokens in an address', 'invalid_client_metadata', () => ({ ...app, grant_types: ['implicit'] })],
    ['wants another answer than a code', 'invalid_client_metadata', () => ({ ...app, response_types: ['id_token'] })],
    ['signs in with a key that it does not show', 'invalid_client_metadata', () => keyed],
    [
      'shows its keys in both ways',
      'invalid_client_metadata',
      () => ({ ...keyed, jwks: JSON.parse(keySet(key)), jwks_uri: 'https://app.example/k' }),
    ],
    ['shows a private key', 'invalid_client_metadata', () => ({ ...keyed, jwks: { keys: [{ ...key.publicJwk, d: 'x' }] } })],
    ['keeps its keys inside our network', 'invalid_client_metadata', () => ({ ...keyed, jwks_uri: 'https://10.0.0.1/keys' })],
    ['brings a software statement', 'unapproved_software_statement', () => ({ ...app, software_statement: 'e30.e30.' })],
    ['names a page of a script', 'invalid_client_metadata', () => ({ ...app, client_uri: 'javascript:alert(1)' })],
    ['names contacts that are none', 'invalid_client_metadata', () => ({ ...app, contacts: ['nobody'] })],
  ]

  it.each(cases)('and %s is refused: %s', async (_what, code, body) => {
    const { house } = clinic.server
    const said = body()
    const answer = await registration(
      house,
      refusals(house),
    )({
      method: 'POST',
      body: typeof said === 'string' ? said : JSON.stringify(said),
      address: '192.0.2.1',
    })
    expect([answer.status, answer.body]).toEqual([400, { error: code, error_description: expect.any(String) }])
  })

  it('and is not known here is left out, and none of ours can be set', async () => {
    const sent = {
      ...app,
      slotwise_introspects: true,
      slotwise_scope: 'system/*.cruds',
      client_id: 'public',
      logo_uri: 'https://a.example/l',
    }
    const { told } = await register({ ...sent, client_uri: 'https://app.example/', contacts: ['ops@app.example'] })
    expect(told).toMatchObject({ client_uri: 'https://app.example/', contacts: ['ops@app.example'] })
    expect(
      Object.keys(told).filter((name) => ['slotwise_introspects', 'slotwise_scope', 'logo_uri', 'client_secret'].includes(name)),
    ).toEqual([])
    expect(told.client_id).not.toBe('public')
  })

  it('and is too long, or is no JSON by its own word, is refused in the protocol’s words', async () => {
    const long = await register({ ...app, client_name: 'x'.repeat(60_000) })
    const form = await ask('POST', `${clinic.server.origin}/auth/register`, 'client_name=x', undefined, 'application/x-www-form-urlencoded')
    expect([long.status, long.told.error, form.status, form.told.error]).toEqual([413, 'invalid_request', 415, 'invalid_request'])
  })

  it('and comes too often from one address is told to wait', async () => {
    const { house } = clinic.server
    const time = { ms: Date.now() }
    const asked = registration({ ...house, clock: { now: () => new Date(time.ms) } }, refusals(house))
    const once = (address: string) => asked({ method: 'POST', body: '[]', address })
    for (let n = 0; n < registrationsAMinute; n++) expect((await once('192.0.2.9')).status).toBe(400)
    const refused = await once('192.0.2.9')
    expect([refused.status, Number(refused.headers?.['retry-after']) > 0, (await once('198.51.100.9')).status]).toEqual([429, true, 400])
    time.ms += 60_000
    expect((await once('192.0.2.9')).status).toBe(400)
  })
})
