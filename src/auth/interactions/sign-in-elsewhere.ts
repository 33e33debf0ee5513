/** The first step at the clinic's own OpenID Connect server: off to it, and back with who somebody is. */
import { securityEvent } from '../../audit/security-event.ts'
import { Fault, fault } from '../../base/fault.ts'
import type { AccountRow } from '../../store/accounts.ts'
import { factorsOf } from '../../store/second-factors.ts'
import { accountOf } from '../elsewhere/account-of.ts'
import type { Elsewhere } from '../elsewhere/openid-client.ts'
import { hasFactor, keyOfSignIn, mustHaveFactor, rememberFirst } from '../factors/second-step.ts'
import { methodsIn, showedTwoFactors } from '../factors/shown-elsewhere.ts'
import type { PageReply, Turn } from './turn.ts'

/** Undefined where it is about something else. `asked`: the page of the sign-in, with why it did not come about. */
export async function signInElsewhere(turn: Turn, asked: (note: string) => PageReply): Promise<PageReply | undefined> {
  const { elsewhere, step } = turn
  if (!elsewhere || step.form) return undefined
  const isBack = step.query.has('state')
  if (!isBack && !step.query.has('elsewhere')) return undefined
  try {
    return isBack ? await comeBack(turn, elsewhere) : { to: await elsewhere.begin(step.uid) }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    turn.refusals.note({ why: 'sign-in', client: turn.client.id, address: step.address })
    return asked(`Signing in with ${elsewhere.setting.name} did not work. ${error.message}.`)
  }
}

async function comeBack(turn: Turn, elsewhere: Elsewhere): Promise<PageReply> {
  const { house, step, client } = turn
  const claims = await elsewhere.finish(step.uid, step.query)
  const account = await accountOf(house, elsewhere.setting, claims)
  const amr = methodsIn(claims.amr)
  if (mustHaveFactor(house, account) && !showedTwoFactors(claims, elsewhere.setting.strongAcr)) return askFactor(turn, account, amr)
  await securityEvent(house, { what: 'sign-in', client: client.id, address: step.address, user: account.person })
  return turn.done({ login: { accountId: account.id, remember: false, amr } })
}

/** The clinic asks for two factors and was shown one there: the other is shown here, by whoever has one here. */
async function askFactor({ house, step, action }: Turn, { id: account }: AccountRow, amr: readonly string[]): Promise<PageReply> {
  if (!hasFactor(await factorsOf(house.pool, account)))
    throw fault(
      'forbidden',
      'What you may do at the clinic asks for a second factor, and it does not say that you showed one: ask the clinic',
    )
  await rememberFirst(house, keyOfSignIn(step.uid), { account, amr })
  return { to: action }
}
