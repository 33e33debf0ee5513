/**
 * After the password: a code of the authenticator app, or a recovery code. That the password was right is remembered for a
 * few minutes under what the browser alone knows; wrong codes are counted, and lock what asks for them.
 * https://cheatsheetseries.owasp.org/cheatsheets/Multifactor_Authentication_Cheat_Sheet.html
 */
import { secondStepMinutes, signInAttemptsMax, signInLockMs } from '../../base/sign-in-limits.ts'
import { type AccountRow, findAccount } from '../../store/accounts.ts'
import { consumeState, dropState, findState, keepState } from '../../store/auth-state.ts'
import type { House } from '../../store/house.ts'
import { beginCodeAttempt, codeAttemptSucceeded, type FactorsRow } from '../../store/second-factors.ts'
import { hashOf } from '../provider-state.ts'
import { isRecoveryCode } from './recovery-codes.ts'
import { methodsIn } from './shown-elsewhere.ts'
import { isTotp } from './totp.ts'

const model = 'FirstFactor'

/** What is remembered of a sign-in to an app. */
export const keyOfSignIn = (uid: string): string => `sign-in ${uid}`

type First = { readonly account: string /** How they showed it (RFC 8176). */; readonly amr: readonly string[] }

/** `key`: of this sign-in in this browser. */
export async function rememberFirst({ pool, clock }: House, key: string, { account, amr }: First): Promise<void> {
  const expires = new Date(clock.now().getTime() + secondStepMinutes * 60_000)
  await keepState(pool, { model, id: hashOf(key), payload: { amr }, account, expires })
}

export type KnownFirst = { readonly account: AccountRow; readonly amr: readonly string[] }

export async function whoIsFirst({ pool, clock }: House, key: string): Promise<KnownFirst | undefined> {
  const found = await findState(pool, model, hashOf(key), clock.now())
  const account = found?.consumed === null && found.account ? await findAccount(pool, found.account) : undefined
  return account && { account, amr: methodsIn(found?.payload.amr) }
}

export const forgetFirst = ({ pool }: House, key: string): Promise<void> => dropState(pool, model, hashOf(key))

export const hasFactor = ({ totp, passkeys }: FactorsRow): boolean => totp !== null || passkeys > 0

/** By what they are at the clinic: SECOND_FACTOR_ROLES. */
export const mustHaveFactor = ({ secondFactorRoles = [] }: House, { roles }: AccountRow): boolean =>
  roles.some((role) => secondFactorRoles.includes(role))

/** False also for one that was used before, and where too many were wrong. */
export async function isCode(house: House, account: string, code: string): Promise<boolean> {
  const limits = { now: house.clock.now(), most: signInAttemptsMax, lockMs: signInLockMs }
  if (!(await beginCodeAttempt(house.pool, account, limits))) return false
  const good = (await isTotp(house, account, code)) || (await isRecoveryCode(house, account, code))
  if (good) await codeAttemptSucceeded(house.pool, account)
  return good
}

/** False where it was ended meanwhile, or another request came first. */
export const passFirst = ({ pool, clock }: House, key: string): Promise<boolean> => consumeState(pool, model, hashOf(key), clock.now())
