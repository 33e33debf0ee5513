/**
 * `slotwise client list`: the programs that may ask for tokens, one a line: id, name, how it signs in, scopes, and how it came
 * where it registered itself. `--waiting`: those alone that wait for `slotwise client approve`, with where they send people
 * back to and whose they say that they are.
 */
import { authClientsListedMax } from '../base/sign-in-limits.ts'
import { listAuthClients, type RegistrationRow } from '../store/auth-clients.ts'
import type { Command } from './command.ts'

export const clientList: Command = {
  name: 'client list',
  does: 'list the programs that may ask for tokens',
  options: { waiting: { type: 'boolean', means: 'those alone that wait for approval, with their addresses' } },
  run: async (context, { waiting }) => {
    const house = await context.openHouse('guest')
    try {
      const all = await listAuthClients(house.pool, authClientsListedMax)
      const clients = waiting ? all.filter((one) => one.waiting) : all
      if (clients.length === 0) context.say(waiting ? 'No client waits for approval.' : 'No client is registered.')
      for (const client of clients) context.say(lineOf(client, waiting === true).join('\t'))
      return 0
    } finally {
      await house.close()
    }
  },
}

export function lineOf({ id, metadata, scope, came, waiting }: RegistrationRow, whole: boolean): readonly string[] {
  const { client_name: name, token_endpoint_auth_method: method, redirect_uris: redirects, client_uri: page, contacts } = metadata
  return [
    ...[id, name, method, scope].map(String),
    ...(came === 'operator' ? [] : [`${came}${waiting ? ', waits' : ''}`]),
    ...(whole ? [listed(redirects), String(page ?? ''), listed(contacts)] : []),
  ]
}

const listed = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : '')
