/** Somebody's e-mail address: it is theirs once they have opened the link that was sent to it. */
import { mailbox } from '../../base/account-links.ts'
import { putAccountMail } from '../../store/account-mail.ts'
import type { PageReply } from '../interactions/turn.ts'
import { messagePage } from '../pages/message.ts'
import { emailPage } from '../pages/recover.ts'
import type { Visit } from './visit.ts'

export async function email({ house, session, step, token, addressOf, show, done }: Visit): Promise<PageReply> {
  if (!house.mail) return show(messagePage('No mail here', 'This server sends no mail.'), 404)
  const page = { action: addressOf('email'), back: addressOf(''), token, email: session.account.email }
  if (!step.form) return show(emailPage(page))
  const to = mailbox(step.form.get('email') ?? '')
  if (to === undefined) return show(emailPage({ ...page, wrong: true }), 400)
  await putAccountMail(house.pool, { kind: 'verify-email', to, account: session.account.id })
  return done('email')
}
