/**
 * The authorization server of a house as one handler of requests: it sees to the library being loaded once, to its keys
 * being those of the database, and to every address in its answers being the public one, whatever Host a request names.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { newSecret } from '../base/ids.ts'
import { authServerReloadMs } from '../base/limits.ts'
import { sharedSecret } from '../store/auth-secrets.ts'
import type { House } from '../store/house.ts'
import { issuerOf } from './addresses.ts'
import { idTokenKeys } from './keys.ts'
import { type FetchOut, newProvider } from './provider.ts'

export type AuthorizationServer = {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

export function authorizationServer(house: House, fetchOut: FetchOut): AuthorizationServer {
  const provider = currentProvider(house, fetchOut)
  const issuer = new URL(issuerOf(house.base))
  return {
    handle: async (request, response) => {
      comeFrom(issuer, request)
      await (await provider()).callback()(request, response)
    },
  }
}

/** The library makes addresses of what the request says, and is told what the world sees instead. */
function comeFrom(issuer: URL, request: IncomingMessage): void {
  request.headers.host = issuer.host
  request.headers['x-forwarded-host'] = issuer.host
  request.headers['x-forwarded-proto'] = issuer.protocol.replace(':', '')
  const prefix = issuer.pathname.replace(/\/$/, '')
  Object.assign(request, { originalUrl: `${prefix}${request.url}` })
}

/** One for a house; looks now and then whether the keys are still the same, since another process may have made new ones. */
function currentProvider(house: House, fetchOut: FetchOut): () => Promise<Provider> {
  const known = { kids: '', lookedAt: Number.NEGATIVE_INFINITY, provider: undefined as Promise<Provider> | undefined }
  const look = async (): Promise<Provider> => {
    const jwks = await idTokenKeys(house)
    const kids = jwks.map(({ kid }) => kid).join()
    if (known.provider && known.kids === kids) return known.provider
    const cookie = await sharedSecret(house.pool, house.secrets, 'cookies', newSecret())
    known.kids = kids
    known.provider = newProvider(house, fetchOut, { jwks, cookie })
    return known.provider
  }
  let looking: Promise<Provider> | undefined
  return () => {
    const now = house.clock.now().getTime()
    if (looking && now - known.lookedAt < authServerReloadMs) return looking
    known.lookedAt = now
    looking = look().catch((error: unknown) => {
      known.lookedAt = Number.NEGATIVE_INFINITY
      throw error
    })
    return looking
  }
}
