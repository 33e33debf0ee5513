/**
 * Which of a Schedule's services a visit is for. `$book` names it where the Schedule offers several.
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import type { BookingPolicy } from '../scheduling/booking-policy.ts'
import type { SchedulePlan, ServiceOffer } from '../scheduling/schedule-plan.ts'
import { serviceNamed } from './participants.ts'

export type ServiceChoice = {
  /** `HealthcareService/1` */
  readonly reference?: string
  /** Any of these; `system` undefined matches any. */
  readonly types?: readonly { readonly system?: string; readonly code: string }[]
}

export type Offered = { readonly service?: ServiceOffer; readonly policy: BookingPolicy }

type Concept = { coding?: { system?: string; code?: string }[] }

/** The service that an Appointment says it is for. */
export function choiceOf(resource: Resource, base: string): ServiceChoice {
  const types = ((resource.serviceType ?? []) as Concept[]).flatMap((concept) =>
    (concept.coding ?? []).flatMap(({ system, code }) => (code ? [{ system, code }] : [])),
  )
  return { reference: serviceNamed(resource, base), types }
}

const hasType = (concepts: readonly Concept[], choice: ServiceChoice): boolean =>
  (choice.types ?? []).some((wanted) =>
    concepts.some((concept) =>
      (concept.coding ?? []).some(({ system, code }) => code === wanted.code && (wanted.system === undefined || wanted.system === system)),
    ),
  )

const isNamed = (choice: ServiceChoice): boolean => choice.reference !== undefined || (choice.types ?? []).length > 0

/** What the Schedule offers of the choice; empty where it does not offer it. */
export function offersOf(plan: SchedulePlan, choice: ServiceChoice): readonly Offered[] {
  if (!isNamed(choice)) return everythingOf(plan)
  const matching = plan.services.filter((service) => service.reference === choice.reference || hasType(service.types as Concept[], choice))
  if (matching.length > 0) return matching.map(offered)
  // A Schedule that names a type of service but no HealthcareService offers it under its own policy.
  return hasType((plan.template.serviceType ?? []) as Concept[], choice) ? [{ policy: plan.policy }] : []
}

const everything = new WeakMap<SchedulePlan, readonly Offered[]>()

/** Made once for each plan: where no service is named, a find asks it of hundreds of them. */
function everythingOf(plan: SchedulePlan): readonly Offered[] {
  const known = everything.get(plan)
  if (known) return known
  const made = plan.services.length > 0 ? plan.services.map(offered) : [{ policy: plan.policy }]
  everything.set(plan, made)
  return made
}

const offered = (service: ServiceOffer): Offered => ({ service, policy: service.policy })

/** The one service of a booking. Throws `required` where it must be named, `business-rule` where it is not offered. */
export function chooseService(plan: SchedulePlan, choice: ServiceChoice): Offered {
  const offers = offersOf(plan, choice)
  const [only] = offers
  if (!only) throw fault('business-rule', 'This Schedule does not offer the service that was asked for.', 'healthcare-service')
  if (offers.length > 1)
    throw fault(
      'required',
      `This Schedule offers several services (${offers.map((offer) => offer.service?.reference).join(', ')}): name one with healthcare-service or service-type.`,
      'healthcare-service',
    )
  return only
}
