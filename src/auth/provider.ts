/**
 * The authorization server: oidc-provider, told what SMART on FHIR asks of it. Loaded with the first request that needs it
 * and made anew when the keys have changed. https://hl7.org/fhir/smart-app-launch/app-launch.html
 *
 * What a program may be given is `granted-scopes.ts`, what is remembered `provider-state.ts`, what is kept of a launch
 * `launch-context.ts`. Programs register themselves at `registration/`. Left out: userinfo
 * (an ID token says who it is), DPoP, pushed requests.
 */
import type { Client, Context, errors as Errors, Payload, Provider, Token } from 'oidc-provider'
import {
  accessTokenSeconds,
  authorizationCodeSeconds,
  grantDays,
  idTokenSeconds,
  interactionMinutes,
  keySetBytesMax,
  refreshTokenDays,
  signInHours,
} from '../base/sign-in-limits.ts'
import type { House } from '../store/house.ts'
import { addressOf, issuerOf, paths } from './addresses.ts'
import { assertionChecks } from './assertion-checks.ts'
import { smartParameters } from './authorization-request.ts'
import { type KeyAges, keyAges } from './client-key-age.ts'
import { resourceServer } from './granted-scopes.ts'
import { answerOf, claimsOf, contextOf, forgetContext } from './launch-context.ts'
import { logout, renderError } from './pages/provider-pages.ts'
import { mayStillOpen } from './patients-of.ts'
import { claims, people } from './people.ts'
import { auditedProtocol } from './protocol-audit.ts'
import { hashOf, providerState } from './provider-state.ts'
import type { Refusals } from './refusals.ts'

/** What stands at an address or is answered there, asked for by whoever may call out (`jobs/fetch-out.ts`). */
export type FetchOut = (
  url: string,
  bytesMax: number,
  asked?: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body?: string },
) => Promise<{ readonly status: number; readonly body: string; readonly cacheControl?: string; readonly contentType?: string }>

type Outside = { readonly fetchOut: FetchOut; readonly refusals: Refusals }

export type ProviderKeys = { readonly jwks: readonly Payload[]; readonly cookie: string }

const day = 86_400

export async function newProvider(house: House, outside: Outside, { jwks, cookie }: ProviderKeys): Promise<Provider> {
  const { Provider: Server, errors } = await import('oidc-provider')
  const ages = keyAges(house.clock)
  const provider = new Server(issuerOf(house.base), {
    ...configuration(house, errors, ages),
    jwks: { keys: jwks },
    cookies: cookies(cookie),
    fetch: async (url: string | URL) => {
      const { status, body, cacheControl } = await outside.fetchOut(String(url), keySetBytesMax)
      ages.fetched(String(url), cacheControl)
      return new Response(body, { status })
    },
  })
  secretsAreHashed(provider)
  provider.proxy = true
  provider.silent = true
  provider.use(auditedProtocol(house, outside.refusals))
  provider.use(contextBesideTokens(house))
  provider.on('server_error', (_context, error) => house.warn('the authorization server failed', { why: nameOf(error) }))
  provider.on('grant.revoked', (_context, grantId) => {
    forgetContext(house, String(grantId)).catch((error) => house.warn('a launch context was not cleared away', { why: nameOf(error) }))
  })
  return provider
}

