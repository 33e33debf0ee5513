/**
 * The server's own keys, made at their first use and kept in the database (`store/signing-keys.ts`): ES256 behind the access
 * tokens that an operator mints, RS256 behind ID tokens, which SMART wants so. https://www.rfc-editor.org/rfc/rfc7518
 */
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { Clock } from '../base/clock.ts'
import type { Secrets } from '../base/sealed.ts'
import { signingKeyReloadMsMin, tokenSecondsMax } from '../base/sign-in-limits.ts'
import type { Db } from '../store/db.ts'
import { addSigningKey, keepFirstSigningKey, removeSigningKeysReplaced, type SigningKeyRow, signingKeys } from '../store/signing-keys.ts'

export const signingAlgorithm = 'ES256'
const idTokenAlgorithm = 'RS256'

export type Key = { readonly kid: string; readonly key: CryptoKey }
type Keeper = { readonly pool: Db; readonly clock: Clock; readonly secrets: Secrets }

/** The key that signs; made when there is none. */
export async function signingKey({ pool, clock, secrets }: Keeper): Promise<Key> {
  const [kept] = await signingKeys(pool, secrets, signingAlgorithm)
  if (kept) return imported(kept)
  await keepFirstSigningKey(pool, secrets, await newKey(signingAlgorithm), clock.now())
  const [first] = await signingKeys(pool, secrets, signingAlgorithm)
  if (!first) throw new Error('A signing key was kept and is not there.')
  return imported(first)
}

/**
 * Finds the key that a token names. Keys are read once; a name that is not known reads them again, since another process
 * may just have made one, but not more often than the limit says: anybody can send a token that names anything.
 */
export function keyFinder({ pool, clock, secrets }: Keeper): (kid: string | undefined) => Promise<CryptoKey | undefined> {
  const keys = new Map<string, CryptoKey>()
  const read = async (): Promise<void> => {
    for (const row of await signingKeys(pool, secrets, signingAlgorithm)) keys.set(row.kid, (await imported(row, 'verify')).key)
  }
  let reading: Promise<void> = Promise.resolve()
  let readAt = Number.NEGATIVE_INFINITY
  return async (kid) => {
    if (kid === undefined) return undefined
    const now = clock.now().getTime()
    if (!keys.has(kid) && now - readAt >= signingKeyReloadMsMin) {
      readAt = now
      reading = read()
    }
    // Whoever comes while the keys are being read waits for them: the first requests of a server arrive together.
    if (!keys.has(kid)) await reading
    return keys.get(kid)
  }
}

/** The keys behind ID tokens, as private JWKs, the one that signs first; made when there is none. */
export async function idTokenKeys({ pool, clock, secrets }: Keeper): Promise<Record<string, unknown>[]> {
  const kept = await signingKeys(pool, secrets, idTokenAlgorithm)
  if (kept.length === 0) await keepFirstSigningKey(pool, secrets, await newKey(idTokenAlgorithm), clock.now())
  const all = kept.length > 0 ? kept : await signingKeys(pool, secrets, idTokenAlgorithm)
  return all.map(({ kid, jwk }) => ({ ...jwk, kid }))
}

export type Rotated = { readonly made: readonly { readonly algorithm: string; readonly kid: string }[]; readonly removed: number }

/**
 * New keys of each kind sign from now on; one that was replaced so long ago that nothing it signed can be good is removed.
 * The key behind access tokens first, whose life is the longest that an operator can give one.
 */
export async function rotateSigningKeys({ pool, clock, secrets }: Keeper): Promise<Rotated> {
  const now = clock.now()
  const made: { algorithm: string; kid: string }[] = []
  for (const algorithm of [signingAlgorithm, idTokenAlgorithm]) {
    const key = await newKey(algorithm)
    await addSigningKey(pool, secrets, key, now)
    made.push({ algorithm, kid: key.kid })
  }
  return { made, removed: await removeSigningKeysReplaced(pool, new Date(now.getTime() - tokenSecondsMax * 1000)) }
}

async function newKey(algorithm: string): Promise<SigningKeyRow> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { kid: await calculateJwkThumbprint(jwk), jwk: { ...jwk, alg: algorithm, use: 'sig' } }
}

async function imported({ kid, jwk }: SigningKeyRow, use: 'sign' | 'verify' = 'sign'): Promise<Key> {
  const { d, ...publicPart } = jwk
  const key = await importJWK(use === 'sign' ? { ...publicPart, d: d as string } : publicPart, signingAlgorithm)
  if (key instanceof Uint8Array) throw new Error(`Signing key ${kid} is not an ES256 key.`)
  return { kid, key }
}
