/**
 * Introspection by a program that shows an access token instead of signing in: it is told about its own tokens, and one that
 * was registered for it about everybody's.
 * https://hl7.org/fhir/smart-app-launch/token-introspection.html https://www.rfc-editor.org/rfc/rfc7662
 */
import type { Actor } from '../access/actor.ts'
import { findAuthClient } from '../store/auth-clients.ts'
import { findAccessToken } from '../store/auth-state.ts'
import type { House } from '../store/house.ts'
import { issuerOf } from './addresses.ts'
import { hashOf } from './provider-state.ts'

export async function introspectWithToken(house: House, actor: Actor, token: string | null): Promise<object> {
  const found = token ? await findAccessToken(house.pool, hashOf(token), house.clock.now()) : undefined
  if (!found || !(found.payload.clientId === actor.client || (await introspects(house, actor.client)))) return { active: false }
  const { clientId, accountId, scope, exp, iat, aud, extra } = found.payload
  const subject = accountId === undefined ? {} : { sub: accountId }
  return {
    ...(extra as object | undefined),
    active: true,
    client_id: clientId,
    scope,
    exp,
    iat,
    aud,
    iss: issuerOf(house.base),
    ...subject,
    token_type: 'Bearer',
  }
}

/** As for one that signs in: a public client, which anybody could be, asks about no others. */
async function introspects({ pool }: House, client: string): Promise<boolean> {
  const metadata = (await findAuthClient(pool, client))?.metadata
  return metadata?.slotwise_introspects === true && metadata.token_endpoint_auth_method !== 'none'
}
