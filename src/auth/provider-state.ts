/**
 * What oidc-provider remembers, in Postgres. What a bearer holds (a code, a token, a cookie) is kept as its SHA-256 alone, so
 * that whoever reads the database can use none of it; being 256 random bits it needs no slower hash.
 * https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#adapter
 *
 * Used up once means once, however many ask at the same moment: the library looks first and writes after, so here the write
 * itself refuses.
 */
import { createHash } from 'node:crypto'
import type { Adapter, Payload } from 'oidc-provider'
import { findAuthClient } from '../store/auth-clients.ts'
import {
  consumeState,
  dropState,
  dropStateOfGrant,
  type FoundState,
  findState,
  findStateByUid,
  keepState,
  keepStateOnce,
} from '../store/auth-state.ts'
import type { House } from '../store/house.ts'
import type { KeyAges } from './client-key-age.ts'

export const hashOf = (held: string): string => createHash('sha256').update(held).digest('base64url')

type Refusals = { readonly usedUp: () => Error; readonly replayed: () => Error }
type Keeper = Pick<House, 'pool' | 'clock'>

export const providerState =
  (house: Keeper, ages: KeyAges, refusals: Refusals) =>
  (model: string): Adapter =>
    model === 'Client' ? clients(house, ages) : states(house, model, refusals)

function states({ pool, clock }: Keeper, model: string, { usedUp, replayed }: Refusals): Adapter {
  return {
    upsert: async (id, payload, expiresIn) => {
      const state = {
        model,
        id: hashOf(id),
        payload: withoutHeld(payload),
        ...columns(payload),
        expires: inSeconds(clock.now(), expiresIn),
      }
      if (model !== 'ReplayDetection') return keepState(pool, state)
      if (!(await keepStateOnce(pool, state))) throw replayed()
    },
    find: async (id) => whole(await findState(pool, model, hashOf(id), clock.now()), id),
    findByUid: async (uid) => whole(await findStateByUid(pool, model, uid, clock.now()), undefined),
    findByUserCode: async () => undefined,
    consume: async (id) => {
      if (!(await consumeState(pool, model, hashOf(id), clock.now()))) throw usedUp()
    },
    destroy: (id) => dropState(pool, model, hashOf(id)),
    revokeByGrantId: (grantId) => dropStateOfGrant(pool, model, grantId),
  }
}

/** A sign-in under way names the session's cookie beside its uid, and needs it for nothing. */
function withoutHeld({ jti: _held, ...kept }: Payload): Payload {
  if (typeof kept.session !== 'object' || kept.session === null) return kept
  const { cookie: _cookie, ...session } = kept.session as Payload
  return { ...kept, session }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const columns = ({ grantId, uid, clientId, accountId }: Payload) => ({
  grantId: text(grantId),
  uid: text(uid),
  client: text(clientId),
  account: text(accountId),
})

const inSeconds = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000)

const whole = (found: FoundState | undefined, held: string | undefined): Payload | undefined =>
  found && {
    ...found.payload,
    ...(held === undefined ? {} : { jti: held }),
    ...(found.consumed === null ? {} : { consumed: Math.floor(found.consumed.getTime() / 1000) }),
  }

/** Registered by commands alone, so the library finds them and writes none. */
function clients({ pool }: Keeper, ages: KeyAges): Adapter {
  const never = async (): Promise<never> => {
    throw new Error('The authorization server registers no clients.')
  }
  return {
    upsert: never,
    find: async (id) => {
      const row = await findAuthClient(pool, id)
      const address = row?.metadata.jwks_uri
      const keys = typeof address === 'string' ? { slotwise_keys: ages.current(address) } : {}
      return row && { ...row.metadata, client_id: row.id, slotwise_scope: row.scope, ...keys }
    },
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    consume: never,
    destroy: never,
    revokeByGrantId: async () => undefined,
  }
}
