/**
 * A visit that is moved to another service than it was booked for: from then on it is that service's, and as long as that
 * takes. Left out: whether the Schedule offers it (`service-choice.ts`).
 */
import { localReference, relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import { conceptsMatch, conceptsOf } from '../scheduling/concept.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { type Participant, participantsOf } from './participants.ts'
import { type Offered, offersOf, type ServiceChoice } from './service-choice.ts'

/** `service`: what is asked for; undefined: the visit's own. */
export function becomesOther(before: Resource, plan: SchedulePlan, service: ServiceChoice | undefined, base: string): boolean {
  const [offered, second] = service && before.status === 'booked' ? offersOf(plan, service) : []
  return offered !== undefined && second === undefined && isOther(before, offered, base)
}

function isOther(before: Resource, { service }: Offered, base: string): boolean {
  if (!service) return false
  const had = conceptsOf(before.serviceType)
  if (had.length > 0 && service.types.length > 0) return !conceptsMatch(had, service.types)
  const named = servicesIn(before, base)
  return named.length > 0 && !named.includes(service.reference)
}

const serviceIn = ({ actor }: Participant, base: string): string | undefined => {
  const reference = actor?.reference === undefined ? undefined : relativeReference(actor.reference, base)
  return reference !== undefined && localReference(reference)?.type === 'HealthcareService' ? reference : undefined
}

const servicesIn = (visit: Resource, base: string): string[] => participantsOf(visit).flatMap((one) => serviceIn(one, base) ?? [])

/** What it was for is no longer said; the new service is added as to any visit. */
export function withoutService(visit: Resource, base: string): Resource {
  const { serviceType: _type, serviceCategory: _category, specialty: _specialty, ...kept } = visit
  return { ...kept, participant: participantsOf(visit).filter((one) => serviceIn(one, base) === undefined) }
}
