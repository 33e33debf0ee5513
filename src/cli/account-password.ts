/** `slotwise account password`: a new password for somebody who has lost theirs, is locked out or disabled. */
import { readFile } from 'node:fs/promises'
import { plainLogin } from '../auth/accounts.ts'
import { assertPassword, hashPassword } from '../auth/password.ts'
import { newPassword } from '../base/ids.ts'
import { setPassword } from '../store/account-access.ts'
import type { Tx } from '../store/db.ts'
import { removeFactors } from '../store/second-factors.ts'
import { withAccountEvent } from './account-event.ts'
import type { Command } from './command.ts'

export const accountPassword: Command = {
  name: 'account password',
  does: 'give somebody a new password, and let them in again',
  options: {
    'password-file': { type: 'string', value: 'FILE', means: 'its first line is the password; made up and printed unless said' },
    'remove-factors': { type: 'boolean', means: 'take away their second factors and recovery codes too' },
  },
  operands: { value: 'LOGIN', means: 'what they type to sign in', many: false },
  run: async (context, values, [login = '']) => {
    const file = values['password-file']
    const said = typeof file === 'string' ? ((await readFile(file, 'utf8')).split(/\r?\n/)[0] ?? '') : undefined
    const password = said ?? newPassword()
    assertPassword(password)
    const house = await context.openHouse('guest')
    try {
      const name = plainLogin(login)
      const hash = await hashPassword(password)
      const renew = async (tx: Tx): Promise<boolean> => {
        const known = await setPassword(tx, name, hash)
        if (known && values['remove-factors']) await removeFactors(tx, name)
        return known
      }
      const without = values['remove-factors'] ? ', and no second factor any more' : ''
      const was = await withAccountEvent(house, name, renew, `The account ${name} was given a new password${without}`)
      if (!was) context.say(`There is no account "${login}".`)
      else context.say(said === undefined ? `${login} signs in with the password ${password}` : `${login} has a new password.`)
      return was ? 0 : 1
    } finally {
      await house.close()
    }
  },
}
