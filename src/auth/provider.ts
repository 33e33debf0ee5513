/**
 * The authorization server: oidc-provider, told what SMART on FHIR asks of it. Loaded with the first request that needs it
 * and made anew when the keys have changed. https://hl7.org/fhir/smart-app-launch/app-launch.html
 *
 * What a program may be given is `granted-scopes.ts`, what is remembered `provider-state.ts`. Left out: dynamic registration,
 * userinfo (an ID token says who it is), DPoP, pushed requests.
 */
import type { Client, Context, Payload, Provider, Token } from 'oidc-provider'
import {
  accessTokenSeconds,
  authorizationCodeSeconds,
  grantDays,
  idTokenSeconds,
  interactionMinutes,
  keySetBytesMax,
  refreshTokenDays,
  signInHours,
} from '../base/limits.ts'
import type { House } from '../store/house.ts'
import { addressOf, issuerOf, paths } from './addresses.ts'
import { assertionChecks } from './assertion-checks.ts'
import { resourceServer } from './granted-scopes.ts'
import { hashOf, providerState } from './provider-state.ts'

/** The key set at an address, asked for by whoever may call out (`jobs/fetch-out.ts`). */
export type FetchOut = (url: string, bytesMax: number) => Promise<{ readonly status: number; readonly body: string }>

export type ProviderKeys = { readonly jwks: readonly Payload[]; readonly cookie: string }

const day = 86_400

export async function newProvider(house: House, fetchOut: FetchOut, { jwks, cookie }: ProviderKeys): Promise<Provider> {
  const { Provider: Server, errors } = await import('oidc-provider')
  const refusals = {
    usedUp: () => new errors.InvalidGrant('it was used before'),
    replayed: () => new errors.InvalidClientAuth('client assertion tokens must only be used once'),
  }
  const provider = new Server(issuerOf(house.base), {
    adapter: providerState(house, refusals),
    jwks: { keys: jwks },
    routes: { ...routesOf(paths) },
    cookies: cookies(cookie),
    features: features(house, errors),
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS384', 'ES384'], idTokenSigningAlgValues: ['RS256'] },
    assertJwtClientAuthClaimsAndHeader: assertionChecks(house, addressOf(house.base, 'token'), errors),
    extraClientMetadata: { properties: ['slotwise_scope', 'slotwise_introspects'], validator: () => undefined },
    responseTypes: ['code', 'none'],
    pkce: { required: () => true },
    scopes: ['openid'],
    ttl: lifetimes,
    fetch: async (url: string | URL) => {
      const { status, body } = await fetchOut(String(url), keySetBytesMax)
      return new Response(body, { status })
    },
    renderError: (context: Context, out: Payload) => {
      context.type = 'json'
      context.body = out
    },
  })
  secretsAreHashed(provider)
  provider.proxy = true
  provider.silent = true
  provider.on('server_error', (_context, error) => house.warn('the authorization server failed', { why: nameOf(error) }))
  return provider
}

const routesOf = ({ authorization, token, jwks, introspection, revocation, end_session }: typeof paths) => ({
  authorization,
  token,
  jwks,
  introspection,
  revocation,
  end_session,
})

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

const features = (house: House, errors: typeof import('oidc-provider').errors) => ({
  clientCredentials: { enabled: true },
  devInteractions: { enabled: false },
  dPoP: { enabled: false },
  introspection: { enabled: false },
  pushedAuthorizationRequests: { enabled: false },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => house.base,
    useGrantedResource: () => true,
    getResourceServerInfo: resourceServer(house, errors),
  },
  revocation: { enabled: true, allowedPolicy: (_context: Context, client: Client, token: Token) => token.clientId === client.clientId },
  rpInitiatedLogout: { enabled: false },
  userinfo: { enabled: false },
})

/** A client's secret is kept as its hash: it is 256 random bits, so it needs no slower one. */
function secretsAreHashed({ Client }: Provider): void {
  Client.prototype.compareClientSecret = function compare(this: { clientSecret?: string }, said: string): boolean {
    return typeof this.clientSecret === 'string' && hashOf(said) === this.clientSecret
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? `${error.name}${codeOf(error)}` : typeof error)
const codeOf = (error: Error): string => ('code' in error ? ` ${String(error.code)}` : '')
