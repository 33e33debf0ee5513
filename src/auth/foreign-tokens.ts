/**
 * Access tokens of another authorization server that an operator trusts: JWTs by its keys, for our audience, good here for
 * what the setting says and no more. https://www.rfc-editor.org/rfc/rfc9068
 *
 * What such a token says of a patient or a person must be in our words: an id of ours, or a reference. Its client is named
 * with its issuer, so that it is never taken for one that is registered here.
 */
import { createRemoteJWKSet, customFetch, decodeJwt, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Actor } from '../access/actor.ts'
import { maskingOf } from '../access/masking.ts'
import { narrowScopes } from '../access/narrow-scopes.ts'
import { parseScopes } from '../access/scopes.ts'
import { fault } from '../base/fault.ts'
import { foreignKeysMs, foreignTokenMs, keySetBytesMax } from '../base/sign-in-limits.ts'
import type { TrustedIssuer } from '../base/trusted-issuers.ts'
import { idPattern } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import type { FetchOut } from './provider.ts'

export type ForeignActor = { readonly actor: Actor; readonly expiresMs: number }

/** Undefined for a token that claims to be of nobody whom we trust; throws what jose throws where it is no good. */
export type VerifyForeign = (token: string) => Promise<ForeignActor> | undefined

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

export function foreignVerifier({ trustedIssuers = [], base, clock }: House, fetchOut: FetchOut): VerifyForeign {
  const known = new Map(trustedIssuers.map((one) => [one.issuer, { ...one, keys: keysOf(one, fetchOut) }]))
  if (known.size === 0) return () => undefined
  return (token) => {
    const issuer = known.get(issuerIn(token) ?? '')
    return issuer && verified(token, issuer, base, clock.now())
  }
}

function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

const keysOf = ({ jwks }: TrustedIssuer, fetchOut: FetchOut): JWTVerifyGetKey =>
  createRemoteJWKSet(new URL(jwks), {
    cacheMaxAge: foreignKeysMs,
    [customFetch]: async (url) => {
      const { status, body } = await fetchOut(String(url), keySetBytesMax).catch(() => Promise.reject(unreachable()))
      return new Response(body, { status })
    },
  })

const unreachable = (): Error => fault('transient', 'The keys of the token’s issuer cannot be had just now. Try again in a moment.')

type Known = TrustedIssuer & { readonly keys: JWTVerifyGetKey }

async function verified(token: string, { issuer, audience, scopes, keys }: Known, base: string, now: Date): Promise<ForeignActor> {
  const expected = { algorithms, issuer, audience, requiredClaims: ['exp'], currentDate: now }
  const { payload } = await jwtVerify(token, keys, expected)
  const granted = narrowScopes(scopeOf(payload), scopes)
  const actor: Actor = {
    client: `${issuer} ${clientOf(payload)}`,
    user: personOf(payload.fhirUser, base),
    patient: typeof payload.patient === 'string' && idPattern.test(payload.patient) ? payload.patient : undefined,
    scopes: parseScopes(granted.join(' ')),
    address: undefined,
  }
  return {
    actor: { ...actor, masking: maskingOf(actor, granted.join(' ')) },
    expiresMs: Math.min((payload.exp ?? 0) * 1000, now.getTime() + foreignTokenMs),
  }
}

/** `scope` as RFC 9068 has it; `scp`, a list or a text, as others do. */
function scopeOf({ scope, scp }: JWTPayload): string {
  const said = scope ?? scp
  return Array.isArray(said) ? said.join(' ') : typeof said === 'string' ? said : ''
}

const clientOf = ({ client_id, azp, cid, sub }: JWTPayload): string => String(client_id ?? azp ?? cid ?? sub ?? 'unknown').slice(0, 200)

function personOf(said: unknown, base: string): string | undefined {
  if (typeof said !== 'string') return undefined
  const own = said.startsWith(`${base}/`) ? said.slice(base.length + 1) : said
  return /^(https?:\/\/\S{1,300}\/)?[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/.test(own) ? own : undefined
}
