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
    }

const refused: Permission = { allowed: false }
const unconfined = { allowed: true } as const

/**
 * The strongest grant wins: everything, then everything that matches a search, then the patient's own, then the patient's
 * own that matches a search. Grants of different strength are not added up: the answer may be less than a token with
 * both allows, never more.
 */
export function may(actor: Actor, verb: Verb, type: string): Permission {
  const granted = actor.scopes.filter((scope) => grants(scope, verb, type))
  const wide = granted.filter((scope) => scope.level !== 'patient')
  if (wide.length > 0) return permission(wide)
  if (granted.length === 0 || actor.patient === undefined || closedToPatients.has(type)) return refused
  if (!reads(verb) && (directoryTypes.has(type) || sharedTypes.has(type))) return refused
  if (directoryTypes.has(type)) return permission(granted)
  return permission(granted, actor.patient)
}

const reads = (verb: Verb): boolean => verb === 'r' || verb === 's'

const grants = (scope: Scope, verb: Verb, type: string): boolean => (scope.type === type || scope.type === '*') && scope.verbs.has(verb)

function permission(scopes: readonly Scope[], patient?: string): Permission {
  const confined = patient === undefined ? unconfined : { allowed: true as const, patient }
  if (scopes.some((scope) => scope.query === undefined)) return confined
  return { ...confined, allowed: true, queries: scopes.flatMap((scope) => scope.query ?? []) }
}
