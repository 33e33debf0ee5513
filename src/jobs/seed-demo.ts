/**
 * Loads the demo clinic through the same doors as everything else: resources by update, visits by the engine. Running it
 * again changes nothing but what was changed meanwhile: ids are fixed, and a visit that is there already stays.
 */
import type { Actor } from '../access/actor.ts'
import { plansAt } from '../booking/plans.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { storeChange } from '../interactions/store-change.ts'
import { visitAppointment } from '../scheduling/appointment.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { freeTimeOfOne } from '../store/free-time.ts'
import type { House } from '../store/house.ts'
import { reachMilestone } from '../store/is-empty.ts'
import { planVersions } from '../store/plans.ts'
import { currentResource } from '../store/resources.ts'
import { type DemoVisit, demoClinic } from './demo-clinic.ts'

const seeder: Actor = {
  client: 'slotwise-demo',
  scopes: [{ level: 'system', type: '*', verbs: new Set(['c', 'r', 'u', 'd', 's']) }],
}

const slotsPerVisitMax = 100

/** Gives a sentence that says what was loaded. */
export async function seedDemo(house: House, progress: (text: string) => void): Promise<string> {
  const { resources, visits } = demoClinic(house.clock.now())
  await reachMilestone(house.pool, 'demo-started')
  for (const [index, resource] of resources.entries()) {
    await put(house, resource)
    progress(`Demo clinic: ${index + 1} of ${resources.length} resources`)
  }
  const plans = await plansOf(house, visits)
  for (const [index, visit] of visits.entries()) {
    await putVisit(house, visit, `demo-visit-${index + 1}`, plans)
    progress(`Demo clinic: ${index + 1} of ${visits.length} visits`)
  }
  await reachMilestone(house.pool, 'demo-loaded')
  return `The demo clinic is loaded: ${resources.length} resources, ${visits.length} visits.`
}

async function put(house: House, resource: Resource): Promise<void> {
  const id = String(resource.id)
  await storeChange(house, seeder, { type: resource.resourceType, id, resource, text: JSON.stringify(resource) })
}

async function plansOf(house: House, visits: readonly DemoVisit[]): Promise<Map<string, SchedulePlan>> {
  const schedules = [...new Set(visits.map((visit) => visit.schedule))]
  return plansAt(house, await planVersions(house.pool, schedules))
}

async function putVisit(house: House, visit: DemoVisit, id: string, plans: ReadonlyMap<string, SchedulePlan>): Promise<void> {
  const plan = plans.get(visit.schedule)
  if (!plan || (await currentResource(house.pool, 'Appointment', id))) return
  const start = Date.parse(visit.start)
  const end = start + visit.minutes * 60_000
  const service = plan.services.find(({ reference }) => reference === `HealthcareService/${visit.service}`)
  const appointment = visitAppointment({
    plan,
    service,
    patients: [{ reference: `Patient/${visit.patient}` }],
    start,
    end,
    slots: visit.status === 'booked' ? await slotsOf(house, visit.schedule, start, end) : [],
    status: 'booked',
    created: house.clock.now().toISOString(),
  })
  await put(house, { ...appointment, id, status: visit.status })
}

async function slotsOf(house: House, schedule: string, start: number, end: number): Promise<string[]> {
  const window = { schedule, from: instantOf(start), until: instantOf(end), limit: slotsPerVisitMax }
  return (await freeTimeOfOne(house.pool, window)).free.map((slot) => slot.id)
}