const configuration = (house: House, errors: typeof Errors, ages: KeyAges): Payload => ({
  adapter: providerState(house, ages, {
    usedUp: () => new errors.InvalidGrant('it was used before'),
    replayed: () => new errors.InvalidClientAuth('client assertion tokens must only be used once'),
  }),
  routes: routesOf(paths),
  features: features(house, errors),
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['RS384', 'ES384'], idTokenSigningAlgValues: ['RS256'] },
  assertJwtClientAuthClaimsAndHeader: assertionChecks(house, addressOf(house.base, 'token'), errors),
  extraClientMetadata: {
    properties: ['slotwise_scope', 'slotwise_introspects', 'slotwise_keys', 'slotwise_purpose'],
    validator: () => undefined,
  },
  extraParams: smartParameters(house, errors),
  responseTypes: ['code'],
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access', 'online_access'],
  claims,
  findAccount: people(house),
  interactions: { url: (_context: Context, { uid }: { uid: string }) => `${addressOf(house.base, 'interaction')}/${uid}` },
  // Each sign-in has a launch context of its own, so none goes on with what an earlier one was allowed.
  loadExistingGrant: async ({ oidc }: Context) => {
    const grantId = oidc.result?.consent?.grantId
    return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId)
  },
  rotateRefreshToken: () => true,
  issueRefreshToken: async (_context: Context, client: Client, { scopes }: Token) =>
    client.grantTypeAllowed('refresh_token') && (scopes.has('offline_access') || scopes.has('online_access')),
  expiresWithSession: async (_context: Context, { scopes }: Token) => scopes.has('online_access') && !scopes.has('offline_access'),
  extraTokenClaims: async ({ oidc: { client } }: Context, { grantId, accountId }: Token) => {
    const purpose = client?.slotwise_purpose === undefined ? undefined : { purpose_of_use: client.slotwise_purpose }
    const launch = grantId === undefined ? undefined : await contextOf(house, grantId)
    if (launch?.patient !== undefined && accountId !== undefined && !(await mayStillOpen(house, accountId, launch.patient)))
      throw new errors.InvalidGrant('this person acts for the patient no more')
    return launch ? { ...claimsOf(house.base, launch), ...purpose } : purpose
  },
  ttl: lifetimes,
  clientBasedCORS: (_context: Context, origin: string, client: Client) =>
    client.redirectUris.some((address) => URL.parse(address)?.origin === origin),
  renderError,
  ...(house.registration ? { discovery: { registration_endpoint: addressOf(house.base, 'registration') } } : {}),
})

const routesOf = ({
  interaction: _interaction,
  launch: _launch,
  account: _account,
  passkeyScript: _script,
  callback: _callback,
  recover: _recover,
  verifyEmail: _verify,
  registration: _registration,
  ...routes
}: typeof paths) => routes

const lifetimes = {
  AccessToken: accessTokenSeconds,
  AuthorizationCode: authorizationCodeSeconds,
  ClientCredentials: (_context: unknown, token: { resourceServer?: { accessTokenTTL?: number } }) =>
    token.resourceServer?.accessTokenTTL ?? accessTokenSeconds,
  Grant: grantDays * day,
  IdToken: idTokenSeconds,
  Interaction: interactionMinutes * 60,
  RefreshToken: refreshTokenDays * day,
  Session: signInHours * 3600,
}

const cookies = (key: string) => ({
  keys: [key],
  names: { session: 'slotwise_session', interaction: 'slotwise_sign_in', resume: 'slotwise_resume' },
  long: { httpOnly: true, sameSite: 'lax', signed: true },
  short: { httpOnly: true, sameSite: 'lax', signed: true },
})

const features = (house: House, errors: typeof Errors) => ({
  clientCredentials: { enabled: true },
  devInteractions: { enabled: false },
  dPoP: { enabled: false },
  introspection: { enabled: true, allowedPolicy: mayAskAbout },
  pushedAuthorizationRequests: { enabled: false },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => house.base,
    useGrantedResource: () => true,
    getResourceServerInfo: resourceServer(house, errors),
  },
  revocation: { enabled: true, allowedPolicy: (_context: Context, client: Client, token: Token) => token.clientId === client.clientId },
  rpInitiatedLogout: { enabled: true, ...logout },
  userinfo: { enabled: false },
})

/** A client knows its own tokens; one that stands before another server may ask about all. */
const mayAskAbout = (_context: Context, client: Client, token: Token): boolean =>
  token.clientId === client.clientId || (client.slotwise_introspects === true && client.clientAuthMethod !== 'none')

/** A client's secret is kept as its hash: it is 256 random bits, so it needs no slower one. */
function secretsAreHashed({ Client }: Provider): void {
  Client.prototype.compareClientSecret = function compare(this: { clientSecret?: string }, said: string): boolean {
    return typeof this.clientSecret === 'string' && hashOf(said) === this.clientSecret
  }
}

/** The patient and whatever else an app was opened with, beside each access token that it is given. */
const contextBesideTokens = (house: House) => async (context: Context, next: () => Promise<void>) => {
  await next()
  if (context.path !== paths.token || context.status !== 200) return
  const grantId = context.oidc.entities.AccessToken?.grantId
  const launch = grantId === undefined ? undefined : await contextOf(house, grantId)
  if (launch) Object.assign(context.body as Payload, answerOf(launch))
}

const nameOf = (error: unknown): string => (error instanceof Error ? `${error.name}${codeOf(error)}` : typeof error)
const codeOf = (error: Error): string => ('code' in error ? ` ${String(error.code)}` : '')
