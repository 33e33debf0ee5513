/**
 * Somebody's own account: who is signed in sees and changes how they sign in, where they are signed in and which apps they
 * have let in; who is not is asked to. Plain forms, each with a token of this session, and no script.
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { securityEvent } from '../../audit/security-event.ts'
import { serverClient } from '../../base/own-clients.ts'
import type { House } from '../../store/house.ts'
import { addressOf, issuerOf } from '../addresses.ts'
import { formToken, isFormToken, isOwnOrigin } from '../form-token.ts'
import type { PageReply } from '../interactions/turn.ts'
import { messagePage } from '../pages/message.ts'
import { contentPolicy } from '../pages/page.ts'
import { hashOf } from '../provider-state.ts'
import type { Refusals } from '../refusals.ts'
import { signInStep } from '../sign-in-steps.ts'
import { closeSession, cookieFor, heldIn, newHeld, openSession, sessionOf } from './account-session.ts'
import { authenticator } from './authenticator.ts'
import { changePassword } from './change-password.ts'
import { email } from './email.ts'
import { overview } from './overview.ts'
import { passkeys } from './passkeys.ts'
import { recoveryCodes } from './recovery-codes.ts'
import type { AccountPage, AccountStep } from './visit.ts'

const pages: Readonly<Record<string, AccountPage>> = {
  '': overview,
  password: changePassword,
  authenticator,
  email,
  passkeys,
  'recovery-codes': recoveryCodes,
}

export type AccountHouse = { readonly house: House; readonly secret: string; readonly refusals: Refusals }

export async function account({ house, secret, refusals }: AccountHouse, step: AccountStep): Promise<PageReply> {
  const page = Object.hasOwn(pages, step.page) ? pages[step.page] : undefined
  if (!page) return show(messagePage('There is no such page', 'Go to your account and begin there.'), 404)
  const held = heldIn(step.request) ?? newHeld()
  const token = formToken(secret, hashOf(held), 'account')
  if (
    step.form &&
    !(isOwnOrigin(step.request, issuerOf(house.base)) && isFormToken(step.form.get('token') ?? '', secret, hashOf(held), 'account'))
  )
    return lost(house)
  const session = await sessionOf(house, held)
  if (!session) return signIn({ house, secret, refusals }, step, held, token)
  if (step.form?.get('do') === 'sign-out') {
    await closeSession(house, session)
    await securityEvent(house, { what: 'sign-out', client: serverClient, user: session.account.person, address: step.address })
    return { ...show(messagePage('Signed out', 'You may close this window.')), cookie: cookieFor(house, newHeld()) }
  }
  return page({
    house,
    secret,
    session,
    step,
    token,
    addressOf: (name) => at(house, name),
    show,
    changed: (change) =>
      securityEvent(house, { what: 'account-change', change, client: serverClient, user: session.account.person, address: step.address }),
    done: (what) => ({ to: `${at(house, '')}?done=${what}` }),
  })
}

const at = ({ base }: House, page: string): string => `${addressOf(base, 'account')}${page === '' ? '' : `/${page}`}`

const show = (page: string, status = 200, script: string | undefined = undefined): PageReply => ({
  status,
  page,
  policy: contentPolicy([], script),
})

const signInDeeds = ['sign-in', 'code', 'passkey', 'restart']

/** A form of a session that has run out is no sign-in: it asks for one. */
async function signIn({ house, secret, refusals }: AccountHouse, step: AccountStep, held: string, token: string): Promise<PageReply> {
  const form = signInDeeds.includes(step.form?.get('do') ?? '') || step.form?.has('login') ? step.form : undefined
  const answer = await signInStep({
    house,
    secret,
    key: `account ${held}`,
    form,
    page: { action: at(house, ''), token },
    client: serverClient,
    address: step.address,
    refusals,
  })
  if ('page' in answer) return { ...show(answer.page, answer.status, answer.script), cookie: cookieFor(house, held) }
  // A new number for whoever has signed in: one that another knew before opens nothing.
  const fresh = newHeld()
  await openSession(house, answer.account, fresh)
  return { to: at(house, ''), cookie: cookieFor(house, fresh) }
}

const lost = (house: House): PageReply =>
  show(messagePage('This page is too old', `Nothing was changed. Open ${at(house, '')} again.`), 403)
