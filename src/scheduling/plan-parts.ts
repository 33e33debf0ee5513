/**
 * What a Schedule hangs on, sorted out once: its actors, which of the loaded roles, places and people concern it.
 * https://hl7.org/fhir/R4/schedule.html#notes
 * A role counts when the Schedule names it, or when it is an active role of the Schedule's practitioner at one of the
 * Schedule's own locations (any location, where either side names none): a week at one clinic says nothing of another.
 */
import { localReference, relativeReference, typeOfReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import { elementsIn } from './element.ts'

/** Everything the Schedule hangs on, already loaded: roles and services named as actors, and those its practitioners have. */
export type PlanParts = {
  readonly schedule: Resource
  readonly practitioners: readonly Resource[]
  readonly roles: readonly Resource[]
  readonly locations: readonly Resource[]
  readonly services: readonly Resource[]
  readonly organizations: readonly Resource[]
  readonly devices: readonly Resource[]
}

export type PlanActor = { readonly reference: string; readonly display?: string; readonly type?: string }

export type SortedParts = {
  readonly actors: readonly PlanActor[]
  /** `Practitioner/1` of actors and of roles named as actors. */
  readonly practitioners: readonly string[]
  readonly roles: readonly Resource[]
  /** `Location/1` of the actors; where none is a Location, of the roles; else of the services named as actors. */
  readonly locations: readonly string[]
}

/** The literal references of an element, one or many, relative and without version. */
export function referencesOf(element: unknown): string[] {
  return elementsIn(element).flatMap(({ reference }) => (typeof reference === 'string' ? [relativeReference(reference)] : []))
}

export const nameOf = (resource: Resource): string => `${resource.resourceType}/${resource.id ?? ''}`

export const isActive = (resource: Resource): boolean => resource.active !== false

/** Those of the resources that the references name, in the order of the references. */
export function named(resources: readonly Resource[], references: readonly string[]): Resource[] {
  return references.flatMap((reference) => resources.filter((resource) => nameOf(resource) === reference))
}

export const ofType = (references: readonly string[], type: string): string[] =>
  references.filter((reference) => typeOfReference(reference) === type)

export const distinct = (values: readonly string[]): string[] => [...new Set(values)]

function actorsOf(schedule: Resource): PlanActor[] {
  return elementsIn(schedule.actor).flatMap(({ reference, display, type }) =>
    typeof reference === 'string'
      ? [
          {
            reference: relativeReference(reference),
            ...(typeof display === 'string' && { display }),
            ...(typeof type === 'string' && { type }),
          },
        ]
      : [],
  )
}

const meet = (a: readonly string[], b: readonly string[]): boolean => a.length === 0 || b.length === 0 || a.some((x) => b.includes(x))

export function sortParts(parts: PlanParts): SortedParts {
  const actors = actorsOf(parts.schedule)
  const references = actors.map((actor) => actor.reference)
  const namedRoles = named(parts.roles, references)
  const people = distinct([...ofType(references, 'Practitioner'), ...namedRoles.flatMap((role) => referencesOf(role.practitioner))])
  const ownPlaces = ofType(references, 'Location')
  const practised = parts.roles.filter(
    (role) => referencesOf(role.practitioner).some((person) => people.includes(person)) && meet(ownPlaces, referencesOf(role.location)),
  )
  const roles = (namedRoles.length > 0 ? namedRoles : practised).filter(isActive)
  const services = named(parts.services, references)
  const places = [ownPlaces, roles.flatMap((role) => referencesOf(role.location)), services.flatMap((s) => referencesOf(s.location))]
  return { actors, practitioners: people, roles, locations: distinct(places.find((list) => list.length > 0) ?? []) }
}

/** Type of an actor's reference, for example `Practitioner`. */
export const typeOf = (reference: string): string | undefined => localReference(reference)?.type ?? typeOfReference(reference)
