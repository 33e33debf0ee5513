/**
 * What a program asks to be registered as, judged member by member: https://www.rfc-editor.org/rfc/rfc7591#section-2
 *
 * Stricter than what an operator may say: people come back to https or to their own machine, and scopes are those of the
 * invitation, or a patient's. Members that are not looked at here are left out, and the answer shows it. Software statements
 * are refused: no one's are trusted.
 */
import { narrowScopes } from '../../access/narrow-scopes.ts'
import { Fault } from '../../base/fault.ts'
import { clientNameCharsMax, contactsMax, redirectUrisMax, registeredTextCharsMax } from '../../base/sign-in-limits.ts'
import type { House } from '../../store/house.ts'
import { clientMetadata, isLoopback, isRedirect } from '../clients.ts'
import { type RefusedCode, RegistrationRefused } from './refused.ts'

export type Metadata = Readonly<Record<string, unknown>>

/** As it will be kept, but for a secret. */
export type Requested = { readonly metadata: Metadata; readonly scope: string; readonly needsSecret: boolean }

const methods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']
const algorithms = ['RS384', 'ES384']
const refuse = (why: string, code: RefusedCode = 'invalid_client_metadata'): never => {
  throw new RegistrationRefused(code, why)
}

export function requested(house: House, said: Metadata, most: string): Requested {
  if (said.software_statement !== undefined)
    refuse('No software statement is trusted here: say the metadata themselves.', 'unapproved_software_statement')
  const scope = scopeOf(said, most)
  const redirects = redirectsOf(said)
  const method = oneOf(said, 'token_endpoint_auth_method', methods) ?? 'client_secret_basic'
  if (redirects.length === 0 && !/(^|\s)system\//.test(scope))
    refuse('redirect_uris: say where people are sent back to.', 'invalid_redirect_uri')
  const needsSecret = method.startsWith('client_secret')
  const wish = { name: nameOf(said), scope, redirects, secret: needsSecret, ...(method === 'private_key_jwt' ? keysOf(said) : {}) }
  const known = judged(() => clientMetadata(house, wish))
  const metadata = {
    ...known,
    ...grantsOf(said, known),
    ...contactsOf(said),
    token_endpoint_auth_method: method,
    ...signingOf(said, method),
  }
  return { metadata, scope, needsSecret }
}

export function metadataIn(body: unknown): Metadata {
  try {
    const said: unknown = JSON.parse(String(body), keepable)
    if (typeof said === 'object' && said !== null && !Array.isArray(said)) return said as Metadata
  } catch {}
  return refuse('Send the client metadata as one JSON object, in text without NUL and half characters.', 'invalid_request')
}

/** The database keeps neither NUL nor half a surrogate pair, wherever they stand: a key set may hold anything. */
function keepable(name: string, value: unknown): unknown {
  if ([name, value].every((one) => typeof one !== 'string' || (one.isWellFormed() && !one.includes('\0')))) return value
  throw new TypeError('not to be kept')
}

/** What an operator is told in a Fault, a program is told in its own protocol's words. */
function judged<T>(judge: () => T): T {
  try {
    return judge()
  } catch (error) {
    if (error instanceof Fault) return refuse(error.message)
    throw error
  }
}

const isPlain = (text: string): boolean => text.length <= registeredTextCharsMax && /^[\x20-\x7e]*$/.test(text)

/** Of what it asks for, as far as it may have it; all that it may have where it asks for nothing. */
function scopeOf({ scope }: Metadata, most: string): string {
  if (scope !== undefined && (typeof scope !== 'string' || !isPlain(scope))) refuse('scope must be one text, with spaces between scopes.')
  const within = scope === undefined ? most : narrowScopes(String(scope), most).join(' ')
  return within === '' ? refuse(`scope: nothing of it may be had. What may be: ${most}`) : within
}

function redirectsOf(said: Metadata): readonly string[] {
  const all = said.redirect_uris ?? []
  const isList = Array.isArray(all) && all.length <= redirectUrisMax && all.every((one) => typeof one === 'string')
  if (!isList) return refuse(`redirect_uris must be a list of at most ${redirectUrisMax} addresses.`, 'invalid_redirect_uri')
  const odd = (all as string[]).find((one) => !isOpenRedirect(one))
  if (odd === undefined) return [...new Set(all as string[])]
  return refuse(
    'redirect_uris: each begins with https://, or http:// on the same machine, without a login, a fragment or a star.',
    'invalid_redirect_uri',
  )
}

/** No scheme of an app's own: nobody could tell whose it is. */
const isOpenRedirect = (address: string): boolean =>
  isRedirect(address) && isPlain(address) && !address.includes('*') && (/^https:/i.test(address) || isLoopback(address))

function oneOf(said: Metadata, name: string, known: readonly string[]): string | undefined {
  const value = said[name]
  if (value === undefined) return undefined
  return known.find((one) => one === value) ?? refuse(`${name} must be one of ${known.join(', ')}.`)
}

function nameOf({ client_name: name }: Metadata): string {
  if (typeof name === 'string' && name.length <= clientNameCharsMax && isSeen(name)) return name.trim()
  return refuse(`client_name: say what people are told that it is called, in up to ${clientNameCharsMax} letters.`)
}

/** A letter or a digit that is not blank, nothing that turns round what follows, no pile of marks on one letter. */
const isSeen = (name: string): boolean =>
  /[\p{L}\p{N}]/u.test(name.replace(/\p{Default_Ignorable_Code_Point}/gu, '')) && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\p{M}{5}/u.test(name)

/** By value or by address, as an operator hands them over. */
function keysOf({ jwks, jwks_uri: jwksUrl }: Metadata): { readonly jwks?: string; readonly jwksUrl?: string } {
  if ((jwks === undefined) === (jwksUrl === undefined)) return refuse('private_key_jwt needs either jwks or jwks_uri.')
  if (jwks !== undefined) return { jwks: JSON.stringify(jwks) }
  return typeof jwksUrl === 'string' && isPlain(jwksUrl) ? { jwksUrl } : refuse('jwks_uri must be an address that begins with https://')
}

/** What it does not ask for it is not given; what is not here at all is refused. */
function grantsOf(said: Metadata, { grant_types: all, response_types: answers }: Metadata): Metadata {
  const [known, codes] = [all as string[], answers as string[]]
  const [asked, responses] = [said.grant_types, said.response_types]
  if (responses !== undefined && !(Array.isArray(responses) && responses.every((one) => codes.includes(one))))
    refuse('response_types: code alone, for a program that people sign in to.')
  if (asked === undefined) return {}
  if (!Array.isArray(asked) || asked.length === 0 || !asked.every((one) => known.includes(one)))
    return refuse(`grant_types: with these scopes and addresses there are ${known.join(', ')}.`)
  if (codes.length > 0 && !asked.includes('authorization_code')) return refuse('grant_types: redirect_uris are for authorization_code.')
  return { grant_types: known.filter((one) => asked.includes(one)) }
}

const signingOf = (said: Metadata, method: string): Metadata => {
  const algorithm = method === 'private_key_jwt' ? oneOf(said, 'token_endpoint_auth_signing_alg', algorithms) : undefined
  return algorithm === undefined ? {} : { token_endpoint_auth_signing_alg: algorithm }
}

/** For the operator who looks at it: whose program it is. */
function contactsOf({ client_uri: page, contacts }: Metadata): Metadata {
  if (page !== undefined && (typeof page !== 'string' || !isPlain(page) || URL.parse(page)?.protocol !== 'https:'))
    return refuse('client_uri must be an address that begins with https://')
  const isMail = (one: unknown): boolean => typeof one === 'string' && one.length <= 200 && mailAddress.test(one)
  if (contacts !== undefined && !(Array.isArray(contacts) && contacts.length <= contactsMax && contacts.every(isMail)))
    return refuse(`contacts must be a list of at most ${contactsMax} e-mail addresses.`)
  return { ...(page === undefined ? {} : { client_uri: page }), ...(contacts === undefined ? {} : { contacts }) }
}

const mailAddress = /^[\w.!#$%&'*+/=?^`{|}~-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*$/
