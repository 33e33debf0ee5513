/**
 * `slotwise account recover`: a link by which somebody chooses a new password, for where there is no mail. Whoever has the link
 * has the account: hand it over to nobody else.
 */
import { plainLogin } from '../auth/accounts.ts'
import { accountLink } from '../base/account-links.ts'
import { recoveryLinkMinutes } from '../base/sign-in-limits.ts'
import { newAccountLink } from '../store/account-links.ts'
import { findAccountByLogin } from '../store/accounts.ts'
import type { Command } from './command.ts'
import { withOperatorEvent } from './operator-event.ts'

export const accountRecover: Command = {
  name: 'account recover',
  does: 'print a link by which somebody chooses a new password',
  options: {},
  operands: { value: 'LOGIN', means: 'what they type to sign in', many: false },
  run: async (context, _values, [login = '']) => {
    const house = await context.openHouse('guest')
    try {
      const account = await findAccountByLogin(house.pool, plainLogin(login))
      if (!account) {
        context.say(`There is no account "${login}", or it is disabled.`)
        return 1
      }
      const expires = new Date(house.clock.now().getTime() + recoveryLinkMinutes * 60_000)
      const held = await withOperatorEvent(
        house,
        (tx) => newAccountLink(tx, { kind: 'recover', account: account.id, expires }),
        () => ({
          what: 'account-change',
          about: account.person,
          change: `A link to choose a new password for ${account.login} was printed`,
        }),
      )
      context.say(`${accountLink(house.base, 'recover', held)}`)
      context.say(`Good once, for ${recoveryLinkMinutes} minutes, for whoever has it.`)
      return 0
    } finally {
      await house.close()
    }
  },
}
