/**
 * Resources and plans that the scheduling tests are written about. Small on purpose: each test says what it changes.
 */
import type { Resource } from '../../src/fhir/resource.ts'
import type { AvailabilityRule, DayCode } from '../../src/scheduling/availability-rules.ts'
import { mergePolicies } from '../../src/scheduling/booking-policy.ts'
import type { PlanParts, SchedulePlan } from '../../src/scheduling/schedule-plan.ts'

const base = 'https://slotwise.org/fhir/StructureDefinition'

export const zoneExtension = (zone: string) => ({ url: 'http://hl7.org/fhir/StructureDefinition/timezone', valueCode: zone })

export const notAvailable = (during: { start?: string; end?: string }) => ({
  url: `${base}/not-available`,
  extension: [{ url: 'during', valuePeriod: during }],
})

export const bookingPolicy = (...extension: Record<string, unknown>[]) => ({ url: `${base}/booking-policy`, extension })

export const availability = (...extension: Record<string, unknown>[]) => ({ url: `${base}/availability`, extension })

export const weekdays = (days: readonly DayCode[], start: string, end: string) =>
  availability(
    ...days.map((day) => ({ url: 'daysOfWeek', valueCode: day })),
    { url: 'startTime', valueTime: start },
    { url: 'endTime', valueTime: end },
  )

export const scheduleWith = (elements: Record<string, unknown>): Resource => ({
  resourceType: 'Schedule',
  id: 's',
  actor: [{ reference: 'Practitioner/p' }],
  ...elements,
})

export const partsWith = (parts: Partial<PlanParts>): PlanParts => ({
  schedule: scheduleWith({}),
  practitioners: [],
  roles: [],
  locations: [],
  services: [],
  organizations: [],
  devices: [],
  ...parts,
})

/** Every day 09:00 to 10:00, a quarter of an hour each. */
export const rule = (changes: Partial<AvailabilityRule> = {}): AvailabilityRule => ({
  days: [],
  startMinutes: 9 * 60,
  endMinutes: 10 * 60,
  allDay: false,
  weekInterval: 1,
  slotMinutes: 15,
  ...changes,
})

export const planWith = (changes: Partial<SchedulePlan> = {}): SchedulePlan => ({
  schedule: 's',
  active: true,
  zone: 'UTC',
  claims: ['Practitioner/p'],
  actors: [{ reference: 'Practitioner/p' }],
  rules: [rule()],
  hours: [],
  closures: [],
  services: [],
  policy: mergePolicies(),
  template: {},
  terms: [],
  ...changes,
})

export const at = (text: string): number => Date.parse(text)

/** `2026-11-23T09:00Z` */
export const text = (ms: number): string => new Date(ms).toISOString().replace(':00.000Z', 'Z')
