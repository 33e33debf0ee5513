/**
 * How somebody shows who they are, wherever they are asked: in the middle of an app's sign-in or before their own account.
 * https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
 */
import type { AccountRow } from '../store/accounts.ts'
import type { House } from '../store/house.ts'
import { signedIn } from './accounts.ts'
import { type SignInPage, signInPage } from './pages/sign-in.ts'

export type SignInPlace = {
  readonly house: House
  /** Undefined: nothing is filled in yet. */
  readonly form?: URLSearchParams
  readonly page: SignInPage
}

/** `amr` as RFC 8176 has it. */
export type SignedIn = { readonly account: AccountRow; readonly amr: readonly string[] }
export type StillAsked = { readonly page: string; readonly status: number }

export async function signInStep({ house, form, page }: SignInPlace): Promise<SignedIn | StillAsked> {
  if (!form) return { page: signInPage(page), status: 200 }
  const login = form.get('login') ?? ''
  const account = await signedIn(house, login, form.get('password') ?? '')
  if (!account) return { page: signInPage({ ...page, login, wrong: true }), status: 400 }
  return { account, amr: ['pwd'] }
}
