/**
 * SMART App Launch against the running server, each test by the requirement that it shows (the certification kit's groups:
 * discovery, standalone and EHR launch, refresh, OpenID Connect, introspection). A stand-in for a browser fills in the pages.
 * https://hl7.org/fhir/smart-app-launch/
 */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { newInvitation } from '../../src/auth/registration/invitation.ts'
import { authFormBytesMax } from '../../src/base/sign-in-limits.ts'
import type { Loose } from '../interactions/rest.ts'
import { words } from '../support/browser-stand-in.ts'
import { eventually } from '../support/house.ts'
import { askToken, assertion, assertionType } from './assertions.ts'
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

let clinic: SignInClinic

beforeAll(async () => {
  clinic = await signInClinic()
}, 120_000)
afterAll(() => clinic?.server.close())

const json = async (url: string): Promise<Loose> => (await fetch(url)).json()

describe('H.1 Discovery', () => {
  it('smart-configuration has what each capability asks for, and each endpoint that it names is there', async () => {
    const answer = await fetch(`${clinic.server.house.base}/.well-known/smart-configuration`, {
      headers: { origin: 'https://app.example' },
    })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const said = (await answer.json()) as Record<string, string[] & string>
    expect(said.grant_types_supported).toEqual(expect.arrayContaining(['authorization_code', 'client_credentials']))
    expect(said.code_challenge_methods_supported).toEqual(['S256'])
    expect(said.capabilities).toEqual(
      expect.arrayContaining(['launch-ehr', 'launch-standalone', 'sso-openid-connect', 'permission-v1', 'permission-v2']),
    )
    expect(said.issuer).toBe(clinic.server.origin)
    for (const name of ['authorization_endpoint', 'jwks_uri'])
      expect([name, (await fetch(String(said[name]))).status === 404]).toEqual([name, false])
    for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint'])
      expect([name, (await fetch(String(said[name]), { method: 'POST' })).status]).toEqual([name, 400])
  })

  it('openid-configuration agrees with it, and the key set has the RSA keys that it speaks of', async () => {
    const said = await json(`${clinic.server.origin}/.well-known/openid-configuration`)
    const smart = await json(`${clinic.server.house.base}/.well-known/smart-configuration`)
    for (const name of ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'introspection_endpoint', 'revocation_endpoint'])
      expect([name, said[name]]).toEqual([name, smart[name]])
    expect(said.response_types_supported).toEqual(['code'])
    expect(said.subject_types_supported).toEqual(['public'])
    expect(said.id_token_signing_alg_values_supported).toContain('RS256')
    expect(said.code_challenge_methods_supported).toEqual(['S256'])
    const { keys } = await json(said.jwks_uri)
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })
})

