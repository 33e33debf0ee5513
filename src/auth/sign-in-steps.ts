/**
 * How somebody shows who they are, wherever they are asked: in the middle of an app's sign-in or before their own account.
 * https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
 */
import { securityEvent } from '../audit/security-event.ts'
import type { AccountRow } from '../store/accounts.ts'
import type { House } from '../store/house.ts'
import { signedIn } from './accounts.ts'
import { type SignInPage, signInPage } from './pages/sign-in.ts'
import type { Refusals } from './refusals.ts'

export type SignInPlace = {
  readonly house: House
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

async function step({ house, form, page }: SignInPlace): Promise<SignedIn | StillAsked> {
  if (!form) return { page: signInPage(page), status: 200 }
  const login = form.get('login') ?? ''
  const account = await signedIn(house, login, form.get('password') ?? '')
  if (!account) return { page: signInPage({ ...page, login, wrong: true }), status: 400 }
  return { account, amr: ['pwd'] }
}
