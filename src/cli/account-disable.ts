/** `slotwise account disable`: the person is signed out everywhere and cannot sign in, until a new password is set. */
import { plainLogin } from '../auth/accounts.ts'
import { disableAccount } from '../store/accounts.ts'
import { withAccountEvent } from './account-event.ts'
import type { Command } from './command.ts'

export const accountDisable: Command = {
  name: 'account disable',
  does: 'sign somebody out everywhere and let them in no more',
  options: {},
  operands: { value: 'LOGIN', means: 'what they type to sign in', many: false },
  run: async (context, _values, [login = '']) => {
    const house = await context.openHouse('guest')
    try {
      const name = plainLogin(login)
      const was = await withAccountEvent(house, name, (tx) => disableAccount(tx, name), `The account ${name} was disabled`)
      context.say(was ? `${login} is disabled.` : `There is no account "${login}".`)
      return was ? 0 : 1
    } finally {
      await house.close()
    }
  },
}
