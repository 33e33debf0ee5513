/**
 * `slotwise client approve`: lets in a program that registered itself unasked, or has changed its registration since
 * (`DYNAMIC_REGISTRATION=open`). Look at where it sends people back to first (`slotwise client list --waiting`), and after: what
 * is printed is what was approved.
 */
import { plainScope } from '../auth/clients.ts'
import { approveRegistration } from '../store/auth-clients.ts'
import { lineOf } from './client-list.ts'
import type { Command } from './command.ts'
import { withOperatorEvent } from './operator-event.ts'

export const clientApprove: Command = {
  name: 'client approve',
  does: 'let in a program that registered itself and waits',
  options: { scope: { type: 'string', value: 'S', means: 'the most that it is given, instead of what it asked for' } },
  operands: { value: 'ID', means: 'its client_id', many: false },
  run: async (context, values, [id = '']) => {
    const scope = typeof values.scope === 'string' ? plainScope(values.scope) : undefined
    const house = await context.openHouse('guest')
    try {
      const was = await withOperatorEvent(
        house,
        (tx) => approveRegistration(tx, id, scope),
        (done) => (done ? { what: 'client-change', change: `The program ${id} was approved${scope ? ` for ${scope}` : ''}` } : undefined),
      )
      context.say(was ? `Client ${id} is approved: ${lineOf(was, true).join('\t')}` : `No client "${id}" waits for approval.`)
      return was ? 0 : 1
    } finally {
      await house.close()
    }
  },
}
