/**
 * `slotwise client invite`: prints what somebody registers one program with, by themselves: an initial access token.
 * https://www.rfc-editor.org/rfc/rfc7591#section-3
 */
import { newInvitation } from '../auth/registration/invitation.ts'
import { invitationSecondsDefault } from '../base/sign-in-limits.ts'
import { type Command, UsageError } from './command.ts'
import { secondsOf } from './length-of-time.ts'
import { withOperatorEvent } from './operator-event.ts'

export const clientInvite: Command = {
  name: 'client invite',
  does: 'print a token by which somebody registers one program themselves',
  options: {
    scope: { type: 'string', value: 'S', means: 'the most that the program is given', required: true },
    ttl: { type: 'string', value: '7d', means: 'how long it is good for (s, m, h, d); 7d unless said otherwise' },
  },
  run: async (context, { scope, ttl }) => {
    if (context.config.registration === undefined) throw new UsageError('Set DYNAMIC_REGISTRATION=token, here and for the server.')
    const seconds = ttl === undefined ? invitationSecondsDefault : secondsOf(String(ttl))
    const house = await context.openHouse('guest')
    try {
      const expires = new Date(house.clock.now().getTime() + seconds * 1000)
      const held = await withOperatorEvent(
        house,
        (tx) => newInvitation(tx, { scope: String(scope), expires }),
        () => ({ what: 'client-change', change: `Somebody was invited to register a program for ${scope}` }),
      )
      context.say(held)
      return 0
    } finally {
      await house.close()
    }
  },
}
