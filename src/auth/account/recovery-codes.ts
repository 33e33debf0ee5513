/** New recovery codes, in place of those that there were. */
import { newRecoveryCodes } from '../factors/recovery-codes.ts'
import type { PageReply } from '../interactions/turn.ts'
import { recoveryCodesPage } from '../pages/authenticator.ts'
import type { Visit } from './visit.ts'

/** Without a form there is nothing to show: they are shown when they are made. */
export async function recoveryCodes({ house, session, step, addressOf, show, changed }: Visit): Promise<PageReply> {
  if (!step.form) return { to: addressOf('') }
  await changed('New recovery codes were made.')
  return show(recoveryCodesPage({ codes: await newRecoveryCodes(house, session.account.id), back: addressOf('') }))
}
