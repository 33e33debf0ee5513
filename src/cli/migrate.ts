/** `slotwise migrate`: brings the database up to date, and says what that took. */
import type { Command } from './command.ts'

export const migrate: Command = {
  name: 'migrate',
  does: 'bring the database up to date',
  options: {},
  run: async (context) => {
    const ran = await context.migrate()
    for (const name of ran) context.say(`ran ${name}`)
    context.say(ran.length === 0 ? 'The database is up to date.' : `The database is up to date: ${ran.length} run.`)
    return 0
  },
}
