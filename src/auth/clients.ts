/**
 * Registering the programs that may ask for tokens: what an operator says becomes client metadata in the words of RFC 7591.
 * https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
 *
 * A program with a place to return to is an app that people sign in to; one with keys and `system/` scopes is a backend that
 * signs in by itself; one may be both. Programs that register themselves: `registration/`.
 */
import { parseScopes } from '../access/scopes.ts'
import { fault } from '../base/fault.ts'
import { newSecret } from '../base/ids.ts'
import { whyNotCalled } from '../base/outbound.ts'
import { addAuthClient } from '../store/auth-clients.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { clientKeys } from './client-keys.ts'
import { hashOf } from './provider-state.ts'

export type ClientWish = {
  readonly id?: string
  readonly name: string
  /** The most that it is given, space-separated. */
  readonly scope: string
  /** Where people are sent back to. */
  readonly redirects: readonly string[]
  /** A JWK Set as JSON. */
  readonly jwks?: string
  readonly jwksUrl?: string
  /** A shared secret is made for it. */
  readonly secret?: boolean
  /** It may ask about tokens that are not its own. */
  readonly introspects?: boolean
  /** What it asks for, as a code of PurposeOfUse such as HRESCH; absent: to treat. */
  readonly purpose?: string
}

export type AddedClient = { readonly id: string; readonly secret?: string }

type Registrar = Pick<House, 'ids' | 'clock' | 'outboundHosts'> & { readonly pool: Db }

export async function addClient(house: Registrar, wish: ClientWish): Promise<AddedClient> {
  const id = wish.id ?? house.ids.next()
  if (!/^[\w.:-]{1,128}$/.test(id)) throw fault('value', 'An id is up to 128 letters, digits, dots, colons, dashes and underscores.')
  const secret = wish.secret ? newSecret() : undefined
  const metadata = { ...clientMetadata(house, wish), ...(secret ? { client_secret: hashOf(secret) } : {}) }
  const added = await addAuthClient(house.pool, { id, metadata, scope: plainScope(wish.scope), created: house.clock.now() })
  if (!added) throw fault('conflict', `There is a client "${id}" already; revoke it first, or choose another id.`)
  return { id, secret }
}

/** One space between scopes, each of which is one. */
export function plainScope(scope: string): string {
  const parts = scope.split(/\s+/).filter((part) => part !== '')
  const odd = parts.find((part) => part.includes('/') && !part.startsWith('launch/') && parseScopes(part).length === 0)
  if (odd !== undefined) throw fault('value', `"${odd}" is not a SMART scope.`)
  if (parts.length === 0) throw fault('value', 'Say at least one scope, for example "patient/*.rs".')
  return parts.join(' ')
}

export function clientMetadata(house: Pick<House, 'outboundHosts'>, wish: ClientWish): Record<string, unknown> {
  const { redirects, scope } = wish
  const authentication = authenticationOf(house, wish)
  const isBackend = /(^|\s)system\//.test(scope)
  if (redirects.length === 0 && !isBackend)
    throw fault('value', 'Say where people are sent back to, or give system/ scopes to a program that signs in by itself.')
  if (isBackend && authentication.token_endpoint_auth_method !== 'private_key_jwt')
    throw fault('value', 'A client with system/ scopes signs in with its own key: give its key set, by value or by address.')
  for (const redirect of redirects) assertRedirect(redirect)
  return {
    client_name: wish.name,
    redirect_uris: redirects,
    response_types: redirects.length > 0 ? ['code'] : [],
    grant_types: [...(redirects.length > 0 ? ['authorization_code', 'refresh_token'] : []), ...(isBackend ? ['client_credentials'] : [])],
    application_type: redirects.some((redirect) => !/^https?:/.test(redirect)) ? 'native' : 'web',
    ...authentication,
    ...(wish.introspects ? { slotwise_introspects: true } : {}),
    ...(wish.purpose !== undefined ? { slotwise_purpose: purposeOf(wish.purpose) } : {}),
  }
}

/** https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html */
function purposeOf(code: string): string {
  if (!/^[A-Z]{2,20}$/.test(code)) throw fault('value', 'A purpose is a code of PurposeOfUse, such as TREAT, HPAYMT or HRESCH.')
  return code
}

function authenticationOf(house: Pick<House, 'outboundHosts'>, { jwks, jwksUrl, secret }: ClientWish): Record<string, unknown> {
  if ([jwks, jwksUrl, secret || undefined].filter((one) => one !== undefined).length > 1)
    throw fault('value', 'Give a client one way to sign in: a key set, the address of one, or a secret.')
  if (jwks !== undefined) return { token_endpoint_auth_method: 'private_key_jwt', jwks: clientKeys(jwks) }
  if (jwksUrl !== undefined) {
    const why = whyNotCalled(jwksUrl, house.outboundHosts)
    if (why !== undefined) throw fault('value', `The address of the key set ${why}.`)
    return { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: jwksUrl }
  }
  return { token_endpoint_auth_method: secret ? 'client_secret_basic' : 'none' }
}

/** http on the same machine. A port is a number: what else could stand there makes the rest of the address a login. */
export const isLoopback = (address: string): boolean => /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(\/|\?|$)/.test(address)

/**
 * https, an address of the same machine, or a scheme that an app has to itself (RFC 8252 7.1: a name with a dot); written so
 * that every reader of addresses finds one host in it, and the same.
 */
export function isRedirect(address: string): boolean {
  const url = URL.parse(address)
  if (!url || /[#\\\s]/.test(address) || url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return /^https:\/\/[^/]/i.test(address)
  return isLoopback(address) || /^[a-z][a-z0-9+-]*\.[a-z0-9+.-]+:$/.test(url.protocol)
}

function assertRedirect(address: string): void {
  if (!isRedirect(address))
    throw fault('value', `"${address}" is no address to return to: begin with https://, without a login, a backslash or a fragment.`)
}
