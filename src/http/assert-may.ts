/**
 * What can be said of a request before its desk looks at it: may the token do this to the type at all? Whose resource it is
 * the desk decides with the same `may`.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import type { Verb } from '../access/scopes.ts'
import { fault } from '../base/fault.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { mayBeUsed, strayAddress } from './routes.ts'

/** A dash, or every type at once: the desk asks by itself. */
export function assertMay(actor: Actor, verb: Verb | '-', { type, url }: FhirRequest): void {
  if (type === undefined || type === '*' || verb === '-') return
  if (!mayBeUsed(type, verb)) throw strayAddress(url)
  if (may(actor, verb, type).allowed) return
  throw fault('forbidden', `The access token does not allow this: it takes a scope that grants "${verb}" on ${type}.`)
}
