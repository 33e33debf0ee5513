/**
 * The checks of launches against an authorization server of others, with pages of its own: they are not fitted to ours. What
 * they find there is what docs/conformance.md says, with the reasons.
 */
import { exportJWK } from 'jose'
import { conformance, type Result } from '../../conformance/suite.ts'
import { signer } from '../auth/assertions.ts'
import { page, rows, section } from '../docs/markdown.ts'
import { type BareSignIn, bareSignIn } from '../support/bare-sign-in.ts'

let server: BareSignIn
let results: Result[]

const scope = 'openid offline_access patient/*.rs'
const redirect_uri = 'https://app.example/back'

beforeAll(async () => {
  const { key, kid, alg, publicJwk } = await signer('RS384')
  const own = { ...(await exportJWK(key)), kid, alg }
  const asserts = {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: alg,
    jwks_uri: 'https://keys.example/jwks',
  }
  const app = { redirect_uris: [redirect_uri], grant_types: ['authorization_code', 'refresh_token'] }
  const clients = [
    { ...app, client_id: 'public', token_endpoint_auth_method: 'none', application_type: 'web' },
    { ...app, client_id: 'symmetric', client_secret: 'a secret' },
    { ...app, ...asserts, client_id: 'asymmetric' },
    { ...asserts, client_id: 'program', redirect_uris: [], response_types: [], grant_types: ['client_credentials'], scope: 'system/*.rs' },
  ]
  server = await bareSignIn(clients, { keys: [publicJwk] })
  const smart = {
    apps: [
      { client_id: 'public', redirect_uri, scope },
      { client_id: 'symmetric', client_secret: 'a secret', redirect_uri, scope },
      { client_id: 'asymmetric', key: own, redirect_uri, scope },
    ],
    // Its pages: a name and whatever password, then one button to go on.
    sign_in: [{ login: 'ana', password: 'whatever' }, {}] as readonly Record<string, string>[],
    ehr: { launch: 'x', scope },
    program: { client_id: 'program', key: own, scope: 'system/*.rs' },
  }
  results = await conformance({ base: server.base, track: ['smart'], options: { smart } })
})
afterAll(() => server?.close())

const named = (verdict: Result['verdict']): string[] => results.filter((one) => one.verdict === verdict).map(({ check }) => check.name)
const written = rows(section(page('docs/conformance.md'), '## Signing in at another server')).flatMap(([names = '']) =>
  [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
)

it('fails the checks that the page gives reasons for, and no others', () => {
  expect(named('fail').toSorted()).toEqual(written.toSorted())
})

it('passes the others that launch an app', () => {
  expect(named('pass')).toEqual(
    expect.arrayContaining(['obtain-authorization-code.standalone', 'rfc6749.code-once', 'rfc9700.refresh-rotation', 'rfc7009.revoked']),
  )
})
