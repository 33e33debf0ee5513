/** `slotwise client list`: the programs that may ask for tokens, one a line: id, name, how it signs in, scopes. */
import { authClientsListedMax } from '../base/sign-in-limits.ts'
import { listAuthClients } from '../store/auth-clients.ts'
import type { Command } from './command.ts'

export const clientList: Command = {
  name: 'client list',
  does: 'list the programs that may ask for tokens',
  options: {},
  run: async (context) => {
    const house = await context.openHouse('guest')
    try {
      const clients = await listAuthClients(house.pool, authClientsListedMax)
      if (clients.length === 0) context.say('No client is registered.')
      for (const { id, metadata, scope } of clients)
        context.say([id, metadata.client_name, metadata.token_endpoint_auth_method, scope].map(String).join('\t'))
      return 0
    } finally {
      await house.close()
    }
  },
}
