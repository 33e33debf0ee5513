/**
 * `slotwise account add`: somebody who may sign in. The password is read from a file, or made up and printed: the only time
 * that it can be read. https://hl7.org/fhir/smart-app-launch/app-launch.html
 */
import { readFile } from 'node:fs/promises'
import { accountRoles, addAccount, plainLogin } from '../auth/accounts.ts'
import { newPassword } from '../base/ids.ts'
import { type Command, UsageError } from './command.ts'
import { withOperatorEvent } from './operator-event.ts'

const textOf = (value: string | boolean | undefined): string => (typeof value === 'string' ? value : '')
const words = (value: string | boolean | undefined): string[] =>
  textOf(value)
    .split(/[\s,]+/)
    .filter((one) => one !== '')

export const accountAdd: Command = {
  name: 'account add',
  does: 'make an account for somebody who signs in',
  options: {
    login: { type: 'string', value: 'L', means: 'what they type to sign in, for example an e-mail address', required: true },
    name: { type: 'string', value: 'N', means: 'what they are called', required: true },
    role: { type: 'string', value: 'R', means: `${accountRoles.join(', ')}; several with commas between`, required: true },
    person: { type: 'string', value: 'REF', means: 'who they are, for example Practitioner/12 or Patient/3', required: true },
    'acts-for': { type: 'string', value: 'REFS', means: 'RelatedPersons by whom they act for patients, with commas between' },
    'password-file': { type: 'string', value: 'FILE', means: 'its first line is the password; made up and printed unless said' },
  },
  run: async (context, values) => {
    const file = textOf(values['password-file'])
    const said = file === '' ? undefined : ((await readFile(file, 'utf8')).split(/\r?\n/)[0] ?? '')
    if (said === '') throw new UsageError('--password-file is empty.')
    const password = said ?? newPassword()
    const house = await context.openHouse('guest')
    try {
      const [login, name, person] = [textOf(values.login), textOf(values.name), textOf(values.person)]
      const roles = words(values.role)
      const wish = { login, name, roles, person, actsFor: words(values['acts-for']), password }
      await withOperatorEvent(
        house,
        (tx) => addAccount({ ...house, pool: tx }, wish),
        () => ({ what: 'account-change', about: person, change: `The account ${plainLogin(login)} was made, as ${roles.join(', ')}` }),
      )
      context.say(said === undefined ? `${login} signs in with the password ${password}` : `${login} may sign in.`)
      return 0
    } finally {
      await house.close()
    }
  },
}
