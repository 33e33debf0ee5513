/**
 * An app, and the steps that it takes: asks for a code, is sent back with it, exchanges it, refreshes. A check changes one of
 * them. https://hl7.org/fhir/smart-app-launch/app-launch.html
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import { type Arrival, browser } from './browser.ts'
import { NotDeclared } from './check.ts'
import type { Answer, Loose } from './client.ts'
import { hold, status } from './expect.ts'
import type { Site } from './site.ts'
import { type App, type Key, kinds } from './smart-options.ts'
import { configuration } from './smart-server.ts'

/** Undefined leaves a parameter out. */
export type Changes = Readonly<Record<string, string | undefined>>

export type Asked = { readonly app: App; readonly state: string; readonly verifier: string; readonly parameters: URLSearchParams }

const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }

/** An endpoint of the server; a check of one that there is not is skipped. */
export async function endpoint(site: Site, name: string): Promise<string> {
  const told = (await configuration(site))?.[name]
  if (typeof told !== 'string') throw new NotDeclared(name)
  return told
}

export const sent = (
  { call }: Site,
  address: string,
  values: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => call('POST', address, { body: `${new URLSearchParams(values)}`, headers: { ...form, ...headers }, token: null })

/** Of the apps that were given, the first of that kind. */
export function appOf({ options }: Site, kind?: keyof typeof kinds): App {
  const app = options.smart?.apps?.find((one) => kind === undefined || kinds[kind](one))
  hold(app, 'no such app was given')
  return app
}

/** Right in every way but for what is changed. */
export function asked({ base }: Site, app: App, changes: Changes = {}): Asked {
  const [state, verifier] = [randomBytes(16).toString('hex'), randomBytes(32).toString('base64url')]
  const parameters = {
    response_type: 'code',
    client_id: app.client_id,
    redirect_uri: app.redirect_uri,
    scope: app.scope,
    state,
    aud: base,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  }
  const said = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return { app, state, verifier, parameters: new URLSearchParams(said) }
}

/** Signs in and allows what is asked for, unless it is refused before. */
export async function arrival(site: Site, { app, parameters }: Asked, method: 'GET' | 'POST' = 'GET'): Promise<Arrival> {
  const address = await endpoint(site, 'authorization_endpoint')
  const visitor = browser(site.call, app.redirect_uri, site.options.smart?.sign_in ?? [])
  if (method === 'POST') return visitor.post(address, parameters)
  return visitor.go(`${address}${address.includes('?') ? '&' : '?'}${parameters}`)
}

/** The code, with which somebody is sent back to the app that asked. */
export async function codeOf(site: Site, request: Asked, method: 'GET' | 'POST' = 'GET'): Promise<string> {
  const came = await arrival(site, request, method)
  if (!came.back) throw new Error(`nobody is sent back to the app: ${came.status} at ${came.url.split('?')[0]} ${came.text.slice(0, 200)}`)
  const { code, error, error_description, state } = Object.fromEntries(came.back)
  hold(code !== undefined && error === undefined, `no code but ${error ?? 'nothing'}: ${error_description ?? ''}`)
  hold(state === request.state, `state: ${state} instead of ${request.state}`)
  return code
}

/** With what an app shows who it is: a secret by Basic, an assertion, or its name. */
export async function credentials(
  site: Site,
  { client_id, client_secret, key }: Pick<App, 'client_id' | 'client_secret' | 'key'>,
): Promise<{ readonly values: Readonly<Record<string, string>>; readonly headers: Readonly<Record<string, string>> }> {
  if (key !== undefined) return { values: await assertion(key, client_id, await endpoint(site, 'token_endpoint')), headers: {} }
  if (client_secret === undefined) return { values: { client_id }, headers: {} }
  const pair = [client_id, client_secret].map(encodeURIComponent).join(':')
  return { values: {}, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint */
export async function assertion(
  key: Key,
  client: string,
  audience: string,
  claims: object = {},
): Promise<Readonly<Record<string, string>>> {
  const now = Math.floor(Date.now() / 1000)
  const said = { iss: client, sub: client, aud: audience, exp: now + 240, iat: now, jti: randomUUID(), ...claims }
  const signed = new SignJWT(said).setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT' })
  return { client_assertion_type: assertionType, client_assertion: await signed.sign(await importJWK(key, key.alg)) }
}

/** What a code is exchanged with; `shows` is who asks. */
export async function exchange(
  site: Site,
  { app, verifier }: Asked,
  code: string,
  changes: Changes = {},
  shows: Pick<App, 'client_id' | 'client_secret' | 'key'> = app,
): Promise<Answer> {
  const { values, headers } = await credentials(site, shows)
  const right = { grant_type: 'authorization_code', code, redirect_uri: app.redirect_uri, code_verifier: verifier, ...values, ...changes }
  const said = Object.entries(right).filter((one): one is [string, string] => one[1] !== undefined)
  return sent(site, await endpoint(site, 'token_endpoint'), Object.fromEntries(said), { ...originOf(app), ...headers })
}

/** A public app on the web asks from its page. */
export const originOf = (app: App): Readonly<Record<string, string>> =>
  kinds.public(app) && /^https?:/.test(app.redirect_uri) ? { origin: new URL(app.redirect_uri).origin } : {}

/** The whole way: what an app has when somebody has signed in to it. */
export async function signedIn(site: Site, app: App, changes: Changes = {}): Promise<Loose> {
  const request = asked(site, app, changes)
  return status(await exchange(site, request, await codeOf(site, request)), 200, 'exchange of the code').json
}

export async function refresh(site: Site, app: App, token: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { values, headers } = await credentials(site, app)
  const said = { grant_type: 'refresh_token', refresh_token: token, ...values, ...more }
  return sent(site, await endpoint(site, 'token_endpoint'), said, headers)
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
export function refusedToken(answer: Answer, wanted: readonly number[], what: string): void {
  status(answer, wanted, what)
  hold(/^[a-z_]+$/.test(answer.json?.error ?? ''), `${what}: error ${JSON.stringify(answer.json?.error)}`)
  hold(!answer.json.access_token, `${what}: an access token`)
}

/** Sent back with an error and the state, or shown a page that says so; no code, whatever is typed. */
export function refusedCode(came: Arrival, { state }: { readonly state?: string }, what: string): void {
  hold(came.back || (came.status >= 400 && came.status < 500), `${what}: a page with ${came.back ? '' : came.status}`)
  if (!came.back) return
  const told = Object.fromEntries(came.back)
  hold(told.code === undefined, `${what}: a code`)
  hold(/^[a-z_]+$/.test(told.error ?? ''), `${what}: error ${told.error}`)
  hold(state === undefined || told.state === state, `${what}: state ${told.state} instead of ${state}`)
}
