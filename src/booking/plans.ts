/**
 * Schedule plans at hand: parsed once per version, made anew when a resource that they hang on is written.
 * A plan is never served stale: its version comes from the database in the same statement as the Slots or the booking.
 */

import { relativeReference } from '../fhir/reference.ts'
import { type PlanParts, planOf, type SchedulePlan, storedPlan } from '../scheduling/schedule-plan.ts'
import type { Pool, Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { gatherParts } from '../store/plan-parts.ts'
import { plansOf, savePlan, schedulesMadeFrom } from '../store/plans.ts'
import { currentResource } from '../store/resources.ts'

const plansKeptMax = 20_000

const caches = new WeakMap<Pool, Map<string, { version: string; plan: SchedulePlan }>>()

function cacheOf(pool: Pool): Map<string, { version: string; plan: SchedulePlan }> {
  const known = caches.get(pool) ?? new Map<string, { version: string; plan: SchedulePlan }>()
  caches.set(pool, known)
  return known
}

/** The plan of a row that the caller has just read, parsed at most once a version. */
export function planFrom(house: House, schedule: string, version: string, text: string): SchedulePlan {
  const cache = cacheOf(house.pool)
  const known = cache.get(schedule)
  if (known?.version === version) return known.plan
  const plan = storedPlan(text)
  if (cache.size >= plansKeptMax) cache.delete(cache.keys().next().value ?? '')
  cache.set(schedule, { version, plan })
  return plan
}

/**
 * The plan of a row whose text was left out because that version was at hand when it was asked for. Another request may
 * have put a newer one in its place meanwhile: then the one that holds now is read.
 */
export async function planAt(house: House, schedule: string, version: string, text: string | null): Promise<SchedulePlan> {
  if (text !== null) return planFrom(house, schedule, version, text)
  const plans = await plansAt(house, new Map([[schedule, version]]))
  return plans.get(schedule) ?? closedPlan(schedule, house.defaultTimeZone)
}

/** The version at hand of a Schedule's plan; empty where there is none. */
export const planVersionAtHand = (house: House, schedule: string): string => cacheOf(house.pool).get(schedule)?.version ?? ''

/** A Schedule's plan as it was when last used: good for a guess, never for a decision. */
export const planAtHand = (house: House, schedule: string): SchedulePlan | undefined => cacheOf(house.pool).get(schedule)?.plan

/** Those that were ever used. */
export function plansAtHand(house: House, schedules: readonly string[]): SchedulePlan[] {
  const cache = cacheOf(house.pool)
  const found: SchedulePlan[] = []
  for (const schedule of schedules) {
    const known = cache.get(schedule)
    if (known) found.push(known.plan)
  }
  return found
}

/** The plans of these versions; asks only for those that are not at hand. */
export async function plansAt(house: House, versions: ReadonlyMap<string, string>): Promise<Map<string, SchedulePlan>> {
  const cache = cacheOf(house.pool)
  const found = new Map<string, SchedulePlan>()
  const missing: string[] = []
  for (const [schedule, version] of versions) {
    const known = cache.get(schedule)
    if (known?.version === version) found.set(schedule, known.plan)
    else missing.push(schedule)
  }
  if (missing.length > 0)
    for (const row of await plansOf(house.pool, missing)) found.set(row.schedule, planFrom(house, row.schedule, row.version, row.plan))
  return found
}

/** Works the plans of these Schedules out again. Their Slots follow in `regenerate-slots.ts`. */
export async function replan(tx: Tx, house: House, schedules: readonly string[]): Promise<void> {
  for (const schedule of schedules) {
    const row = await currentResource(tx, 'Schedule', schedule)
    const parts = row?.body ? await gatherParts(tx, row.body, house.base) : undefined
    const plan = parts ? planOf(parts, { timeZone: house.defaultTimeZone }) : closedPlan(schedule, house.defaultTimeZone)
    await savePlan(tx, {
      schedule,
      text: JSON.stringify(plan),
      terms: [...plan.terms, ...(parts ? partTerms(schedule, parts) : [])],
      claims: plan.claims,
    })
  }
}

const partTerms = (schedule: string, parts: PlanParts & { named: readonly string[] }): string[] => [
  `part=Schedule/${schedule}`,
  ...parts.named.map((reference) => `part=${reference}`),
]

/** A Schedule that is not there, or no longer: it offers nothing and claims itself. */
export const closedPlan = (schedule: string, timeZone: string): SchedulePlan =>
  ({
    ...planOf(
      {
        schedule: { resourceType: 'Schedule', id: schedule, active: false, actor: [] },
        practitioners: [],
        roles: [],
        locations: [],
        services: [],
        organizations: [],
        devices: [],
      },
      { timeZone },
    ),
    terms: [],
  }) satisfies SchedulePlan

/** Types whose resources a plan is made from. */
export const planTypes: ReadonlySet<string> = new Set([
  'Schedule',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'HealthcareService',
  'Organization',
  'Device',
])

/** The Schedules that a written directory resource bears on. */
export async function schedulesUnder(
  tx: Tx,
  house: House,
  resource: { resourceType: string; id?: string; [element: string]: unknown },
): Promise<string[]> {
  const self = `${resource.resourceType}/${resource.id}`
  if (resource.resourceType === 'Schedule') return [String(resource.id)]
  const parts = [self]
  const practitioner = (resource.practitioner as { reference?: string } | undefined)?.reference
  if (resource.resourceType === 'PractitionerRole' && practitioner) parts.push(relativeReference(practitioner, house.base))
  if (resource.resourceType === 'HealthcareService') parts.push(...serviceTypesOf(resource))
  return schedulesMadeFrom(tx, parts)
}

/** A HealthcareService is offered by Schedules whose `serviceType` matches, so its types are parts of a plan too. */
export const serviceTypesOf = (resource: { [element: string]: unknown }): string[] =>
  ((resource.type ?? resource.serviceType ?? []) as { coding?: { system?: string; code?: string }[] }[]).flatMap((concept) =>
    (concept.coding ?? []).flatMap(({ system, code }) => (code ? [`type:${system ?? ''}|${code}`] : [])),
  )
