/** A server with people and apps to sign in with, and the steps that an app takes. */
import { createHash, randomBytes } from 'node:crypto'
import { addAccount } from '../../src/auth/accounts.ts'
import { addClient } from '../../src/auth/clients.ts'
import { type Browser, browser, type Page } from '../support/browser-stand-in.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { askToken, keySet, type Signer, signer, type TokenAnswer } from './assertions.ts'

export const password = 'correct horse battery'
export const redirect = 'https://app.example/back'

export type SignInClinic = {
  readonly server: TestHouse
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly key: Signer
  readonly secret: string
}

const scope = 'launch launch/patient launch/encounter openid fhirUser profile offline_access online_access patient/*.cruds user/*.cruds'

export async function signInClinic(options: Parameters<typeof testHouse>[0] = {}): Promise<SignInClinic> {
  const server = await testHouse(options)
  const { house, call } = server
  const patient = (id: string, family: string) => ({
    resourceType: 'Patient',
    id,
    name: [{ family, given: ['Ana'] }],
    birthDate: '1980-02-03',
  })
  await call('PUT', 'Patient/p1', patient('p1', 'Alvarez'))
  await call('PUT', 'Patient/p2', patient('p2', 'Brown'))
  await call('PUT', 'Patient/p3', patient('p3', 'Alvarez-Chen'))
  await call('PUT', 'Practitioner/d1', { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Adeyemi' }] })
  const related = (id: string, of: string, more: object = {}) => ({
    resourceType: 'RelatedPerson',
    id,
    patient: { reference: `Patient/${of}` },
    ...more,
  })
  await call('PUT', 'RelatedPerson/r1', related('r1', 'p1', { active: true }))
  await call('PUT', 'RelatedPerson/r2', related('r2', 'p2'))
  await call('PUT', 'RelatedPerson/old', related('old', 'p3', { period: { end: '2020-01-01' } }))
  const people = [
    { login: 'ana', name: 'Ana Alvarez', roles: ['patient'], person: 'Patient/p1', actsFor: [] },
    { login: 'doctor', name: 'Dr Adeyemi', roles: ['practitioner'], person: 'Practitioner/d1', actsFor: [] },
    {
      login: 'parent',
      name: 'Pat Parent',
      roles: ['proxy'],
      person: 'RelatedPerson/r1',
      actsFor: ['RelatedPerson/r2', 'RelatedPerson/old'],
    },
    { login: 'auditor', name: 'Avery Auditor', roles: ['auditor'], person: 'Person/x', actsFor: [] },
  ]
  for (const one of people) await addAccount(house, { ...one, password })
  const key = await signer('ES384')
  const app = { name: 'Calendar app', scope, redirects: [redirect] }
  await addClient(house, { ...app, id: 'public' })
  const { secret = '' } = await addClient(house, { ...app, id: 'symmetric', secret: true })
  await addClient(house, { ...app, id: 'asymmetric', jwks: keySet(key) })
  return { server, authorizeUrl: `${server.origin}/auth/authorize`, tokenUrl: `${server.origin}/auth/token`, key, secret }
}

export type Request = { readonly url: string; readonly state: string; readonly verifier: string; readonly client: string }

/** An authorization request, right in every way but what is changed; undefined leaves a parameter out. */
export function request(clinic: SignInClinic, asked: Readonly<Record<string, string | undefined>> = {}): Request {
  const [state, verifier] = [randomBytes(16).toString('hex'), randomBytes(32).toString('base64url')]
  const parameters = {
    response_type: 'code',
    client_id: 'public',
    redirect_uri: redirect,
    scope: 'launch/patient openid fhirUser offline_access patient/*.rs',
    state,
    aud: clinic.server.house.base,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...asked,
  }
  const query = new URLSearchParams(Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
  return { url: `${clinic.authorizeUrl}?${query}`, state, verifier, client: parameters.client_id }
}

/** `others`: origins that it also calls. */
export const open = ({ server }: SignInClinic, ...others: readonly string[]): Browser => browser(server.origin, ...others)

export const signIn = async (at: Browser, page: Page, login: string, said = password): Promise<Page> =>
  at.submit(page, { login, password: said, do: 'sign-in' })

export const allow = (at: Browser, page: Page): Promise<Page> => at.submit(page, { do: 'allow' })

/** What the app is told at its own address, behind `?` or `#`. */
export function back(page: Page): URLSearchParams {
  if (!page.url.startsWith(redirect)) throw new Error(`not back at the app but at ${page.url} (${page.status}): ${page.text.slice(0, 500)}`)
  const { hash, searchParams } = new URL(page.url)
  return hash === '' ? searchParams : new URLSearchParams(hash.slice(1))
}

export const exchange = (
  { tokenUrl }: SignInClinic,
  { verifier, client }: Request,
  code: string | null,
  headers: Record<string, string> = {},
) =>
  askToken(
    tokenUrl,
    {
      grant_type: 'authorization_code',
      code: code ?? '',
      redirect_uri: redirect,
      code_verifier: verifier,
      ...(headers.authorization ? {} : { client_id: client }),
    },
    headers,
  )

/** From nothing to a token, as a person who allows what is asked. */
export async function wholeSignIn(
  clinic: SignInClinic,
  login: string,
  asked: Readonly<Record<string, string | undefined>> = {},
  pick?: string,
): Promise<TokenAnswer & { readonly at: Browser }> {
  const at = open(clinic)
  const wanted = request(clinic, asked)
  const page = await signIn(at, await at.go(wanted.url), login)
  const chosen = pick === undefined ? page : await at.go(`${page.url.split('?')[0]}?patient=${pick}`)
  const code = back(await allow(at, chosen)).get('code')
  return { ...(await exchange(clinic, wanted, code)), at }
}

export const refresh = ({ tokenUrl }: SignInClinic, token: unknown, more: Record<string, string> = {}): Promise<TokenAnswer> =>
  askToken(tokenUrl, { grant_type: 'refresh_token', refresh_token: String(token), client_id: 'public', ...more })
