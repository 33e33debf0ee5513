/**
 * Who sends this request: the bearer token's actor, with the address it came from for the audit. With `AUTH=off`, which
 * `config.ts` allows on a loopback address alone, everybody is one actor who may do everything.
 */
import type { FastifyRequest } from 'fastify'
import type { Actor } from '../access/actor.ts'
import { opened, withPosts } from '../access/masking.ts'
import { parseScopes } from '../access/scopes.ts'
import { bearerCheck } from '../auth/bearer.ts'
import type { House } from './desks.ts'

type Kept = Awaited<ReturnType<House['keptFrom']>>

export type Authenticate = (request: FastifyRequest) => Actor | Promise<Actor>

export function authenticator(house: House, auth: 'smart' | 'off', fetchOut?: Parameters<typeof bearerCheck>[1]): Authenticate {
  if (auth === 'off') return (request) => at(request, anybody)
  const check = bearerCheck(house, fetchOut)
  const judged = (request: FastifyRequest, actor: Actor): Actor | Promise<Actor> => {
    const kept = house.keptFrom(actor)
    const masking = withPosts(house, actor.masking, actor.user)
    if (!(kept instanceof Promise || masking instanceof Promise)) return at(request, actor, masking, kept)
    return Promise.all([kept, masking]).then(([known, named]) => at(request, actor, named, known))
  }
  return (request) => {
    const actor = check(request.headers.authorization)
    return actor instanceof Promise ? actor.then((known) => judged(request, known)) : judged(request, actor)
  }
}

const anybody: Actor = { client: 'anybody', scopes: parseScopes('system/*.cruds') }

/** Spelt out rather than spread: it runs on every request. */
const at = (
  request: FastifyRequest,
  { client, user, patient, scopes, purpose }: Actor,
  masking?: Actor['masking'],
  kept?: Kept,
): Actor => ({
  client,
  user,
  patient,
  scopes,
  purpose,
  keptFrom: kept?.from,
  emergency: kept?.emergency,
  masking: opened(masking, kept?.emergency),
  address: request.ip,
})
