/**
 * Who a bearer token speaks for. A token that an operator minted is a JWT: it is verified once and remembered until it
 * expires, since checking an ES256 signature costs 0.25 ms, more than the read it guards. One that the authorization server
 * gave out stands in the database: it is looked up again every two seconds, so that a revoked one ends at every process.
 * https://www.rfc-editor.org/rfc/rfc6750
 */
import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { Actor } from '../access/actor.ts'
import { maskingOf } from '../access/masking.ts'
import { parseScopes } from '../access/scopes.ts'
import { type Fault, fault } from '../base/fault.ts'
import { recent } from '../base/recent.ts'
import { rememberedTokensMax, tokenCharsMax, tokenRecheckMs } from '../base/sign-in-limits.ts'
import { findAccessToken } from '../store/auth-state.ts'
import type { House } from '../store/house.ts'
import { foreignVerifier } from './foreign-tokens.ts'
import { keyFinder, signingAlgorithm } from './keys.ts'
import type { FetchOut } from './provider.ts'
import { hashOf } from './provider-state.ts'
import { accessTokenType } from './token.ts'

/** `askAgain`: it is not known to be good beyond `expiresMs`, nor known to be bad. */
type Remembered = { readonly actor: Actor; readonly expiresMs: number; readonly askAgain?: boolean }

/** The actor at once where the token is known, else a promise of one; a token that is no good is a Fault `login`. */
export type BearerCheck = (authorization: string | undefined) => Actor | Promise<Actor>

/** One for a house. Authorization is the header's value, `Bearer …`. */
export function bearerCheck(house: House, fetchOut: FetchOut = nobodyCalls): BearerCheck {
  const known = recent<Remembered>(rememberedTokensMax)
  const verify = inTurn(verifier(house, fetchOut))
  return (authorization) => {
    const token = tokenOf(authorization)
    const remembered = known.get(token)
    if (remembered === undefined) return verify(token).then((fresh) => known.put(token, fresh).actor)
    if (remembered.expiresMs > house.clock.now().getTime()) return remembered.actor
    known.drop(token)
    if (remembered.askAgain) return verify(token).then((fresh) => known.put(token, fresh).actor)
    throw expired()
  }
}

const nobodyCalls: FetchOut = async () => {
  throw new Error('This server calls nobody.')
}

type Verify = (token: string) => Promise<Remembered>

/** Whoever comes with a token that is being verified waits for that. */
function inTurn(verify: Verify): Verify {
  const under = new Map<string, Promise<Remembered>>()
  return (token) => {
    const begun = under.get(token) ?? verify(token).finally(() => under.delete(token))
    under.set(token, begun)
    return begun
  }
}

function tokenOf(authorization: string | undefined): string {
  if (authorization === undefined) throw fault('login', 'Sign in: send an access token in the header "Authorization: Bearer …".')
  if (!/^bearer /i.test(authorization)) throw fault('login', 'Only Bearer tokens are accepted in the Authorization header.')
  const token = authorization.slice('bearer '.length).trim()
  if (token.length > tokenCharsMax) throw refused()
  return token
}

/** A JWT has dots; what the authorization server gives out has none. */
function verifier(house: House, fetchOut: FetchOut): Verify {
  const verifySigned = signedVerifier(house, fetchOut)
  return (token) => (token.includes('.') ? verifySigned(token) : lookUp(house, token))
}

async function lookUp({ pool, clock, base }: House, token: string): Promise<Remembered> {
  const now = clock.now()
  const found = await findAccessToken(pool, hashOf(token), now)
  if (!found || found.payload.aud !== base) throw refused()
  const { clientId, scope, extra, exp } = found.payload
  const { patient, fhirUser, purpose_of_use } = (extra ?? {}) as { patient?: unknown; fhirUser?: unknown; purpose_of_use?: unknown }
  const user = typeof fhirUser === 'string' ? fhirUser.replace(`${base}/`, '') : undefined
  const actor = actorOf({ patient, fhirUser: user, client_id: clientId, scope, purpose_of_use })
  return { actor, expiresMs: Math.min(Number(exp) * 1000, now.getTime() + tokenRecheckMs), askAgain: true }
}

function signedVerifier(house: House, fetchOut: FetchOut): Verify {
  const findKey = keyFinder(house)
  const verifyForeign = foreignVerifier(house, fetchOut)
  const expected = {
    algorithms: [signingAlgorithm],
    issuer: house.base,
    audience: house.base,
    typ: accessTokenType,
    requiredClaims: ['exp', 'client_id', 'scope'],
  }
  return async (token) => {
    try {
      const foreign = await verifyForeign(token)
      if (foreign) return { ...foreign, askAgain: true }
      const { payload } = await jwtVerify(token, async ({ kid }) => (await findKey(kid)) ?? Promise.reject(refused()), {
        ...expected,
        currentDate: house.clock.now(),
      })
      return { actor: actorOf(payload), expiresMs: (payload.exp ?? 0) * 1000 }
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired()
      throw error instanceof errors.JOSEError ? refused() : error
    }
  }
}

function actorOf(claims: JWTPayload): Actor {
  const { client_id: client, scope, patient, fhirUser: user, purpose_of_use: purpose } = claims
  if (typeof client !== 'string' || typeof scope !== 'string') throw refused()
  const actor: Actor = {
    client,
    user: typeof user === 'string' ? user : undefined,
    patient: typeof patient === 'string' ? patient : undefined,
    scopes: parseScopes(scope),
    purpose: typeof purpose === 'string' ? purpose : undefined,
    address: undefined,
  }
  return { ...actor, masking: maskingOf(actor, scope) }
}

const refused = (): Fault => fault('login', 'The access token is not one that this server gave out for this address. Sign in again.')
const expired = (): Fault => fault('login', 'The access token has expired. Sign in again.')
