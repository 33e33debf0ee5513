/**
 * Everything that finding and booking need to know of one Schedule, gathered from the resources it hangs on: whose time
 * it is, in which zone, when it is open, what is offered on what terms. https://hl7.org/fhir/R4/schedule.html
 * A plan is a pure function of stored resources: it changes when one of them does, and never with the time of day.
 */
import { fault } from '../base/fault.ts'
import { isTimeZone } from '../base/time-zones.ts'
import type { Resource } from '../fhir/resource.ts'
import { type AvailabilityRule, readAvailability } from './availability-rules.ts'
import { type BookingPolicy, checkPolicy, readPolicy, withinGreatest } from './booking-policy.ts'
import { claimedActors } from './claimed-actors.ts'
import { type CodeableConcept, conceptsOf } from './concept.ts'
import { extensionsOf, readCode, timeZoneUrl } from './extension-parts.ts'
import { findTerms } from './find-terms.ts'
import { type Closure, closuresOf, periodEdge } from './not-available.ts'
import { weekOfSchedule } from './opening-hours.ts'
import { isActive, named, nameOf, type PlanActor, type PlanParts, referencesOf, type SortedParts, sortParts, typeOf } from './plan-parts.ts'
import { offeredServices, type ServiceOffer, serviceOffers } from './service-offers.ts'

export type { PlanParts } from './plan-parts.ts'
export type { ServiceOffer } from './service-offers.ts'

/** Elements that every generated Slot carries. */
export type SlotTemplate = {
  readonly serviceCategory?: readonly CodeableConcept[]
  readonly serviceType?: readonly CodeableConcept[]
  readonly specialty?: readonly CodeableConcept[]
  readonly appointmentType?: CodeableConcept
}

export type SchedulePlan = {
  /** The bare id. */
  readonly schedule: string
  readonly active: boolean
  /** IANA name. */
  readonly zone: string
  /** What a visit here takes up: `Practitioner/1`, `Location/r`, `Device/d`, else `Schedule/x`. Sorted, each once. */
  readonly claims: readonly string[]
  /** Who takes part in a visit here: the Schedule's actors but Patients and RelatedPersons. */
  readonly actors: readonly PlanActor[]
  readonly rules: readonly AvailabilityRule[]
  /** Hours of its places, which cut the rules to what all of them share; only where the rules are not the Schedule's own. */
  readonly hours: readonly (readonly AvailabilityRule[])[]
  readonly closures: readonly Closure[]
  /** planningHorizon as instants, half-open. */
  readonly horizonStart?: string
  readonly horizonEnd?: string
  readonly services: readonly ServiceOffer[]
  /** With no service named: the only service's, else that of the people and the Schedule. */
  readonly policy: BookingPolicy
  readonly template: SlotTemplate
  readonly terms: readonly string[]
}

export function planOf(parts: PlanParts, defaults: { readonly timeZone: string }): SchedulePlan {
  const sorted = sortParts(parts)
  const services = offeredServices(parts, sorted)
  const zone = zoneOfPlan(parts, sorted) ?? defaults.timeZone
  const references = sorted.actors.map((actor) => actor.reference)
  const claims = claimedActors(references, parts.roles, parts.locations)
  return {
    schedule: parts.schedule.id ?? '',
    active: isActive(parts.schedule),
    zone,
    claims: claims.length > 0 ? claims : [nameOf(parts.schedule)],
    actors: sorted.actors.filter(({ reference }) => !['Patient', 'RelatedPerson'].includes(typeOf(reference) ?? '')),
    ...weekOfSchedule(parts, sorted, services),
    closures: closuresOfPlan(parts, sorted, services, zone),
    ...horizonOf(parts.schedule, zone),
    ...serviceOffers(parts, sorted, services),
    template: templateOf(parts.schedule),
    terms: findTerms(parts, sorted, services),
  }
}

/** A plan out of the database, where an earlier version may have put it. */
export function storedPlan(text: string): SchedulePlan {
  const plan = JSON.parse(text) as SchedulePlan
  const services = plan.services.map((service) => ({ ...service, policy: withinGreatest(service.policy) }))
  return { ...plan, services, policy: withinGreatest(plan.policy) }
}

