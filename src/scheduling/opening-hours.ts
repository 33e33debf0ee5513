/**
 * R4's own weeks as rules: PractitionerRole.availableTime, HealthcareService.availableTime, Location.hoursOfOperation.
 * They speak for a Schedule that has no availability of its own (docs/time.md): its roles' times, else its services', cut
 * by its Location's hours. A row without times is open all day, as HL7's examples use it.
 * https://hl7.org/fhir/R4/practitionerrole-definitions.html#PractitionerRole.availableTime
 */
import { slotMinutesDefault } from '../base/limits.ts'
import type { Resource } from '../fhir/resource.ts'
import { type AvailabilityRule, datesOf, isDayCode, readAvailability } from './availability-rules.ts'
import { type Element, elementsIn, isElement } from './element.ts'
import { minutesOf, type Period } from './extension-parts.ts'
import { named, nameOf, type PlanParts, referencesOf, type SortedParts } from './plan-parts.ts'

function weekly(row: Element, opens: unknown, closes: unknown, period?: AvailabilityRule['period']): AvailabilityRule {
  const [start, end] = [minutesOf(opens), minutesOf(closes)]
  return {
    days: Array.isArray(row.daysOfWeek) ? row.daysOfWeek.filter(isDayCode) : [],
    startMinutes: start ?? 0,
    endMinutes: end ?? 0,
    allDay: row.allDay === true || (start === undefined && end === undefined),
    weekInterval: 1,
    slotMinutes: slotMinutesDefault,
    ...(period && { period }),
  }
}

/** PractitionerRole and HealthcareService; a role's rows hold while the role does. */
export function availableTimes(resource: Resource): AvailabilityRule[] {
  const period = isElement(resource.period) ? datesOf(resource.period as Period, `${resource.resourceType}.period`) : undefined
  return elementsIn(resource.availableTime).map((row) => weekly(row, row.availableStartTime, row.availableEndTime, period))
}

export const hoursOfOperation = (location: Resource): AvailabilityRule[] =>
  elementsIn(location.hoursOfOperation).map((row) => weekly(row, row.openingTime, row.closingTime))

export type Week = {
  readonly rules: readonly AvailabilityRule[]
  /** Each a place's hours: an opening is cut to what all of them share. */
  readonly hours: readonly (readonly AvailabilityRule[])[]
}

/** The Schedule's own availability; else its roles' available times, else its services', within the hours of its places. */
export function weekOfSchedule(parts: PlanParts, sorted: SortedParts, services: readonly Resource[]): Week {
  const own = saidBy(parts.schedule, readAvailability(parts.schedule))
  if (own.length > 0) return { rules: own, hours: [] }
  const times = (resource: Resource) => saidBy(resource, availableTimes(resource))
  const ofRoles = sorted.roles.flatMap(times)
  const rules = ofRoles.length > 0 ? ofRoles : services.flatMap(times)
  return { rules, hours: rules.length > 0 ? hoursOfPlaces(parts, sorted) : [] }
}

const saidBy = (resource: Resource, rules: readonly AvailabilityRule[]): AvailabilityRule[] =>
  rules.map((rule) => ({ ...rule, source: nameOf(resource) }))

/**
 * Places that the Schedule itself names must all be open (a room is in its clinic). Places that only a role or a service
 * names are alternatives: one of them must be open, and one without hours always is.
 */
function hoursOfPlaces(parts: PlanParts, sorted: SortedParts): (readonly AvailabilityRule[])[] {
  const places = named(parts.locations, sorted.locations).map((place) => saidBy(place, hoursOfOperation(place)))
  const ownPlace = referencesOf(parts.schedule.actor).some((reference) => sorted.locations.includes(reference))
  if (ownPlace) return places.filter((hours) => hours.length > 0)
  return places.length > 0 && places.every((hours) => hours.length > 0) ? [places.flat()] : []
}
