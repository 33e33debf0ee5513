/**
 * Whether a visit is for the same thing as an entry of the waitlist: the same HealthcareService, the same type of service;
 * where the entry names neither, one of its own people. Left out: what terminology would say.
 */
import type { Resource } from '../fhir/resource.ts'
import { type CodeableConcept, conceptsMatch, conceptsOf } from '../scheduling/concept.ts'
import type { ServiceOffer } from '../scheduling/schedule-plan.ts'
import { type WaitlistWish, waitlistWish } from '../scheduling/waitlist-wish.ts'
import type { House } from '../store/house.ts'

/** `service`: what the entry was offered, which has types although the entry may name none. */
export function isForSame(house: House, visit: Resource, entry: Resource, service?: Pick<ServiceOffer, 'reference' | 'types'>): boolean {
  const [asked, had] = [waitlistWishOf(house, entry), waitlistWishOf(house, visit)]
  const types: readonly CodeableConcept[] = [...conceptsOf(entry.serviceType), ...(service?.types ?? [])]
  const named = [...asked.services, ...(service?.reference ? [`healthcare-service=${service.reference}`] : [])]
  if (named.length === 0) return asked.practitioners.some((one) => had.practitioners.includes(one))
  return had.services.some((one) => named.includes(one)) || conceptsMatch(conceptsOf(visit.serviceType), types)
}

export const waitlistWishOf = (house: House, resource: Resource): WaitlistWish =>
  waitlistWish({ ...resource, extension: waitsFor(resource) }, { base: house.base, timeZone: house.defaultTimeZone })

/** The extension of an Appointment that does not wait is not judged when it is written. */
const waitsFor = (resource: Resource): unknown => (resource.status === 'waitlist' ? resource.extension : undefined)
