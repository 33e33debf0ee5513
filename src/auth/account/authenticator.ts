/**
 * An authenticator app: set up by showing that it knows the secret, taken away by a code. The secret stands in the form until
 * then, so that nothing is kept of what nobody finished. https://www.rfc-editor.org/rfc/rfc6238
 */

import { factorsOf, removeTotp } from '../../store/second-factors.ts'
import { issuerNameOf } from '../addresses.ts'
import { newRecoveryCodes } from '../factors/recovery-codes.ts'
import { isCode } from '../factors/second-step.ts'
import { newTotpSecret, setUpTotp, totpAddress } from '../factors/totp.ts'
import type { PageReply } from '../interactions/turn.ts'
import { authenticatorPage, authenticatorThere, recoveryCodesPage } from '../pages/authenticator.ts'
import type { Html } from '../pages/page.ts'
import type { Visit } from './visit.ts'

export async function authenticator(visit: Visit): Promise<PageReply> {
  const { house, session, step } = visit
  const { totp } = await factorsOf(house.pool, session.account.id)
  if (totp) return step.form?.get('do') === 'remove' ? remove(visit, totp, step.form) : there(visit, totp)
  return step.form?.get('do') === 'set-up' ? setUp(visit, step.form) : ask(visit, await newTotpSecret())
}

const shared = ({ addressOf, token }: Visit) => ({ action: addressOf('authenticator'), token, back: addressOf('') })

const there = (visit: Visit, since: Date, status = 200): PageReply =>
  visit.show(authenticatorThere({ ...shared(visit), since, wrong: status !== 200 }), status)

async function ask(visit: Visit, secret: string, wrong = false): Promise<PageReply> {
  const { renderSVG } = await import('uqr')
  const address = await totpAddress(secret, visit.session.account.login, issuerNameOf(visit.house.base))
  const picture = { html: renderSVG(address, { border: 4 }) as Html }
  return visit.show(authenticatorPage({ ...shared(visit), secret, picture, wrong }), wrong ? 400 : 200)
}

async function setUp(visit: Visit, form: URLSearchParams): Promise<PageReply> {
  const { house, session, addressOf, show } = visit
  const secret = form.get('secret') ?? ''
  // The key that we have made, and none shorter that somebody was made to send.
  if (!/^[A-Z2-7]{32}$/.test(secret)) return ask(visit, await newTotpSecret(), true)
  const came = await setUpTotp(house, session.account.id, secret, form.get('code') ?? '')
  if (came === 'wrong-code') return ask(visit, secret, true)
  if (came === 'there') return { to: addressOf('authenticator') }
  await visit.changed('An authenticator app was set up.')
  const codes = await newRecoveryCodes(house, session.account.id)
  return show(recoveryCodesPage({ codes, back: addressOf(''), done: 'Your authenticator app is set up.' }))
}

async function remove(visit: Visit, since: Date, form: URLSearchParams): Promise<PageReply> {
  const { house, session, changed, done } = visit
  if (!(await isCode(house, session.account.id, form.get('code') ?? ''))) return there(visit, since, 400)
  await removeTotp(house.pool, session.account.id)
  await changed('The authenticator app was taken away.')
  return done('authenticator')
}
