/** `slotwise seed`: loads the demo clinic into an empty database. A database that holds a clinic is left alone. */
import { isEmpty } from '../store/is-empty.ts'
import type { Command } from './command.ts'

export const seed: Command = {
  name: 'seed',
  does: 'load the demo clinic into an empty database',
  options: {},
  run: async (context) => {
    const house = await context.openHouse('guest')
    try {
      if (!(await isEmpty(house.pool))) {
        context.say('The database already holds a clinic; nothing was loaded.')
        return 0
      }
      context.say(await context.seedDemo(house, context.progress))
      return 0
    } finally {
      await house.close()
    }
  },
}
