/** `slotwise client revoke`: the program is known no more, and what was given to it is refused within two seconds. */
import { removeAuthClient } from '../store/auth-clients.ts'
import type { Command } from './command.ts'
import { withOperatorEvent } from './operator-event.ts'

export const clientRevoke: Command = {
  name: 'client revoke',
  does: 'take a program its registration and every token that it was given',
  options: {},
  operands: { value: 'ID', means: 'its client_id', many: false },
  run: async (context, _values, [id = '']) => {
    const house = await context.openHouse('guest')
    try {
      const was = await withOperatorEvent(
        house,
        (tx) => removeAuthClient(tx, id),
        (done) => (done ? { what: 'client-change', change: `The program ${id} was revoked` } : undefined),
      )
      context.say(was ? `Client ${id} is revoked.` : `There is no client "${id}".`)
      return was ? 0 : 1
    } finally {
      await house.close()
    }
  },
}
