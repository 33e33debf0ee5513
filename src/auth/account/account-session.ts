/**
 * The session in which somebody looks after their own account: short, of its own cookie, which is sent to these pages alone.
 * A browser without one is given a number that stands for nothing, so that its sign-in form cannot be another site's.
 * https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
 */
import type { IncomingMessage } from 'node:http'
import { newSecret } from '../../base/ids.ts'
import { accountSessionMinutes } from '../../base/sign-in-limits.ts'
import { type AccountRow, findAccount } from '../../store/accounts.ts'
import { dropState, findState, keepState } from '../../store/auth-state.ts'
import type { House } from '../../store/house.ts'
import { addressOf } from '../addresses.ts'
import { hashOf } from '../provider-state.ts'

const model = 'AccountSession'
const name = 'slotwise_account'

export type AccountSession = { readonly id: string; readonly account: AccountRow }

export const newHeld = newSecret

export function heldIn({ headers }: IncomingMessage, cookie = name): string | undefined {
  const all = (headers.cookie ?? '').split(/;\s*/).map((pair) => pair.split('='))
  return all.find(([one]) => one === cookie)?.[1] || undefined
}

export async function openSession({ pool, clock }: House, account: AccountRow, held: string): Promise<void> {
  const now = clock.now().getTime()
  const payload = { iat: Math.floor(now / 1000) }
  await keepState(pool, { model, id: hashOf(held), payload, account: account.id, expires: new Date(now + accountSessionMinutes * 60_000) })
}

export async function sessionOf({ pool, clock }: House, held: string): Promise<AccountSession | undefined> {
  const id = hashOf(held)
  const found = await findState(pool, model, id, clock.now())
  const account = found && (await findAccount(pool, found.account ?? ''))
  return account && { id, account }
}

export const closeSession = ({ pool }: House, { id }: AccountSession): Promise<void> => dropState(pool, model, id)

export function cookieFor({ base }: House, held: string): string {
  const url = new URL(addressOf(base, 'account'))
  return `${name}=${held}; Path=${url.pathname}; HttpOnly; SameSite=Lax${url.protocol === 'https:' ? '; Secure' : ''}`
}
