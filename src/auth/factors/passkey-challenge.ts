/**
 * What a passkey signs: random, good for some minutes, for one sign-in in one browser, and once. The server keeps nothing of
 * those that it gives out, only of those that were used. https://www.w3.org/TR/webauthn-3/#sctn-cryptographic-challenges
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { passkeyMinutes } from '../../base/sign-in-limits.ts'
import { keepStateOnce } from '../../store/auth-state.ts'
import type { House } from '../../store/house.ts'
import { hashOf } from '../provider-state.ts'

const randomPart = 16
const timePart = 6

const signature = (secret: string, key: string, what: Buffer): Buffer =>
  createHmac('sha256', secret).update(`passkey ${key} `).update(what).digest()

/** `key`: of this sign-in in this browser. */
export function newChallenge({ clock }: House, secret: string, key: string): string {
  const what = Buffer.concat([randomBytes(randomPart), Buffer.alloc(timePart)])
  what.writeUIntBE(clock.now().getTime() + passkeyMinutes * 60_000, randomPart, timePart)
  return Buffer.concat([what, signature(secret, key, what)]).toString('base64url')
}

/** When it runs out; undefined for one that is not of this sign-in, or has run out. */
export function endOfChallenge({ clock }: House, secret: string, key: string, challenge: string): Date | undefined {
  const bytes = Buffer.from(challenge, 'base64url')
  const what = bytes.subarray(0, randomPart + timePart)
  const expected = what.length === randomPart + timePart ? signature(secret, key, what) : undefined
  const said = bytes.subarray(randomPart + timePart)
  if (!expected || said.length !== expected.length || !timingSafeEqual(said, expected)) return undefined
  const end = what.readUIntBE(randomPart, timePart)
  return end > clock.now().getTime() ? new Date(end) : undefined
}

/** False where it was used before. */
export const useChallenge = ({ pool }: House, challenge: string, expires: Date): Promise<boolean> =>
  keepStateOnce(pool, { model: 'PasskeyChallenge', id: hashOf(challenge), payload: {}, expires })
