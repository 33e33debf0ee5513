/**
 * An authorization server that is none of ours to hold the conformance suite against: `oidc-provider` as npm installs it, with
 * its own pages for trying it out, behind a FHIR base that answers searches of Patients to whoever has one of its tokens. It
 * knows OAuth and OpenID Connect, and nothing of SMART: neither `aud` nor launches nor patients.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'

export type BareSignIn = { readonly base: string; readonly close: () => Promise<void> }

/** In the words of RFC 7591. */
export type RegisteredClient = Readonly<Record<string, unknown>> & { readonly client_id: string }

const security = {
  service: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' }] }],
}
const unknown = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'login' }] }
const statement = { resourceType: 'CapabilityStatement', rest: [{ mode: 'server', security }] }

/** `keys`: what stands at whatever `jwks_uri` a client names. */
export async function bareSignIn(clients: readonly RegisteredClient[], keys: object): Promise<BareSignIn> {
  // It advises whoever runs it to put it into operation otherwise.
  console.info = console.warn = () => undefined
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = await plainProvider(issuer, clients, keys)
  const handle = provider.callback()
  const told = {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/token/introspection`,
    revocation_endpoint: `${issuer}/token/revocation`,
    grant_types_supported: ['authorization_code', 'client_credentials'],
    code_challenge_methods_supported: ['S256'],
    capabilities: ['launch-standalone', 'sso-openid-connect'],
  }
  server.on('request', async (request, response) => {
    const path = request.url ?? ''
    if (!path.startsWith('/fhir/')) await handle(request, response)
    else if (path === '/fhir/metadata') say(response, 200, statement)
    else if (path.endsWith('smart-configuration')) say(response, 200, told)
    else if (await isGood(provider, request)) say(response, 200, { resourceType: 'Bundle', type: 'searchset' })
    else say(response, 401, unknown)
  })
  return { base: `${issuer}/fhir`, close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()) }
}

async function plainProvider(issuer: string, clients: readonly RegisteredClient[], keys: object) {
  const { Provider } = await import('oidc-provider')
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' }] },
    cookies: { keys: ['a key for a test'] },
    scopes: ['openid', 'offline_access', 'patient/*.rs', 'system/*.rs'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS384', 'ES384'] },
    clientAuthMethods: ['none', 'client_secret_basic', 'private_key_jwt'],
    fetch: async () => new Response(JSON.stringify(keys)),
    clientBasedCORS: () => true,
    issueRefreshToken: async () => true,
    rotateRefreshToken: () => true,
    features: {
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
    },
  })
  provider.silent = true
  return provider
}

type Plain = Awaited<ReturnType<typeof plainProvider>>

async function isGood({ AccessToken, ClientCredentials }: Plain, { headers }: IncomingMessage): Promise<boolean> {
  const bearer = headers.authorization?.replace(/^Bearer /, '') ?? ''
  return ((await AccessToken.find(bearer)) ?? (await ClientCredentials.find(bearer))) !== undefined
}

const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*', 'www-authenticate': 'Bearer' }

const say = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, headers).end(JSON.stringify(body))
