/**
 * Whose an export or an import is: the client's that ordered it, in the name of the person and for the purpose that it was
 * ordered with. To anybody else it is not there: what it holds, and which lines of it were refused, is theirs alone, and
 * Consents may keep from one what they do not keep from the other.
 */
import type { Actor, Masking } from '../access/actor.ts'
import { keptMasking, storedMasking } from '../access/masking.ts'
import { parseScopes, scopeText } from '../access/scopes.ts'

/** The scopes that hold when the order is given hold while it is carried out. */
export type StoredActor = {
  readonly client: string
  readonly user?: string
  readonly purpose?: string
  readonly address?: string
  readonly scopes: string
  /** Null: nothing is masked; absent: it was ordered before anything was. */
  readonly masking?: Masking | null
}

export const actorText = (actor: Actor): string => {
  const { client, user, purpose, address, scopes } = actor
  const masking = storedMasking(actor)
  return JSON.stringify({ client, user, purpose, address, scopes: scopes.map(scopeText).join(' '), masking } satisfies StoredActor)
}

/** Who gave the order, as they were then. */
export function storedActor(text: string): Actor {
  const stored = JSON.parse(text) as StoredActor
  const actor = { ...stored, scopes: parseScopes(stored.scopes) }
  return { ...actor, masking: keptMasking(actor, stored.masking, stored.scopes) }
}

/** Of what the client itself has ordered. */
export function isTheirs({ user, purpose }: Actor, order: { readonly actor: string }): boolean {
  const stored = JSON.parse(order.actor) as StoredActor
  return stored.user === user && stored.purpose === purpose
}
