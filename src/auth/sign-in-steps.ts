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
import { accountOfPasskey, signInOptions } from './factors/passkeys.ts'
import {
  forgetFirst,
  hasFactor,
  isCode,
  type KnownFirst,
  mustHaveFactor,
  passFirst,
  rememberFirst,
  whoIsFirst,
} from './factors/second-step.ts'
import { codePage, needsFactorPage } from './pages/code.ts'
import { type SignInPage, signInPage } from './pages/sign-in.ts'
import type { Refusals } from './refusals.ts'

export type SignInPlace = {
  readonly house: House
  /** What is signed in the name of the server is signed with it. */
  readonly secret: string
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
/** `script`: the one that the page needs. */
export type StillAsked = { readonly page: string; readonly status: number; readonly script?: string }

/** Whoever comes in, or tries to, is in the audit: whatever is asked of them, it is asked through here. */
export async function signInStep(place: SignInPlace): Promise<SignedIn | StillAsked> {
  const { house, client, address, refusals } = place
  const answer = await step(place)
  if ('account' in answer) await securityEvent(house, { what: 'sign-in', client, address, user: answer.account.person })
  else if (answer.status !== 200) refusals.note({ why: 'sign-in', client, address })
  return answer
}

async function step(place: SignInPlace): Promise<SignedIn | StillAsked> {
  const { house, form, key } = place
  const known = await whoIsFirst(house, key)
  if (!form) return known ? askCode(place) : askWho(place)
  const does = form.get('do')
  if (does === 'passkey') return byPasskey(place, form.get('credential') ?? '')
  if (does === 'restart') await forgetFirst(house, key)
  else if (form.has('code') && known) return secondStep(place, known, form.get('code') ?? '')
  else if (form.has('login')) return firstStep(place, form)
  return askWho(place)
}

/** Without the way by a passkey where the server's address does not allow any. */
function withPasskey({ house, secret, key, page }: SignInPlace) {
  const options = signInOptions({ house, secret, key })
  const script = options && addressOf(house.base, 'passkeyScript')
  const recover = house.mail && addressOf(house.base, 'recover')
  return { page: { ...page, recover, ...(options && script !== undefined ? { passkey: { options, script } } : {}) }, script }
}

function askWho(place: SignInPlace, more: Pick<SignInPage, 'login' | 'wrong'> = {}): StillAsked {
  const { page, script } = withPasskey(place)
  return { page: signInPage({ ...page, ...more }), status: more.wrong ? 400 : 200, script }
}

function askCode(place: SignInPlace, wrong = false): StillAsked {
  const { page, script } = withPasskey(place)
  return { page: codePage({ ...page, wrong }), status: wrong ? 400 : 200, script }
}

async function firstStep(place: SignInPlace, form: URLSearchParams): Promise<SignedIn | StillAsked> {
  const { house, page, key } = place
  const login = form.get('login') ?? ''
  const account = await signedIn(house, login, form.get('password') ?? '')
  if (!account) return askWho(place, { login, wrong: true })
  if (hasFactor(await factorsOf(house.pool, account.id))) {
    await rememberFirst(house, key, { account: account.id, amr: ['pwd'] })
    return askCode(place)
  }
  // Into their own account they come without, to set one up.
  if (page.client !== undefined && mustHaveFactor(house, account))
    return { page: needsFactorPage(addressOf(house.base, 'account')), status: 200 }
  return { account, amr: ['pwd'] }
}

async function secondStep(place: SignInPlace, { account, amr }: KnownFirst, code: string): Promise<SignedIn | StillAsked> {
  if (!(await isCode(place.house, account.id, code))) return askCode(place, true)
  if (!(await passFirst(place.house, place.key))) return askWho(place)
  return { account, amr: [...new Set([...amr, 'otp', 'mfa'])] }
}

/** It has verified its person, so it is both factors in one. */
async function byPasskey(place: SignInPlace, credential: string): Promise<SignedIn | StillAsked> {
  const account = await accountOfPasskey(place, credential)
  if (!account) return askWho(place, { wrong: true })
  await forgetFirst(place.house, place.key)
  return { account, amr: ['pop', 'user', 'mfa'] }
}
