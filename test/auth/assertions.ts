/** Backend programs of a test: their keys, and the assertions that they sign with them, right or deliberately wrong. */
import { randomUUID } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'

export type Signer = { readonly kid: string; readonly alg: string; readonly key: CryptoKey; readonly publicJwk: Record<string, unknown> }

export async function signer(alg: 'RS384' | 'ES384', kid: string = randomUUID()): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, key: privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export const keySet = (...signers: readonly Signer[]): string => JSON.stringify({ keys: signers.map(({ publicJwk }) => publicJwk) })

type Change = { readonly claims?: object; readonly header?: object; readonly key?: CryptoKey | Uint8Array }

/** SMART Backend Services' client assertion, in every way as it must be but for what the test changes. */
export async function assertion(by: Signer, client: string, tokenUrl: string, change: Change = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: client, sub: client, aud: tokenUrl, exp: now + 240, iat: now, jti: randomUUID(), ...change.claims }
  return new SignJWT(claims).setProtectedHeader({ alg: by.alg, kid: by.kid, typ: 'JWT', ...change.header }).sign(change.key ?? by.key)
}

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export type TokenAnswer = { readonly status: number; readonly headers: Headers; readonly json: Record<string, unknown> }

export async function askToken(tokenUrl: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<TokenAnswer> {
  const answer = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(form), headers })
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Record<string, unknown> }
}

export const askBackendToken = (tokenUrl: string, signed: string, scope: string): Promise<TokenAnswer> =>
  askToken(tokenUrl, { grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion: signed, scope })