describe('H.1 Standalone launch', () => {
  it('of a public client comes back with its state and a code, which gives a token with the patient', async () => {
    const at = open(clinic)
    const wanted = request(clinic)
    const page = await at.go(wanted.url)
    expect(words(page)).toContain('Calendar app asks you to sign in here')
    const consent = await signIn(at, page, 'ana')
    expect(words(consent)).toContain('Ana Alvarez, born 1980-02-03')
    const told = back(await allow(at, consent))
    expect([told.get('state'), told.get('error'), told.get('iss')]).toEqual([wanted.state, null, clinic.server.origin])
    const { status, headers, json: token } = await exchange(clinic, wanted, told.get('code'), { origin: 'https://app.example' })
    expect([status, token.token_type, token.patient]).toEqual([200, 'Bearer', 'p1'])
    expect(token.scope).toBe('launch/patient openid fhirUser offline_access patient/*.rs')
    expect([typeof token.access_token, typeof token.refresh_token, typeof token.expires_in]).toEqual(['string', 'string', 'number'])
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
    const call = clinic.server.as(String(token.access_token))
    expect((await call('GET', 'Patient/p1')).status).toBe(200)
    expect((await call('GET', 'Patient/p2')).status).toBe(404)
    expect((await call('PUT', 'Patient/p1', { resourceType: 'Patient', id: 'p1' })).status).toBe(403)
  })

  it('of a symmetric client signs in by Basic, and of an asymmetric one by its assertion', async () => {
    const { secret, key, tokenUrl } = clinic
    const at = open(clinic)
    const one = request(clinic, { client_id: 'symmetric' })
    const code = back(await allow(at, await signIn(at, await at.go(one.url), 'ana'))).get('code')
    const wrong = `Basic ${Buffer.from('symmetric:wrong').toString('base64')}`
    expect((await exchange(clinic, one, code, { authorization: wrong })).status).toBe(401)
    const right = `Basic ${Buffer.from(`symmetric:${secret}`).toString('base64')}`
    expect((await exchange(clinic, one, code, { authorization: right })).status).toBe(200)

    const other = request(clinic, { client_id: 'asymmetric' })
    const told = back(await allow(at, await at.go(other.url)))
    const form = { grant_type: 'authorization_code', code: told.get('code') ?? '', redirect_uri: redirect, code_verifier: other.verifier }
    expect((await askToken(tokenUrl, { ...form, client_id: 'asymmetric' })).status).toBe(401)
    const client_assertion = await assertion(key, 'asymmetric', tokenUrl)
    expect((await askToken(tokenUrl, { ...form, client_assertion, client_assertion_type: assertionType })).status).toBe(200)
  })

  // Behind a proxy it may be somebody else's request that comes next on the line.
  it.each(['token', 'authorize'])('a form that is too long for %s is the last on its line', async (path) => {
    const line = connect(Number(new URL(clinic.server.origin).port), '127.0.0.1')
    const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000'
    line.write(`POST /auth/${path} HTTP/1.1\r\nHost: here\r\n${form}\r\n\r\ncode=${'x'.repeat(authFormBytesMax)}`)
    expect(await text(line)).toMatch(/^HTTP\/1.1 413 .*\r\nconnection: close\r\n/is)
  })

  it('takes the authorization request by POST too', async () => {
    const at = open(clinic)
    const { url } = request(clinic)
    const page = await at.post(clinic.authorizeUrl, new URL(url).searchParams)
    expect(words(page)).toContain('Sign in')
    expect(back(await allow(at, await signIn(at, page, 'ana'))).get('code')).not.toBeNull()
  })

  it.each([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE in the clear', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['another audience', { aud: 'https://elsewhere.example/fhir' }, 'invalid_target'],
    ['no audience', { aud: undefined }, 'invalid_request'],
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['no scope', { scope: undefined }, 'invalid_scope'],
    ['scopes that it is not registered for', { scope: 'system/*.rs' }, 'invalid_scope'],
    ['a launch that nobody gave out', { launch: 'made-up', scope: 'launch patient/*.rs' }, 'invalid_request'],
    ['the scope launch without one', { scope: 'launch patient/*.rs' }, 'invalid_request'],
  ])('with %s goes back to the app with an error and its state', async (_what, change, error) => {
    const wanted = request(clinic, change)
    const told = back(await open(clinic).go(wanted.url))
    expect([told.get('error'), told.get('state'), told.get('code')]).toEqual([error, wanted.state, null])
  })

  it('without a state goes back with an error, for an app would not know it for its own', async () => {
    const told = back(await open(clinic).go(request(clinic, { state: undefined }).url))
    expect([told.get('error'), told.get('code')]).toEqual(['invalid_request', null])
  })

  it.each([
    ['another redirect_uri', { redirect_uri: 'https://evil.example/back' }],
    ['a redirect_uri that is longer', { redirect_uri: `${redirect}/more` }],
    ['an unknown client', { client_id: 'nobody' }],
  ])('with %s is told in a page, and sent nowhere', async (_what, change) => {
    const page = await open(clinic).go(request(clinic, change).url)
    expect([page.status, page.url.startsWith(clinic.server.origin)]).toEqual([400, true])
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('a code is good once, for its own verifier, client and redirect_uri', async () => {
    const at = open(clinic)
    const one = request(clinic)
    const code = back(await allow(at, await signIn(at, await at.go(one.url), 'ana'))).get('code')
    const other = request(clinic)
    expect((await exchange(clinic, { ...one, verifier: other.verifier }, code)).json.error).toBe('invalid_grant')
    const all = await Promise.all(Array.from({ length: 8 }, () => exchange(clinic, one, code)))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(all.filter(({ json: { error } }) => error === 'invalid_grant')).toHaveLength(7)
  })

  it('a code that is shown again takes back what it gave', async () => {
    const at = open(clinic)
    const wanted = request(clinic)
    const code = back(await allow(at, await signIn(at, await at.go(wanted.url), 'ana'))).get('code')
    const { json: token } = await exchange(clinic, wanted, code)
    expect((await exchange(clinic, wanted, code)).json.error).toBe('invalid_grant')
    const call = clinic.server.as(String(token.access_token))
    await eventually(60_000, async () => (await call('GET', 'Patient/p1')).status === 401)
    expect((await refresh(clinic, token.refresh_token)).json.error).toBe('invalid_grant')
  })

  it('that the person does not allow comes back as access_denied', async () => {
    const at = open(clinic)
    const wanted = request(clinic)
    const told = back(await at.submit(await signIn(at, await at.go(wanted.url), 'ana'), { do: 'deny' }))
    expect([told.get('error'), told.get('state')]).toEqual(['access_denied', wanted.state])
    const other = open(clinic)
    const left = back(await other.submit(await other.go(wanted.url), { do: 'cancel' }))
    expect(left.get('error')).toBe('access_denied')
  })

  it('of version 1 scopes is answered in version 1, and of granular scopes with their searches', async () => {
    const scope = 'launch/patient patient/Patient.read patient/Appointment.rs?status=booked'
    const { json: token } = await wholeSignIn(clinic, 'ana', { scope })
    expect([token.scope, token.refresh_token]).toEqual([scope, undefined])
  })
})

describe('who may open what', () => {
  it('staff search for a patient and open an app for that one', async () => {
    const at = open(clinic)
    const wanted = request(clinic)
    const picker = await signIn(at, await at.go(wanted.url), 'doctor')
    expect(words(picker)).toContain('Which patient?')
    const found = await at.submit(picker, { name: 'alvarez' })
    expect(found.text.match(/name="patient" value="([^"]+)"/g)).toHaveLength(2)
    const consent = await at.submit(found, { patient: 'p3' }, 1)
    expect(words(consent)).toContain('The record is that of Ana Alvarez-Chen')
    const { json: token } = await exchange(clinic, wanted, back(await allow(at, consent)).get('code'))
    expect(token.patient).toBe('p3')
    const seen = await clinic.server.call('GET', 'AuditEvent?patient=Patient/p3&agent=Practitioner/d1')
    expect(JSON.stringify(seen.json)).toContain('Practitioner/d1')
  })

  it('staff are not offered whom a Consent keeps from them, open no app for them and make no launch', async () => {
    const code = (system: string, one: string) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code: one }] })
    const { call, origin, token: mint } = clinic.server
    const actor = [{ role: code('v3-ParticipationType', 'PRCP'), reference: { reference: 'Practitioner/d1' } }]
    const kept = await call('PUT', 'Consent/keeping', {
      resourceType: 'Consent',
      id: 'keeping',
      status: 'active',
      scope: code('consentscope', 'patient-privacy'),
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: { reference: 'Patient/p3' },
      policyRule: code('v3-ActCode', 'OPTIN'),
      provision: { type: 'deny', actor },
    })
    expect(kept.status).toBe(201)
    try {
      const at = open(clinic)
      const picker = await signIn(at, await at.go(request(clinic).url), 'doctor')
      const found = await at.submit(picker, { name: 'alvarez' })
      expect([...found.text.matchAll(/name="patient" value="([^"]+)"/g)].map(([, id]) => id)).toEqual(['p1'])
      expect(found.text).not.toContain('Alvarez-Chen')
      const [forged, nobody] = [await at.go(`${picker.url}?patient=p3`), await at.go(`${picker.url}?patient=nobody`)]
      expect([words(forged), words(forged).includes('Which patient?')]).toEqual([words(nobody), true])
      const staff = await mint('user/Patient.rs', { user: 'Practitioner/d1' })
      const launched = async (patient: string) => {
        const headers = { authorization: `Bearer ${staff}`, 'content-type': 'application/json' }
        const answer = await fetch(`${origin}/auth/launch`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ client_id: 'public', patient }),
        })
        return [answer.status, await answer.text()]
      }
      expect(await launched('p3')).toEqual(await launched('nobody'))
      expect((await launched('p1'))[0]).toBe(201)
    } finally {
      await call('DELETE', 'Consent/keeping')
    }
  })

  it('somebody who acts for several picks one of theirs, and is offered nobody whose time with them is over', async () => {
    const at = open(clinic)
    const wanted = request(clinic)
    const picker = await signIn(at, await at.go(wanted.url), 'parent')
    expect([...picker.text.matchAll(/name="patient" value="([^"]+)"/g)].map(([, id]) => id)).toEqual(['p1', 'p2'])
    const consent = await at.submit(picker, { patient: 'p2' })
    const { json: token } = await exchange(clinic, wanted, back(await allow(at, consent)).get('code'))
    expect(token.patient).toBe('p2')
    expect((await clinic.server.as(String(token.access_token))('GET', 'Patient/p2')).status).toBe(200)
  })

  it('a patient cannot slip another’s id into the form or the address', async () => {
    const at = open(clinic)
    const wanted = request(clinic)
    const consent = await signIn(at, await at.go(wanted.url), 'ana')
    const { json: token } = await exchange(clinic, wanted, back(await at.submit(consent, { do: 'allow', patient: 'p1' })).get('code'))
    expect(token.patient).toBe('p1')
    const other = request(clinic)
    const asked = await at.go(other.url)
    const forged = await at.submit(asked, { do: 'allow', patient: 'p2' })
    expect(forged.url.startsWith(clinic.server.origin)).toBe(true)
    expect(words(forged)).toContain('Ana Alvarez, born')
    expect(words(await at.go(`${asked.url}?patient=p2`))).toContain('Ana Alvarez, born')
    expect(forged.text).not.toContain('Brown')
  })

  it('nobody gives an app more than their role has: a patient no user/ scope, an auditor audit events alone', async () => {
    const scope = 'launch/patient user/Patient.rs patient/Patient.rs'
    expect((await wholeSignIn(clinic, 'ana', { scope })).json.scope).toBe('launch/patient patient/Patient.rs')
    expect((await wholeSignIn(clinic, 'auditor', { scope: 'user/*.rs openid' })).json.scope).toBe('user/AuditEvent.rs openid')
    const at = open(clinic)
    const none = await signIn(at, await at.go(request(clinic, { scope: 'user/Patient.rs' }).url), 'ana')
    expect(back(none).get('error')).toBe('access_denied')
  })
})

