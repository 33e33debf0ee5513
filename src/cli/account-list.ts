/** `slotwise account list`: who may sign in, one a line: login, name, roles, who they are. */
import { accountsListedMax } from '../base/sign-in-limits.ts'
import { listAccounts } from '../store/accounts.ts'
import type { Command } from './command.ts'

export const accountList: Command = {
  name: 'account list',
  does: 'list the accounts',
  options: {},
  run: async (context) => {
    const house = await context.openHouse('guest')
    try {
      const accounts = await listAccounts(house.pool, accountsListedMax)
      if (accounts.length === 0) context.say('There is no account.')
      for (const { login, name, roles, person, acts_for, disabled } of accounts)
        context.say([login, name, roles.join(','), [person, ...acts_for].join(','), disabled ? 'disabled' : ''].join('\t').trimEnd())
      return 0
    } finally {
      await house.close()
    }
  },
}
