/**
 * What becomes of a Subscription that a client writes, in the transaction that writes it: what it asks for is understood,
 * or refused, and kept with the rights of whoever wrote it. Becoming active is a job's work, once its endpoint has answered.
 */
import type { Actor, Masking } from '../access/actor.ts'
import { keptMasking, storedMasking } from '../access/masking.ts'
import { parseScopes, scopeText } from '../access/scopes.ts'
import { fault } from '../base/fault.ts'
import type { Secrets } from '../base/sealed.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { Bounds } from '../store/search/scope.ts'
import { placeOf } from '../store/secrets.ts'
import { keepSubscription, type StateRow, stopSubscription } from '../store/subscriptions.ts'
import { type Asked, askedOf, endOf, type Subscription } from './asked.ts'

/** What an actor may see of a type (`access/bounds.ts`); undefined: nothing. */
export type BoundsFor = (house: House, actor: Actor, verb: 'r' | 's', type: string) => Bounds | undefined

/** Whose rights bind a Subscription, in a form that can be kept. */
export type KeptActor = {
  readonly client: string
  readonly user?: string
  readonly patient?: string
  readonly purpose?: string
  readonly scope: string
  /** Null: nothing is masked; absent: it was written before anything was. */
  readonly masking?: Masking | null
}

export async function registerSubscription(tx: Tx, house: House, actor: Actor, resource: Resource, boundsFor: BoundsFor): Promise<void> {
  const subscription = resource as Subscription
  const id = String(subscription.id)
  const asked = askedOf(house, subscription)
  if (!asked) return stopSubscription(tx, id)
  for (const verb of ['r', 's'] as const)
    if (!boundsFor(house, actor, verb, asked.type))
      throw fault('forbidden', `The token's scopes do not allow to read and search ${asked.type}.`, 'Subscription.criteria')
  const { headers, secret, ...open } = asked
  const secrets = headers.length > 0 || secret !== undefined ? sealedState(house.secrets, id, { headers, secret }) : undefined
  await keepSubscription(tx, { id, phase: 'requested', asked: open, actor: keptActor(actor), ends: endOf(subscription), secrets })
}

/** What its endpoint is sent beside the message. */
export type EndpointSecrets = Pick<Asked, 'headers' | 'secret'>

const statePlace = (id: string): string => placeOf('subscription_state', id, 'secrets')

export const sealedState = (secrets: Secrets, id: string, kept: EndpointSecrets): string =>
  secrets.seal(JSON.stringify(kept), statePlace(id))

export const secretsOf = ({ secrets }: House, { subscription, secrets: kept }: StateRow): EndpointSecrets =>
  kept === null ? { headers: [] } : (JSON.parse(secrets.open(kept, statePlace(subscription))) as EndpointSecrets)

const keptActor = (actor: Actor): KeptActor => ({
  client: actor.client,
  user: actor.user,
  patient: actor.patient,
  purpose: actor.purpose,
  scope: actor.scopes.map(scopeText).join(' '),
  masking: storedMasking(actor),
})

export function actorOf({ scope, masking, ...kept }: KeptActor): Actor {
  const actor = { ...kept, scopes: parseScopes(scope) }
  return { ...actor, masking: keptMasking(actor, masking, scope) }
}