describe('H.1 EHR launch', () => {
  const launchFor = async (token: string, body: object): Promise<Response> =>
    fetch(`${clinic.server.origin}/auth/launch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const staff = () => clinic.server.token('user/Patient.rs', { user: 'Practitioner/d1' })
  const scope = 'launch openid fhirUser patient/*.rs'

  it('opens the app with the patient and what else was in view', async () => {
    const context = {
      patient: 'p2',
      encounter: 'e1',
      fhirContext: [{ reference: 'Appointment/a1' }],
      intent: 'reschedule',
      need_patient_banner: false,
    }
    const answer = await launchFor(await staff(), { client_id: 'public', ...context })
    const { launch, iss } = (await answer.json()) as { launch: string; iss: string }
    expect([answer.status, iss]).toEqual([201, clinic.server.house.base])
    const { json: token } = await wholeSignIn(clinic, 'doctor', { launch, scope })
    expect(token).toMatchObject(context)
    expect(token.scope).toBe(scope)
    const again = back(await open(clinic).go(request(clinic, { launch, scope }).url))
    expect(again.get('error')).toBe('invalid_request')
  })

  it('is for the app and the person that it was made for', async () => {
    const { launch } = (await (await launchFor(await staff(), { client_id: 'symmetric', patient: 'p1' })).json()) as { launch: string }
    expect(back(await open(clinic).go(request(clinic, { launch, scope }).url)).get('error')).toBe('invalid_request')
    const { launch: own } = (await (await launchFor(await staff(), { client_id: 'public', patient: 'p1' })).json()) as { launch: string }
    const at = open(clinic)
    expect(back(await signIn(at, await at.go(request(clinic, { launch: own, scope }).url), 'ana')).get('error')).toBe('access_denied')
  })

  it('does not open a record to somebody who may not read it', async () => {
    const system = await clinic.server.token('system/Patient.r')
    const { launch } = (await (await launchFor(system, { client_id: 'public', patient: 'p2' })).json()) as { launch: string }
    const at = open(clinic)
    expect(back(await signIn(at, await at.go(request(clinic, { launch, scope }).url), 'ana')).get('error')).toBe('access_denied')
  })

  it.each([
    ['a patient’s token', () => clinic.server.token('patient/*.cruds', { patient: 'p1' }), { client_id: 'public', patient: 'p1' }, 403],
    ['a granular token', () => clinic.server.token('user/Patient.rs?_id=p1'), { client_id: 'public', patient: 'p1' }, 403],
    ['no rights to patients', () => clinic.server.token('user/Slot.rs'), { client_id: 'public', patient: 'p1' }, 403],
    ['no token that is any good', async () => 'nonsense', { client_id: 'public' }, 401],
    ['a client that nobody knows', staff, { client_id: 'nobody', patient: 'p1' }, 400],
    ['a patient that is not there', staff, { client_id: 'public', patient: 'nobody' }, 400],
    ['no client', staff, { patient: 'p1' }, 400],
    ['something that a launch has not', staff, { client_id: 'public', patients: 'p1' }, 400],
    ['an odd reference', staff, { client_id: 'public', fhirContext: [{ reference: 'https://x.example/Patient/1' }] }, 400],
  ])('is refused with %s', async (_what, token, body, status) => {
    expect((await launchFor(await token(), body)).status).toBe(status)
  })
})

describe('H.1 Refresh', () => {
  it('gives a new token with and without a scope, which may be less and never more', async () => {
    const { json: first } = await wholeSignIn(clinic, 'ana')
    const { status, json: second, headers } = await refresh(clinic, first.refresh_token)
    expect([status, second.token_type, second.scope, second.patient]).toEqual([200, 'Bearer', first.scope, 'p1'])
    expect([typeof second.expires_in, headers.get('cache-control')]).toEqual(['number', 'no-store'])
    const { json: third } = await refresh(clinic, second.refresh_token, { scope: 'patient/*.rs' })
    expect(third.scope).toBe('patient/*.rs')
    expect((await refresh(clinic, third.refresh_token, { scope: 'patient/*.cruds' })).json.error).toBe('invalid_scope')
    expect((await refresh(clinic, third.refresh_token)).status).toBe(200)
  })

  it('turns the token over: an old one that is shown again ends all that came of it', async () => {
    const { json: first } = await wholeSignIn(clinic, 'ana')
    const { json: second } = await refresh(clinic, first.refresh_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect((await refresh(clinic, first.refresh_token)).json.error).toBe('invalid_grant')
    expect((await refresh(clinic, second.refresh_token)).json.error).toBe('invalid_grant')
    const call = clinic.server.as(String(second.access_token))
    await eventually(60_000, async () => (await call('GET', 'Patient/p1')).status === 401)
  })

  it('of one token many times at once answers one', async () => {
    const { json: first } = await wholeSignIn(clinic, 'ana')
    const all = await Promise.all(Array.from({ length: 8 }, () => refresh(clinic, first.refresh_token)))
    expect(all.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(all.filter(({ status }) => status >= 500)).toEqual([])
  })

  it('needs no client_id of a public client, and the credentials of any other', async () => {
    const { json: first } = await wholeSignIn(clinic, 'ana')
    const bare = { grant_type: 'refresh_token', refresh_token: String(first.refresh_token) }
    const { status, json: second } = await askToken(clinic.tokenUrl, bare)
    expect([status, second.patient]).toEqual([200, 'p1'])
    const at = open(clinic)
    const wanted = request(clinic, { client_id: 'symmetric' })
    const code = back(await allow(at, await signIn(at, await at.go(wanted.url), 'ana'))).get('code')
    const authorization = `Basic ${Buffer.from(`symmetric:${clinic.secret}`).toString('base64')}`
    const { json: other } = await exchange(clinic, wanted, code, { authorization })
    const nameless = { grant_type: 'refresh_token', refresh_token: String(other.refresh_token) }
    expect((await askToken(clinic.tokenUrl, nameless)).status).toBe(400)
    expect((await askToken(clinic.tokenUrl, { ...nameless, client_id: 'symmetric' })).status).toBe(401)
    expect((await askToken(clinic.tokenUrl, nameless, { authorization })).status).toBe(200)
  })

  it('is refused to another client', async () => {
    const { json: first } = await wholeSignIn(clinic, 'ana')
    const authorization = `Basic ${Buffer.from(`symmetric:${clinic.secret}`).toString('base64')}`
    const form = { grant_type: 'refresh_token', refresh_token: String(first.refresh_token) }
    expect((await askToken(clinic.tokenUrl, form, { authorization })).json.error).toBe('invalid_grant')
  })

  it('of online_access ends when the person signs out', async () => {
    const { json: first, at } = await wholeSignIn(clinic, 'ana', { scope: 'launch/patient openid online_access patient/*.rs' })
    const { json: second } = await refresh(clinic, first.refresh_token)
    const bye = await at.go(`${clinic.server.origin}/auth/logout`)
    expect(words(bye)).toContain('Sign out?')
    expect(words(await at.submit(bye, { logout: 'yes' }))).toContain('Signed out')
    expect((await refresh(clinic, second.refresh_token)).json.error).toBe('invalid_grant')
  })

  it('ends when the refresh token is revoked', async () => {
    const { json: token } = await wholeSignIn(clinic, 'ana')
    const body = new URLSearchParams({ token: String(token.refresh_token), client_id: 'public' })
    expect((await fetch(`${clinic.server.origin}/auth/revoke`, { method: 'POST', body })).status).toBe(200)
    expect((await refresh(clinic, token.refresh_token)).json.error).toBe('invalid_grant')
  })
})

describe('H.1 OpenID Connect', () => {
  it('the ID token is RS256 by a published key, for the client, and says who signed in', async () => {
    const at = open(clinic)
    const wanted = request(clinic, { nonce: 'n-1', scope: 'openid fhirUser profile user/Practitioner.rs' })
    const code = back(await allow(at, await signIn(at, await at.go(wanted.url), 'doctor'))).get('code')
    const { json: token } = await exchange(clinic, wanted, code)
    const { jwks_uri, issuer } = await json(`${clinic.server.origin}/.well-known/openid-configuration`)
    const keys = createLocalJWKSet((await json(jwks_uri)) as unknown as JSONWebKeySet)
    const { payload } = await jwtVerify(String(token.id_token), keys, { issuer, audience: 'public', algorithms: ['RS256'] })
    expect(decodeProtectedHeader(String(token.id_token)).kid).toEqual(expect.any(String))
    expect([typeof payload.exp, typeof payload.iat, payload.nonce]).toEqual(['number', 'number', 'n-1'])
    expect(String(payload.sub).length).toBeLessThan(256)
    expect([payload.fhirUser, payload.name]).toEqual([`${clinic.server.house.base}/Practitioner/d1`, 'Dr Adeyemi'])
    const read = await clinic.server.as(String(token.access_token))('GET', String(payload.fhirUser))
    expect([read.status, read.json.id]).toEqual([200, 'd1'])
  })

  it('and nothing else that somebody was given in signing in is an access token', async () => {
    const at = open(clinic)
    const wanted = request(clinic)
    const code = back(await allow(at, await signIn(at, await at.go(wanted.url), 'ana'))).get('code')
    const uses = async (held: unknown) => (await clinic.server.as(String(held))('GET', 'Patient/p1')).status
    const before = await uses(code)
    const { json: token } = await exchange(clinic, wanted, code)
    const { house } = clinic.server
    const invited = await newInvitation(house.pool, { scope: 'patient/*.rs', expires: new Date(Date.now() + 60_000) })
    const others = [token.id_token, token.refresh_token, code, invited, clinic.secret]
    expect([before, ...(await Promise.all(others.map(uses)))]).toEqual(Array(6).fill(401))
    expect(await uses(token.access_token)).toBe(200)
    for (const held of [token.access_token, token.id_token, code]) expect((await refresh(clinic, held)).json.error).toBe('invalid_grant')
  })

  it('says nothing of fhirUser where it was not asked for', async () => {
    const { json: token } = await wholeSignIn(clinic, 'doctor', { scope: 'openid user/Practitioner.rs' })
    const payload = JSON.parse(Buffer.from(String(token.id_token).split('.')[1] ?? '', 'base64url').toString())
    expect(payload).not.toHaveProperty('fhirUser')
  })
})

describe('H.1 Introspection', () => {
  const ask = async (token: unknown, headers: Record<string, string>) => {
    const answer = await fetch(`${clinic.server.origin}/auth/introspect`, {
      method: 'POST',
      body: new URLSearchParams({ token: String(token) }),
      headers,
    })
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
  }
  const basic = () => ({ authorization: `Basic ${Buffer.from(`symmetric:${clinic.secret}`).toString('base64')}` })

  async function tokenOfSymmetric(): Promise<Record<string, unknown>> {
    const at = open(clinic)
    const wanted = request(clinic, { client_id: 'symmetric' })
    const code = back(await allow(at, await signIn(at, await at.go(wanted.url), 'ana'))).get('code')
    return (await exchange(clinic, wanted, code, basic())).json
  }

  it('says what a token of the client’s own is, signed in or by a bearer token', async () => {
    const token = await tokenOfSymmetric()
    const expected = {
      active: true,
      client_id: 'symmetric',
      scope: token.scope,
      patient: 'p1',
      iss: clinic.server.origin,
      fhirUser: `${clinic.server.house.base}/Patient/p1`,
      exp: expect.any(Number),
      sub: expect.any(String),
    }
    expect((await ask(token.access_token, basic())).json).toMatchObject(expected)
    expect((await ask(token.access_token, { authorization: `Bearer ${token.access_token}` })).json).toMatchObject(expected)
  })

  it('says nothing but inactive of what is no token, is revoked, or is another’s', async () => {
    const inactive = { active: false }
    const token = await tokenOfSymmetric()
    const { json: others } = await wholeSignIn(clinic, 'ana')
    expect((await ask('nonsense', basic())).json).toEqual(inactive)
    expect((await ask(others.access_token, basic())).json).toEqual(inactive)
    expect((await ask(others.access_token, { authorization: `Bearer ${token.access_token}` })).json).toEqual(inactive)
    const body = new URLSearchParams({ token: String(token.access_token) })
    await fetch(`${clinic.server.origin}/auth/revoke`, { method: 'POST', body, headers: basic() })
    expect((await ask(token.access_token, basic())).json).toEqual(inactive)
    expect((await ask(others.access_token, { authorization: 'Bearer nonsense' })).status).toBe(401)
  })
})

describe('the pages', () => {
  it('are plain: no script, no frame, a label for each field, in a language', async () => {
    const at = open(clinic)
    const first = await at.go(request(clinic).url)
    const second = await signIn(at, first, 'doctor')
    for (const page of [first, second, await at.submit(second, { name: 'alvarez' })]) {
      expect(page.text).toMatch(/^<!doctype html>\n<html lang="en">/)
      expect(page.text).not.toMatch(/<script|javascript:| on[a-z]+=/i)
      const policy = page.headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("form-action 'self' https://app.example")
      const style = /<style>([\s\S]*?)<\/style>/.exec(page.text)?.[1] ?? ''
      expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`)
      const fields = [...page.text.matchAll(/<input type="(?!hidden)[^"]+" id="([^"]+)"/g)].map(([, id]) => id)
      expect(fields.length).toBeGreaterThan(0)
      for (const id of fields) expect(page.text).toContain(`<label for="${id}">`)
    }
  })

  it('show what somebody typed as text', async () => {
    const at = open(clinic)
    const page = await at.go(request(clinic).url)
    const again = await signIn(at, page, '"><script>alert(1)</script>', 'wrong password')
    expect(again.text).not.toContain('<script>')
    expect(again.text).toContain('value="&quot;&gt;&lt;script&gt;')
  })

  it('take no form from another site, without its token, or in another’s sign-in', async () => {
    const at = open(clinic)
    const page = await at.go(request(clinic).url)
    const form = { login: 'ana', password, do: 'sign-in' }
    expect((await at.submit(page, { ...form, token: '' })).status).toBe(403)
    expect((await at.submit(page, { ...form, token: 'x'.repeat(43) })).status).toBe(403)
    const token = /name="token" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const body = new URLSearchParams({ ...form, token })
    expect((await at.post(page.url, body, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await open(clinic).post(page.url, body, { origin: clinic.server.origin })).status).toBe(403)
    expect(words(await signIn(at, page, 'ana'))).toContain('Allow Calendar app?')
  })

  it('end a sign-in that nobody knows of with a page', async () => {
    const page = await open(clinic).go(`${clinic.server.origin}/auth/interaction/nothing`)
    expect([page.status, words(page).includes('This sign-in is over')]).toEqual([400, true])
  })

  it('keep their cookies from scripts and other sites', async () => {
    const answer = await fetch(request(clinic).url, { redirect: 'manual' })
    const cookies = answer.headers.getSetCookie()
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) expect(cookie).toMatch(/httponly/i)
    for (const cookie of cookies) expect(cookie).toMatch(/samesite=lax/i)
  })
})

describe('addresses', () => {
  it('are the public ones, whatever Host a request names', async () => {
    const { request: ask } = await import('node:http')
    const body = await new Promise<string>((resolve, reject) => {
      const { port } = new URL(clinic.server.origin)
      const asked = ask(
        {
          port,
          host: '127.0.0.1',
          path: '/.well-known/openid-configuration',
          headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
        },
        (answer) => {
          let text = ''
          answer.on('data', (chunk) => {
            text += chunk
          })
          answer.on('end', () => resolve(text))
        },
      )
      asked.once('error', reject).end()
    })
    expect(body).not.toContain('evil.example')
    expect(body).toContain(clinic.tokenUrl)
  })
})
