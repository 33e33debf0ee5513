/**
 * Codes of an authenticator app: six digits, new each half minute, one of them early or late taken too, each once.
 * https://www.rfc-editor.org/rfc/rfc6238
 *
 * The secret is kept sealed, bound to its account.
 */
import { totpSkewSteps } from '../../base/sign-in-limits.ts'
import type { House } from '../../store/house.ts'
import { addTotp, totpSecret, useTotpStep } from '../../store/second-factors.ts'
import { placeOf } from '../../store/secrets.ts'

const period = 30

const placeFor = (account: string): string => placeOf('account_totp', account, 'secret')

async function totpOf(secret: string, label = '', issuer = '') {
  const { Secret, TOTP } = await import('otpauth')
  return new TOTP({ issuer, label, algorithm: 'SHA1', digits: 6, period, secret: Secret.fromBase32(secret) })
}

/** 160 bits in base32, as RFC 4226 recommends. */
export async function newTotpSecret(): Promise<string> {
  const { Secret } = await import('otpauth')
  return new Secret({ size: 20 }).base32
}

/** What an authenticator app reads from a picture. */
export const totpAddress = async (secret: string, login: string, issuer: string): Promise<string> =>
  (await totpOf(secret, login, issuer)).toString()

/** The half minute whose code it is; undefined where it is none. */
async function stepOf(secret: string, code: string, now: Date): Promise<number | undefined> {
  const digits = code.replace(/\s/g, '')
  if (!/^\d{6}$/.test(digits)) return undefined
  const totp = await totpOf(secret)
  const delta = totp.validate({ token: digits, timestamp: now.getTime(), window: totpSkewSteps })
  return delta === null ? undefined : Math.floor(now.getTime() / 1000 / period) + delta
}

/** `wrong-code` where the app does not know the secret yet. */
export async function setUpTotp(house: House, account: string, secret: string, code: string): Promise<'ok' | 'wrong-code' | 'there'> {
  const now = house.clock.now()
  const step = await stepOf(secret, code, now)
  if (step === undefined) return 'wrong-code'
  const row = { account, secret: house.secrets.seal(secret, placeFor(account)), last_step: step, created: now }
  return (await addTotp(house.pool, row)) ? 'ok' : 'there'
}

export async function isTotp(house: House, account: string, code: string): Promise<boolean> {
  const kept = await totpSecret(house.pool, account)
  if (kept === undefined) return false
  const step = await stepOf(house.secrets.open(kept, placeFor(account)), code, house.clock.now())
  return step !== undefined && useTotpStep(house.pool, account, step)
}
