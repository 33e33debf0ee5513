/**
 * What may be booked on a Schedule, each with the policy that then holds. A Schedule offers a
 * HealthcareService when one of its actors, or a PractitionerRole of its practitioner, names it, or its serviceType matches.
 * Where it offers just one, a serviceType of the Schedule that no HealthcareService has is taken for that one's; left out
 * otherwise, since nobody can tell whose it is: such a type is booked under the Schedule's own policy.
 */
import type { Resource } from '../fhir/resource.ts'
import { type BookingPolicy, mergePolicies, readPolicy } from './booking-policy.ts'
import { type CodeableConcept, conceptsMatch, conceptsOf } from './concept.ts'
import { isActive, named, nameOf, type PlanParts, referencesOf, type SortedParts } from './plan-parts.ts'

export type ServiceOffer = {
  /** `HealthcareService/x`. */
  readonly reference: string
  readonly name?: string
  readonly types: readonly CodeableConcept[]
  readonly category?: readonly CodeableConcept[]
  readonly specialty?: readonly CodeableConcept[]
  readonly policy: BookingPolicy
}

export type Offers = {
  readonly services: readonly ServiceOffer[]
  /** With no service named: the only one's, else that of the people and the Schedule. */
  readonly policy: BookingPolicy
}

/** The HealthcareServices that the Schedule offers, active ones only. */
export function offeredServices(parts: PlanParts, sorted: SortedParts): Resource[] {
  const byName = new Set([
    ...sorted.actors.map((actor) => actor.reference),
    ...sorted.roles.flatMap((r) => referencesOf(r.healthcareService)),
  ])
  const wanted = conceptsOf(parts.schedule.serviceType)
  return parts.services.filter(
    (service) => isActive(service) && (byName.has(nameOf(service)) || conceptsMatch(conceptsOf(service.type), wanted)),
  )
}

export function serviceOffers(parts: PlanParts, sorted: SortedParts, services: readonly Resource[]): Offers {
  const covered = services.flatMap((service) => conceptsOf(service.type))
  const uncovered = conceptsOf(parts.schedule.serviceType).filter((type) => !conceptsMatch([type], covered))
  const ofPeople = (service?: Resource) => mergeFor(parts, sorted, service)
  const [only, second] = services
  return {
    services: services.map((service) => offerOf(service, second ? [] : uncovered, ofPeople(service))),
    policy: ofPeople(second ? undefined : only),
  }
}

/** HealthcareService, then Practitioner, then PractitionerRole (of a role with services: one that has this), then Schedule. */
function mergeFor(parts: PlanParts, sorted: SortedParts, service: Resource | undefined): BookingPolicy {
  const roles = sorted.roles.filter((role) => {
    const services = referencesOf(role.healthcareService)
    return service === undefined || services.length === 0 || services.includes(nameOf(service))
  })
  const people = [...named(parts.practitioners, sorted.practitioners), ...roles]
  return mergePolicies(service ? readPolicy(service) : {}, ...people.map(readPolicy), readPolicy(parts.schedule))
}

function offerOf(service: Resource, moreTypes: readonly CodeableConcept[], policy: BookingPolicy): ServiceOffer {
  const [category, specialty] = [conceptsOf(service.category), conceptsOf(service.specialty)]
  return {
    reference: nameOf(service),
    ...(typeof service.name === 'string' && { name: service.name }),
    types: [...conceptsOf(service.type), ...moreTypes],
    ...(category.length > 0 && { category }),
    ...(specialty.length > 0 && { specialty }),
    policy,
  }
}
