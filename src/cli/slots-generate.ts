/** `slotwise slots generate`: makes the Slots of every Schedule anew from its rules, up to its horizon. */
import type { Command } from './command.ts'

export const slotsGenerate: Command = {
  name: 'slots generate',
  does: 'make the Slots of every Schedule anew from its rules',
  options: {},
  run: async (context) => {
    const house = await context.openHouse('guest')
    try {
      context.say(await context.regenerateAll(house, context.progress))
      return 0
    } finally {
      await house.close()
    }
  },
}
