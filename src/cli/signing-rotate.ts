/**
 * `slotwise signing rotate`: new keys sign from now on, at every running server within seconds; what the older ones have
 * signed stays good until it expires. (`slotwise keys rotate` is about the keys that seal secrets.)
 */
import { rotateSigningKeys } from '../auth/keys.ts'
import type { Command } from './command.ts'
import { withOperatorEvent } from './operator-event.ts'

export const signingRotate: Command = {
  name: 'signing rotate',
  does: 'make new keys for signing tokens; older ones verify until what they signed has expired',
  options: {},
  run: async (context) => {
    const house = await context.openHouse('guest')
    try {
      const { made, removed } = await withOperatorEvent(
        house,
        (tx) => rotateSigningKeys({ ...house, pool: tx }),
        ({ made }) => ({ what: 'key-change', change: `New keys sign tokens: ${made.map(({ kid }) => kid).join(', ')}` }),
      )
      for (const { algorithm, kid } of made) context.say(`${algorithm} ${kid}`)
      if (removed > 0) context.say(`${removed} that nothing good is signed with any more removed.`)
      return 0
    } finally {
      await house.close()
    }
  },
}
