/**
 * Who is taken up by a visit (docs/booking.md): each actor that can be in one place only. A Practitioner; a PractitionerRole
 * as its Practitioner; a Device; a Location that is a room, a bed or a vehicle. Where a Schedule has none of these, the
 * Schedule itself. Clinics, services, organizations and patients are never taken up.
 */
import type { Resource } from '../fhir/resource.ts'
import { codingsOf, conceptsOf } from './concept.ts'
import { distinct, nameOf, referencesOf, typeOf } from './plan-parts.ts'

const physicalTypes = 'http://terminology.hl7.org/CodeSystem/location-physical-type'
const movable = ['ro', 'bd', 've']

/** Whether only one visit at a time fits into this Location. */
export function holdsOneVisit(location: Resource): boolean {
  return codingsOf(conceptsOf(location.physicalType)).some(
    ({ system, code }) => (system === undefined || system === physicalTypes) && code !== undefined && movable.includes(code),
  )
}

/**
 * The claimed resources of some actors, by reference (relative, without version): sorted, each once. `roles` and
 * `locations` are those resources, as far as they are known; an unknown role or Location claims nothing.
 */
export function claimedActors(references: readonly string[], roles: readonly Resource[], locations: readonly Resource[]): string[] {
  const claims = references.flatMap((reference) => {
    switch (typeOf(reference)) {
      case 'Practitioner':
      case 'Device':
        return [reference]
      case 'PractitionerRole':
        return roles.filter((role) => nameOf(role) === reference).flatMap((role) => referencesOf(role.practitioner))
      case 'Location':
        return locations.some((location) => nameOf(location) === reference && holdsOneVisit(location)) ? [reference] : []
      default:
        return []
    }
  })
  return distinct(claims).toSorted()
}
