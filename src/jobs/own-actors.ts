/** Who acts where no token does. */
import type { Actor } from '../access/actor.ts'
import { parseScopes } from '../access/scopes.ts'
import { operatorClient, serverClient } from '../base/own-clients.ts'

/** The server itself, in the audit. */
export const server: Actor = { client: serverClient, scopes: [] }

/** Whoever can run a command on the server's own database may do everything there. */
export const operator: Actor = { client: operatorClient, scopes: parseScopes('system/*.cruds') }
