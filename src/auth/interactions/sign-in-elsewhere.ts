/** The first step at the clinic's own OpenID Connect server: off to it, and back with who somebody is. */
import { securityEvent } from '../../audit/security-event.ts'
import { Fault } from '../../base/fault.ts'
import { accountOf } from '../elsewhere/account-of.ts'
import type { Elsewhere } from '../elsewhere/openid-client.ts'
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
  await securityEvent(house, { what: 'sign-in', client: client.id, address: step.address, user: account.person })
  return turn.done({ login: { accountId: account.id, remember: false, amr: methodsIn(claims.amr) } })
}

/** How they showed it there (RFC 8176), where that is said. */
const methodsIn = (said: unknown): string[] => (Array.isArray(said) ? said.filter((one) => typeof one === 'string').slice(0, 10) : [])
