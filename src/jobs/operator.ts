/** Whoever can run a command on the server's own database may do everything there. */
import type { Actor } from '../access/actor.ts'
import { parseScopes } from '../access/scopes.ts'

export const operator: Actor = { client: 'slotwise-cli', scopes: parseScopes('system/*.cruds') }
