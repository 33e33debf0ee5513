/** The first page of somebody's own account: what there is, and what can be ended. */
import { accountAccessListedMax } from '../../base/sign-in-limits.ts'
import { appsOf, endAllAccess, endApp, endSession, sessionsOf } from '../../store/account-access.ts'
import { factorsOf } from '../../store/second-factors.ts'
import { passkeyHost } from '../factors/passkeys.ts'
import { hasFactor, mustHaveFactor } from '../factors/second-step.ts'
import type { PageReply } from '../interactions/turn.ts'
import { accountPage } from '../pages/account.ts'
import { hashOf } from '../provider-state.ts'
import { heldIn } from './account-session.ts'
import type { Visit } from './visit.ts'

export async function overview(visit: Visit): Promise<PageReply> {
  return visit.step.form ? ended(visit, visit.step.form) : shown(visit)
}

async function shown({ house, session, step, token, addressOf, show }: Visit): Promise<PageReply> {
  const whose = { account: session.account.id, now: house.clock.now(), most: accountAccessListedMax }
  const [sessions, apps, factors] = await Promise.all([
    sessionsOf(house.pool, whose),
    appsOf(house.pool, whose),
    factorsOf(house.pool, whose.account),
  ])
  const here = hashOf(heldIn(step.request, 'slotwise_session') ?? '')
  return show(
    accountPage({
      name: session.account.name,
      login: session.account.login,
      done: step.query.get('done') ?? '',
      action: addressOf(''),
      addressOf,
      factors,
      email: session.account.email,
      mayHaveEmail: house.mail !== undefined,
      mayHavePasskeys: passkeyHost(house.base) !== undefined,
      needsFactor: mustHaveFactor(house, session.account) && !hasFactor(factors),
      token,
      sessions: sessions.map((one) => ({ ...one, here: one.id === session.id || one.id === here })),
      apps,
    }),
  )
}

async function ended({ house, session, changed, done, addressOf }: Visit, form: URLSearchParams): Promise<PageReply> {
  const { id: account } = session.account
  const which = form.get('which') ?? ''
  switch (form.get('do')) {
    case 'end-session':
      await endSession(house.pool, account, which)
      return done('session')
    case 'end-app':
      await endApp(house.pool, account, { grantId: which, id: hashOf(which) })
      return done('app')
    case 'end-all':
      await endAllAccess(house.pool, account, session.id)
      await changed('Everything else was signed out.')
      return done('all')
    default:
      return { to: addressOf('') }
  }
}
