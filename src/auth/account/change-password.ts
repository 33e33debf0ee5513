/**
 * A new password for whoever knows the old one: a wrong one counts like a failed sign-in. It ends every session and token that
 * the old one opened, but for the one in which it is changed.
 */
import { Fault } from '../../base/fault.ts'
import { replacePassword } from '../../store/account-access.ts'
import { signedIn } from '../accounts.ts'
import type { PageReply } from '../interactions/turn.ts'
import { newPasswordPage } from '../pages/new-password.ts'
import { assertPassword, hashPassword } from '../password.ts'
import type { Visit } from './visit.ts'

export async function changePassword(visit: Visit): Promise<PageReply> {
  const { house, session, step, token } = visit
  const page = { action: visit.addressOf('password'), token, login: session.account.login, back: visit.addressOf('') }
  if (!step.form) return visit.show(newPasswordPage(page))
  const [fresh, again] = [step.form.get('new') ?? '', step.form.get('again') ?? '']
  const wrong = whyNot(fresh, again)
  if (wrong) return visit.show(newPasswordPage({ ...page, wrong }), 400)
  const known = await signedIn(house, session.account.login, step.form.get('password') ?? '')
  if (!known) {
    const why = 'The password that you have now is another one. After several attempts in a row wait a quarter of an hour.'
    return visit.show(newPasswordPage({ ...page, wrong: why, which: 'now' }), 400)
  }
  await replacePassword(house.pool, known.id, await hashPassword(fresh), session.id)
  await visit.changed('The password was changed.')
  return visit.done('password')
}

/** Why a new password is not taken. */
export function whyNot(fresh: string, again: string): string | undefined {
  if (fresh !== again) return 'The new password was not typed the same twice.'
  try {
    assertPassword(fresh)
    return undefined
  } catch (error) {
    if (error instanceof Fault) return error.message
    throw error
  }
}