/** The zone a resource names for itself. One that is no IANA zone is a Fault. */
export function timeZoneOf(resource: Resource): string | undefined {
  const part = extensionsOf(resource, timeZoneUrl)[0]
  if (!part) return undefined
  const zone = readCode(part)
  if (isTimeZone(zone)) return zone
  throw fault('value', 'A time zone is an IANA name such as America/New_York.', part.path)
}

/** Refuses a resource whose scheduling extensions could not be read later: to be asked before one is stored. */
export function checkSchedulingExtensions(resource: Resource): void {
  timeZoneOf(resource)
  readAvailability(resource)
  readPolicy(resource)
  checkPolicy(resource)
  closuresOf(resource, 'UTC')
}

function zoneOfPlan(parts: PlanParts, sorted: SortedParts): string | undefined {
  const places = named(parts.locations, sorted.locations)
  const speaker = [parts.schedule, ...places, ...wholesOf(parts, places)].find((resource) => timeZoneOf(resource) !== undefined)
  return speaker && timeZoneOf(speaker)
}

/** A closed service closes the Schedule only where it is an actor: of two services that a role has, one may pause. */
function closuresOfPlan(parts: PlanParts, sorted: SortedParts, services: readonly Resource[], zone: string): Closure[] {
  const references = sorted.actors.map((actor) => actor.reference)
  const places = named(parts.locations, sorted.locations)
  const closing = services.length === 1 ? services : services.filter((service) => references.includes(nameOf(service)))
  const closed = closingPlaces(places, references)
  const houses = [
    ...sorted.roles.map((r) => r.organization),
    ...closing.map((s) => s.providedBy),
    ...[...closed, ...wholesOf(parts, closed)].map((p) => p.managingOrganization),
  ]
  const near = named(parts.organizations, [...new Set(houses.flatMap(referencesOf))])
  const organizations = [...near, ...wholes(parts.organizations, near)]
  const people = named(parts.practitioners, sorted.practitioners)
  return [
    ...[parts.schedule, ...people, ...sorted.roles, ...closing, ...organizations].flatMap((resource) => closuresOf(resource, zone)),
    ...[...closed, ...wholesOf(parts, closed)].flatMap((place) => closuresOf(place, timeZoneOf(place) ?? zone)),
  ]
}

/** Places that only a role or a service names are alternatives: one of several that closes leaves the others. */
const closingPlaces = (places: readonly Resource[], actors: readonly string[]): readonly Resource[] =>
  places.length === 1 ? places : places.filter((place) => actors.includes(nameOf(place)))

/** The Locations that these are part of, as far as they are loaded. */
const wholesOf = (parts: PlanParts, places: readonly Resource[]): Resource[] => wholes(parts.locations, places)

/** What these are part of, and what that is part of in turn: the nearest first. One that is part of itself ends there. */
function wholes(known: readonly Resource[], parts: readonly Resource[]): Resource[] {
  const found: Resource[] = []
  for (let level = parts; level.length > 0; ) {
    const above = named(known, [...new Set(level.flatMap((one) => referencesOf(one.partOf)))])
    level = above.filter((one) => !parts.includes(one) && !found.includes(one))
    found.push(...level)
  }
  return found
}

function horizonOf(schedule: Resource, zone: string): { horizonStart?: string; horizonEnd?: string } {
  const period = (schedule.planningHorizon ?? {}) as { start?: unknown; end?: unknown }
  const edge = (text: unknown, side: 'lower' | 'upper') =>
    typeof text === 'string' ? periodEdge(zone, text, side, 'Schedule.planningHorizon') : undefined
  const [start, end] = [edge(period.start, 'lower'), edge(period.end, 'upper')]
  return { ...(start !== undefined && { horizonStart: start }), ...(end !== undefined && { horizonEnd: end }) }
}

function templateOf(schedule: Resource): SlotTemplate {
  const lists = { serviceCategory: schedule.serviceCategory, serviceType: schedule.serviceType, specialty: schedule.specialty }
  return Object.fromEntries(
    Object.entries(lists).flatMap(([name, value]) => (conceptsOf(value).length > 0 ? [[name, conceptsOf(value)]] : [])),
  )
}
