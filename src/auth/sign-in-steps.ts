/**
 * How somebody shows who they are, wherever they are asked: in the middle of an app's sign-in or before their own account.
 * https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
 */
import { securityEvent } from '../audit/security-event.ts'
import type { AccountRow } from '../store/accounts.ts'
import type { House } from '../store/house.ts'
import { factorsOf } from '../store/second-factors.ts'
import { signedIn } from './accounts.ts'
import { addressOf } from './addresses.ts'
import { forgetFirst, hasFactor, isCode, mustHaveFactor, passFirst, rememberFirst, whoIsFirst } from './factors/second-step.ts'
import { codePage, needsFactorPage } from './pages/code.ts'
import { type SignInPage, signInPage } from './pages/sign-in.ts'
import type { Refusals } from './refusals.ts'

export type SignInPlace = {
  readonly house: House
  /** Of this sign-in, in this browser: what is known so far is remembered under it. */
  readonly key: string
  /** Undefined: nothing is filled in yet. */
  readonly form?: URLSearchParams
  readonly page: SignInPage
  /** The app that somebody signs in to; `slotwise` for their own account. */
  readonly client: string
  readonly address?: string
  readonly refusals: Refusals
}

/** `amr` as RFC 8176 has it. */
export type SignedIn = { readonly account: AccountRow; readonly amr: readonly string[] }
export type StillAsked = { readonly page: string; readonly status: number }

/** Whoever comes in, or tries to, is in the audit: whatever is asked of them, it is asked through here. */
export async function signInStep(place: SignInPlace): Promise<SignedIn | StillAsked> {
  const { house, client, address, refusals } = place
  const answer = await step(place)
  if ('account' in answer) await securityEvent(house, { what: 'sign-in', client, address, user: answer.account.person })
  else if (answer.status !== 200) refusals.note({ why: 'sign-in', client, address })
  return answer
}

async function step(place: SignInPlace): Promise<SignedIn | StillAsked> {
  const { house, form, page, key } = place
  const known = await whoIsFirst(house, key)
  if (!form) return { page: known ? codePage(page) : signInPage(page), status: 200 }
  if (form.get('do') === 'restart') await forgetFirst(house, key)
  else if (form.has('code') && known) return secondStep(place, known, form.get('code') ?? '')
  else if (form.has('login')) return firstStep(place, form)
  return { page: signInPage(page), status: 200 }
}

async function firstStep({ house, page, key }: SignInPlace, form: URLSearchParams): Promise<SignedIn | StillAsked> {
  const login = form.get('login') ?? ''
  const account = await signedIn(house, login, form.get('password') ?? '')
  if (!account) return { page: signInPage({ ...page, login, wrong: true }), status: 400 }
  if (hasFactor(await factorsOf(house.pool, account.id))) {
    await rememberFirst(house, key, account.id)
    return { page: codePage(page), status: 200 }
  }
  // Into their own account they come without, to set one up.
  if (page.client !== undefined && mustHaveFactor(house, account))
    return { page: needsFactorPage(addressOf(house.base, 'account')), status: 200 }
  return { account, amr: ['pwd'] }
}

async function secondStep({ house, page, key }: SignInPlace, account: AccountRow, code: string): Promise<SignedIn | StillAsked> {
  if (!(await isCode(house, account.id, code))) return { page: codePage({ ...page, wrong: true }), status: 400 }
  if (!(await passFirst(house, key))) return { page: signInPage(page), status: 200 }
  return { account, amr: ['pwd', 'otp', 'mfa'] }
}
