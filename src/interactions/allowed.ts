/**
 * What is refused outright because an actor's scopes do not reach it; how far they reach is `access/bounds.ts`.
 */
import type { Actor } from '../access/actor.ts'
import { may, mayWhole, type Permission } from '../access/may.ts'
import type { Verb } from '../access/scopes.ts'
import { Fault, fault } from '../base/fault.ts'
import type { Criterion } from '../fhir/search-criterion.ts'

/** Throws `forbidden` where the scopes do not reach the type at all. */
export function allowed(actor: Actor, verb: Verb, type: string): Extract<Permission, { allowed: true }> {
  const permission = may(actor, verb, type)
  if (!permission.allowed) throw fault('forbidden', `The token's scopes do not allow this for ${type}.`)
  return permission
}

/** The same for a write: under a granular scope nothing is written, and nobody needs to look what is there to say so. */
export function allowedToWrite(actor: Actor, verb: Verb, type: string): void {
  if (allowed(actor, verb, type).queries) throw fault('forbidden', `The token's scopes do not allow this for ${type}.`)
}

/** Audit rows are kept apart and cannot be matched against a granular scope: one opens nothing. */
export function allowedOfAudit(actor: Actor, verb: Verb): Extract<Permission, { allowed: true }> {
  const permission = mayWhole(actor, verb, 'AuditEvent')
  if (!permission.allowed) throw fault('forbidden', 'A scope with a search in it does not open AuditEvent: ask for one without.')
  return permission
}

/**
 * Throws `forbidden` where a criterion leads through types that the scopes do not reach, every way of it. Where one way is
 * open, the closed ones find nothing: `actor.name` of a caller who may not see Locations looks at the others.
 */
export function assertReach(actor: Actor, criterion: Criterion): void {
  if (criterion.kind === 'audited') allowedOfAudit(actor, 's')
  if (criterion.kind !== 'chain' && criterion.kind !== 'has') return
  const ways = criterion.kind === 'chain' ? criterion.links : [criterion]
  const refusals = ways.flatMap(({ type, criterion: next }) => refusalOf(actor, type, next) ?? [])
  if (refusals.length === ways.length) throw refusals[0]
}

function refusalOf(actor: Actor, type: string, next: Criterion): Fault | undefined {
  try {
    allowed(actor, 's', type)
    assertReach(actor, next)
    return undefined
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}
