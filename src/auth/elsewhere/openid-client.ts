/**
 * Signing in at the clinic's own OpenID Connect server: the authorization code flow with PKCE, state and nonce, by
 * openid-client. https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 *
 * Every call goes through the guard that all calls go through (`jobs/fetch-out.ts`). Whom somebody is here is `account-of.ts`.
 */
import type { Configuration, CustomFetch } from 'openid-client'
import { fault } from '../../base/fault.ts'
import { newSecret } from '../../base/ids.ts'
import type { SignInElsewhere } from '../../base/sign-in-elsewhere.ts'
import { discoveryMs, identityAnswerBytesMax, interactionMinutes } from '../../base/sign-in-limits.ts'
import { consumeState, findState, keepState } from '../../store/auth-state.ts'
import type { House } from '../../store/house.ts'
import { addressOf } from '../addresses.ts'
import type { FetchOut } from '../provider.ts'
import { hashOf } from '../provider-state.ts'

export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string }

export type Elsewhere = {
  readonly setting: SignInElsewhere
  /** Where to send the browser of a sign-in. */
  readonly begin: (uid: string) => Promise<string>
  /** Which sign-in the browser comes back to; undefined where none sent it. */
  readonly uidOf: (state: string) => Promise<string | undefined>
  /** Who it is, by a verified ID token. Throws a Fault that says what went wrong. */
  readonly finish: (uid: string, query: URLSearchParams) => Promise<Claims>
}

const model = 'SignInElsewhere'

type Begun = { readonly uid: string; readonly nonce: string; readonly verifier: string }

/** Undefined where the clinic has none. */
export function elsewhere(house: House, fetchOut: FetchOut): Elsewhere | undefined {
  const setting = house.signInElsewhere
  if (!setting) return undefined
  const configuration = remembered(house, () => discovered(setting, fetchOut))
  const redirectUri = addressOf(house.base, 'callback')
  return {
    setting,
    begin: async (uid) => {
      const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import('openid-client')
      const config = await configuration()
      const [state, nonce, verifier] = [newSecret(), newSecret(), newSecret()]
      const expires = new Date(house.clock.now().getTime() + interactionMinutes * 60_000)
      await keepState(house.pool, { model, id: hashOf(state), payload: { uid, nonce, verifier }, expires })
      const code_challenge = await calculatePKCECodeChallenge(verifier)
      const asked = {
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge,
        code_challenge_method: 'S256',
        ...(setting.strongAcr?.length ? { acr_values: setting.strongAcr.join(' ') } : {}),
      }
      return buildAuthorizationUrl(config, asked).href
    },
    uidOf: async (state) => (await begun(house, state))?.uid,
    finish: async (uid, query) => {
      const state = query.get('state') ?? ''
      const known = await begun(house, state)
      if (known?.uid !== uid || !(await consumeState(house.pool, model, hashOf(state), house.clock.now()))) throw over()
      return verified(await configuration(), `${redirectUri}?${query}`, { ...known, state })
    },
  }
}

const over = () => fault('value', 'It took too long, was finished before, or began in another window')

async function begun({ pool, clock }: House, state: string): Promise<Begun | undefined> {
  const found = await findState(pool, model, hashOf(state), clock.now())
  return found?.consumed === null ? (found.payload as Begun) : undefined
}

async function verified(
  config: Configuration,
  address: string,
  { state, nonce, verifier }: Begun & { readonly state: string },
): Promise<Claims> {
  const { authorizationCodeGrant, AuthorizationResponseError } = await import('openid-client')
  const expected = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  try {
    const claims = (await authorizationCodeGrant(config, new URL(address), expected)).claims()
    if (claims) return claims
  } catch (error) {
    if (error instanceof AuthorizationResponseError) throw fault('value', 'It was refused there, or broken off')
    throw fault('value', 'What came back from there could not be verified')
  }
  throw fault('value', 'What came back from there does not say who it is')
}

/** Read again after a while: keys and addresses change there too. One that failed is asked again at once. */
function remembered({ clock }: Pick<House, 'clock'>, read: () => Promise<Configuration>): () => Promise<Configuration> {
  const known: { at: number; config?: Promise<Configuration> } = { at: Number.NEGATIVE_INFINITY }
  return () => {
    const now = clock.now().getTime()
    if (known.config && now - known.at < discoveryMs) return known.config
    const config = read().catch(() => {
      if (known.config === config) known.config = undefined
      throw fault('transient', 'It cannot be reached just now')
    })
    Object.assign(known, { at: now, config })
    return config
  }
}

async function discovered({ issuer, clientId, secret }: SignInElsewhere, fetchOut: FetchOut): Promise<Configuration> {
  const client = await import('openid-client')
  const [address, guarded] = [new URL(issuer), guardedFetch(fetchOut)]
  // Plain http is for hosts that an operator has named, which the guard sees to.
  const execute = address.protocol === 'http:' ? [client.allowInsecureRequests] : []
  const found = await client.discovery(address, clientId, undefined, client.None(), { execute, [client.customFetch]: guarded })
  const server = found.serverMetadata()
  const config = new client.Configuration(
    server,
    clientId,
    undefined,
    signingIn(client, secret, server.token_endpoint_auth_methods_supported),
  )
  config[client.customFetch] = guarded
  for (const set of execute) set(config)
  // The library trusts TLS for an ID token that it fetched itself; its signature is looked at all the same.
  client.enableNonRepudiationChecks(config)
  return config
}

function signingIn(
  client: typeof import('openid-client'),
  secret: string | undefined,
  methods: readonly string[] = ['client_secret_basic'],
) {
  if (secret === undefined) return client.None()
  return methods.includes('client_secret_basic') ? client.ClientSecretBasic(secret) : client.ClientSecretPost(secret)
}

const guardedFetch =
  (fetchOut: FetchOut): CustomFetch =>
  async (url, { method, headers, body }) => {
    const sent = body === undefined || body === null ? undefined : String(body)
    const answer = await fetchOut(url, identityAnswerBytesMax, { method, headers: { ...headers }, body: sent })
    return new Response(answer.body, { status: answer.status, headers: { 'content-type': answer.contentType ?? '' } })
  }
