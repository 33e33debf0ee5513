/**
 * A clinic's own OpenID Connect server, at which somebody is always signed in already: oidc-provider with nothing of ours in
 * it. `be` says who; `spoil` changes each ID token before it is handed over, with the server's own key at hand.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

export type Somebody = { readonly sub: string; readonly [claim: string]: unknown }
export type Spoil = (idToken: string, key: CryptoKey, kid: string) => Promise<string>

export type IdentityServer = {
  readonly issuer: string
  readonly clientId: string
  readonly secret: string
  /** As the address to come back to is known. */
  readonly register: (redirectUri: string) => Promise<void>
  /** Undefined: somebody who does not allow it. */
  readonly be: (somebody: Somebody | undefined) => void
  readonly spoil: (how: Spoil | undefined) => void
  /** What the token endpoint was asked so far. */
  readonly asked: () => number
  readonly close: () => Promise<void>
}

type Kept = Record<string, unknown>

/** What is remembered, for as long as the test lasts. */
function memory() {
  const all = new Map<string, Kept>()
  return (model: string) => ({
    upsert: async (id: string, payload: Kept) => void all.set(`${model} ${id}`, payload),
    find: async (id: string) => all.get(`${model} ${id}`),
    findByUid: async (uid: string) => [...all].find(([key, { uid: of }]) => key.startsWith(model) && of === uid)?.[1],
    findByUserCode: async () => undefined,
    consume: async (id: string) => void Object.assign(all.get(`${model} ${id}`) ?? {}, { consumed: 1 }),
    destroy: async (id: string) => void all.delete(`${model} ${id}`),
    revokeByGrantId: async () => undefined,
  })
}

export async function identityServer(): Promise<IdentityServer> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [clientId, secret, kid] = ['slotwise', 'a secret between the two of them', 'their-key']
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const state: { somebody?: Somebody; spoil?: Spoil; asked: number } = { asked: 0 }
  const kept = memory()
  const provider = new Provider(issuer, {
    adapter: kept,
    clients: [],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['signed by this'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AuthorizationCode: 600, AccessToken: 600, IdToken: 600 },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['groups'] },
    conformIdTokenClaims: false,
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/somebody/${uid}` },
    findAccount: async () => {
      const somebody = state.somebody ?? { sub: 'nobody' }
      return { accountId: somebody.sub, claims: async () => somebody }
    },
    renderError: (context: { body: unknown }, out: { error: string }) => {
      context.body = `Error: ${out.error}`
    },
  })
  provider.use(async (context, next) => {
    await next()
    if (context.path !== '/token') return
    state.asked += 1
    const body = context.body as { id_token?: string }
    if (state.spoil && body.id_token) body.id_token = await state.spoil(body.id_token, privateKey, kid)
  })
  const callback = provider.callback()
  server.on('request', async (request, response) => {
    if (!request.url?.startsWith('/somebody/')) return callback(request, response)
    response
      .writeHead(303, { location: await provider.interactionResult(request, response, await allowed(provider, request, response)) })
      .end()
  })
  const allowed = async (...[of, request, response]: [Provider, ...Parameters<Provider['interactionDetails']>]) => {
    const { somebody } = state
    if (!somebody) return { error: 'access_denied' }
    const { params } = await of.interactionDetails(request, response)
    const grant = new of.Grant({ accountId: somebody.sub, clientId })
    grant.addOIDCScope(params.scope ?? '')
    return { login: { accountId: somebody.sub, amr: ['pwd', 'hwk'] }, consent: { grantId: await grant.save() } }
  }
  return {
    issuer,
    clientId,
    secret,
    register: (redirectUri) =>
      kept('Client').upsert(clientId, {
        client_id: clientId,
        client_secret: secret,
        redirect_uris: [redirectUri],
        scope: 'openid profile email',
      }),
    be: (somebody) => Object.assign(state, { somebody }),
    spoil: (how) => Object.assign(state, { spoil: how }),
    asked: () => state.asked,
    close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  }
}
