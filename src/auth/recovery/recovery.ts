/**
 * Behind the links that people are sent, and where they ask for one. The same is said and done whether anybody has that
 * address; a link is used up by its form, not by being opened, since programs open what is in a mail before people do.
 * https://cheatsheetseries.owasp.org/cheatsheets/Forgot_Password_Cheat_Sheet.html
 *
 * A second factor stays, and is asked for at the next sign-in.
 */

import type { IncomingMessage } from 'node:http'
import { securityEvent } from '../../audit/security-event.ts'
import { accountLink, type LinkKind, mailbox } from '../../base/account-links.ts'
import { serverClient } from '../../base/own-clients.ts'
import { replacePassword } from '../../store/account-access.ts'
import { findAccountLink, setEmail, useAccountLink } from '../../store/account-links.ts'
import { putAccountMail } from '../../store/account-mail.ts'
import { type AccountRow, findAccount } from '../../store/accounts.ts'
import type { House } from '../../store/house.ts'
import { whyNot } from '../account/change-password.ts'
import { addressOf, issuerOf } from '../addresses.ts'
import { isOwnOrigin } from '../form-token.ts'
import type { PageReply } from '../interactions/turn.ts'
import { messagePage } from '../pages/message.ts'
import { newPasswordPage } from '../pages/new-password.ts'
import { contentPolicy, html } from '../pages/page.ts'
import { askedRecoveryPage, confirmEmailPage, recoverPage } from '../pages/recover.ts'
import { hashPassword } from '../password.ts'

export type RecoveryStep = {
  readonly request: IncomingMessage
  readonly kind: LinkKind
  /** What stands in the link; undefined where one is asked for. */
  readonly held?: string
  readonly form?: URLSearchParams
  readonly address?: string
}

const show = (page: string, status = 200): PageReply => ({ status, page, policy: contentPolicy([]) })

export async function recovery(house: House, step: RecoveryStep): Promise<PageReply> {
  if (step.form && !isOwnOrigin(step.request, issuerOf(house.base))) return show(messagePage('Nothing was changed', 'Begin again.'), 403)
  if (step.held === undefined) return step.kind === 'recover' ? ask(house, step) : lost()
  const link = await findAccountLink(house.pool, step.kind, step.held, house.clock.now())
  const account = link && (await findAccount(house.pool, link.account))
  if (!account) return lost()
  const opened = { house, step, account, held: step.held }
  return step.kind === 'recover' ? choose(opened) : confirm({ ...opened, email: link.email ?? '' })
}

const lost = (): PageReply =>
  show(messagePage('This link is good no more', 'It was used before, or too much time has gone by. Ask for another one.'), 404)

async function ask(house: House, { form }: RecoveryStep): Promise<PageReply> {
  if (!house.mail) return show(messagePage('Ask the clinic', 'This server sends no mail. Somebody at the clinic can give you a link.'))
  const action = addressOf(house.base, 'recover')
  if (!form) return show(recoverPage({ action }))
  const to = mailbox(form.get('email') ?? '')
  if (to === undefined) return show(recoverPage({ action, wrong: true }), 400)
  await putAccountMail(house.pool, { kind: 'recover', to })
  return show(askedRecoveryPage())
}

type Opened = { readonly house: House; readonly step: RecoveryStep; readonly account: AccountRow; readonly held: string }

async function choose({ house, step, account, held }: Opened): Promise<PageReply> {
  const page = { action: accountLink(house.base, 'recover', held), token: '' }
  if (!step.form) return show(newPasswordPage(page))
  const [fresh, again] = [step.form.get('new') ?? '', step.form.get('again') ?? '']
  const wrong = whyNot(fresh, again)
  if (wrong) return show(newPasswordPage({ ...page, wrong }), 400)
  const hash = await hashPassword(fresh)
  if (!(await useAccountLink(house.pool, 'recover', held, house.clock.now()))) return lost()
  await replacePassword(house.pool, account.id, hash, undefined)
  await changed({ house, step, account }, 'A new password was chosen by a link.')
  const toAccount = html`<p><a href="${addressOf(house.base, 'account')}">Go to your account</a></p>`
  return show(messagePage('The password is changed', 'Whatever was signed in is signed out. Sign in with the new one.', toAccount))
}

async function confirm({ house, step, account, held, email }: Opened & { readonly email: string }): Promise<PageReply> {
  if (!step.form) return show(confirmEmailPage({ action: accountLink(house.base, 'verify-email', held), email, login: account.login }))
  if (!(await useAccountLink(house.pool, 'verify-email', held, house.clock.now()))) return lost()
  if (!(await setEmail(house.pool, account.id, email)))
    return show(messagePage('Another account has that address', 'An address belongs to one account alone.'), 409)
  await changed({ house, step, account }, 'An e-mail address was confirmed.')
  return show(messagePage('The address is yours', 'If you forget your password, a link is sent there.'))
}

const changed = ({ house, step, account }: Omit<Opened, 'held'>, change: string): Promise<void> =>
  securityEvent(house, { what: 'account-change', change, client: serverClient, user: account.person, address: step.address })
