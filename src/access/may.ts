/**
 * Whether an actor may do something to a type of resource, and how far: the one place where scopes become a decision.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 *
 * It answers for the type. Whether one resource is in the patient's compartment is `compartment.ts`; whether it matches
 * a granular scope's query is for the desk, which has the resource.
 */
import type { Actor } from './actor.ts'
import { closedToPatients, directoryTypes, sharedTypes } from './compartment.ts'
import type { Scope, Verb } from './scopes.ts'

export type Permission =
  | { readonly allowed: false }
  | {
      readonly allowed: true
      /** Confined to this patient's compartment. Never set for the clinic's directory (Slot, Practitioner, …). */
      readonly patient?: string
      /** Granular scopes: the resource must match one of these searches. */
      readonly queries?: readonly string[]
      /**
       * Beside what matches one of the searches: this patient's own, and of that what matches one of its searches, where it has
       * any.
       */
      readonly own?: { readonly patient: string; readonly queries?: readonly string[] }
    }

const refused: Permission = { allowed: false }

/**
 * Grants are added up: a resource is reached that any of them reaches. A scope without a search outdoes those of its level
 * with one, and a patient's own is part of everything. Nothing is written under a scope with a search in it, so of a write
 * it takes nothing away either.
 */
export function may(actor: Actor, verb: Verb, type: string): Permission {
  const granted = actor.scopes.filter((scope) => grants(scope, verb, type))
  const wide = granted.filter((scope) => scope.level !== 'patient')
  const own = ownOf(actor, verb, type, wide.length === granted.length ? [] : granted.filter((scope) => scope.level === 'patient'))
  if (wide.length === 0) return own
  const everywhere = permission(wide)
  if (!own.allowed || everywhere.queries === undefined) return everywhere
  if (own.patient === undefined) return permission(granted)
  if (!reads(verb)) return own.queries ? everywhere : own
  return { ...everywhere, own: { patient: own.patient, ...(own.queries && { queries: own.queries }) } }
}

/** What is granted without any search: for whoever has nothing that a search could be asked of. */
export const mayWhole = (actor: Actor, verb: Verb, type: string): Permission =>
  may({ ...actor, scopes: actor.scopes.filter(({ query }) => query === undefined) }, verb, type)

/** What patient scopes come to. */
function ownOf(actor: Actor, verb: Verb, type: string, granted: readonly Scope[]): Permission {
  if (granted.length === 0 || actor.patient === undefined || closedToPatients.has(type)) return refused
  if (!reads(verb) && (directoryTypes.has(type) || sharedTypes.has(type))) return refused
  return directoryTypes.has(type) ? permission(granted) : { ...permission(granted), patient: actor.patient }
}

const reads = (verb: Verb): boolean => verb === 'r' || verb === 's'

const grants = (scope: Scope, verb: Verb, type: string): boolean => (scope.type === type || scope.type === '*') && scope.verbs.has(verb)

function permission(scopes: readonly Scope[]): Extract<Permission, { allowed: true }> {
  if (scopes.some((scope) => scope.query === undefined)) return { allowed: true }
  return { allowed: true, queries: scopes.flatMap((scope) => scope.query ?? []) }
}
