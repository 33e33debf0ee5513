/**
 * The message with a link: to choose a new password, or to show that an address is one's own. The link is made here, when it
 * is sent, so that what it carries stands nowhere: a message that is sent again has a new one. It says nothing of a patient.
 * https://cheatsheetseries.owasp.org/cheatsheets/Forgot_Password_Cheat_Sheet.html
 */
import { accountLink, type LinkKind } from '../base/account-links.ts'
import { accountLinksMax, emailLinkHours, recoveryLinkMinutes } from '../base/sign-in-limits.ts'
import { accountWithEmail, dropAccountLink, linksOf, newAccountLink } from '../store/account-links.ts'
import { accountMailTask } from '../store/account-mail.ts'
import type { House } from '../store/house.ts'
import { sendMail } from './send-mail.ts'
import { JobFailed } from './work.ts'

export { accountMailTask }

const minutesOf: Readonly<Record<LinkKind, number>> = { recover: recoveryLinkMinutes, 'verify-email': emailLinkHours * 60 }

/** To an address that nobody has nothing is sent, and whoever asks again and again is not written to without end. */
export async function sendAccountMail(house: House, payload: Readonly<Record<string, unknown>>): Promise<void> {
  const { mail, pool, clock } = house
  const kind: LinkKind = payload.kind === 'recover' ? 'recover' : 'verify-email'
  const to = String(payload.to)
  const account = kind === 'recover' ? await accountWithEmail(pool, to) : String(payload.account)
  if (account === undefined || (await linksOf(pool, kind, account, clock.now())) >= accountLinksMax) return
  if (!mail) throw new JobFailed('there is no SMTP_URL')
  const expires = new Date(clock.now().getTime() + minutesOf[kind] * 60_000)
  const held = await newAccountLink(pool, { kind, account, email: to, expires })
  try {
    await sendMail(mail, { to, ...wordsOf(kind, new URL(house.base).host, accountLink(house.base, kind, held)) })
  } catch (error) {
    await dropAccountLink(pool, kind, held)
    throw error
  }
}

const wordsOf = (kind: LinkKind, host: string, link: string): { readonly subject: string; readonly text: string } =>
  kind === 'recover'
    ? {
        subject: `A new password for ${host}`,
        text: `Somebody, probably you, has forgotten the password of your account at ${host}.\n\nTo choose a new one open this within ${recoveryLinkMinutes} minutes:\n\n${link}\n\nIf it was not you, do nothing: your password stays as it is.\n`,
      }
    : {
        subject: `Is this address yours? (${host})`,
        text: `Somebody, probably you, has given this address for an account at ${host}.\n\nIf it was you, open this within ${emailLinkHours} hours:\n\n${link}\n\nIf it was not you, do nothing.\n`,
      }
