/**
 * Other times for visits that a change would leave without one: up to three for each, with the same practitioner first,
 * then with whoever else offers the service. No two visits are proposed the same Slot as their first choice.
 * A visit over several Schedules stays with the others of them, so it is proposed what all have free.
 * A proposal is a look, not a hold: whoever takes one meets the engine again (`move/`), and may be too late.
 */
import { dayMs } from '../base/durations.ts'
import { Fault } from '../base/fault.ts'
import { findSchedulesMax, proposalDaysMax, proposedLeadsMax, proposedTimesMax } from '../base/limits.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { House } from '../store/house.ts'
import { schedulesMatching } from '../store/plans.ts'
import { patientTime } from '../store/visit-context.ts'
import type { VisitToCome } from '../store/visits-to-come.ts'
import { type Found, findVisits } from './find.ts'
import { findJointVisits } from './find-joint.ts'
import type { FindQuery } from './find-query.ts'
import { schedulesIn } from './joint-calendars.ts'
import { jointOfSlots } from './joint-of-slots.ts'
import { idsNamed, patientIds } from './participants.ts'
import { choiceOf, type ServiceChoice } from './service-choice.ts'

export type Proposal = { readonly schedule: string; readonly slot: string; readonly start: number; readonly end: number }

/** `without`: Slots that will not be there. In the order of the visits. */
export async function proposeTimes(
  house: House,
  plan: SchedulePlan,
  visits: readonly VisitToCome[],
  without: readonly string[],
): Promise<Proposal[][]> {
  const places = placesOf(house, plan)
  const except = new Set(without)
  const asked = await Promise.all(visits.map((visit) => wantedFor(house, visit)))
  const proposals: Proposal[][] = []
  for (const wanted of asked) {
    const first = await timesFor(house, wanted, await places(wanted.service), except, 1)
    for (const one of first) for (const slot of one.visit.slots) except.add(slot.id)
    proposals.push(first.map(proposalOf))
  }
  for (const [at, wanted] of asked.entries()) {
    if (proposals[at]?.length !== 1) continue
    const more = await timesFor(house, wanted, await places(wanted.service), except, proposedTimesMax - 1)
    proposals[at] = [...(proposals[at] ?? []), ...more.map(proposalOf)]
  }
  return proposals
}

const proposalOf = ({ visit, plan }: Found): Proposal => ({
  schedule: plan.schedule,
  slot: visit.slot.id,
  start: visit.start,
  end: visit.end,
})

type Wanted = Pick<FindQuery, 'from' | 'until' | 'service' | 'minutes' | 'busy'> & {
  /** Of a visit over several Schedules; who leads first. */
  readonly groups?: readonly JointGroup[]
}

/** From the time that the visit has: nobody is asked to come sooner than they had planned. */
async function wantedFor(house: House, { id, start, end, body }: VisitToCome): Promise<Wanted> {
  const resource = JSON.parse(body) as Resource
  const from = Math.max(start, house.clock.now().getTime())
  const until = from + proposalDaysMax * dayMs
  const patients = patientIds(resource, house.base)
  const busy = await Promise.all(patients.map((one) => patientTime(house.pool, one, instantOf(from), instantOf(until + dayMs), id)))
  const joint = await jointOfSlots(house, idsNamed(resource.slot, 'Slot', house.base), { start, forgotten: true })
  return { from, until, service: choiceOf(resource, house.base), minutes: (end - start) / 60_000, busy: busy.flat(), groups: joint?.groups }
}

type Places = { readonly own: readonly string[]; readonly others: readonly string[] }

/** The Schedules of the same practitioner, and the others that offer a service; looked up once for each service. */
function placesOf(house: House, plan: SchedulePlan): (service: ServiceChoice) => Promise<Places> {
  const people = plan.terms.filter((term) => term.startsWith('practitioner='))
  const known = new Map<string, Promise<Places>>()
  const look = async (service: ServiceChoice): Promise<Places> => {
    const words = wordsOf(service)
    const sameOnes = people.length > 0 ? await schedulesMatching(house.pool, [people], findSchedulesMax) : []
    const own = [...new Set([plan.schedule, ...sameOnes])]
    const offering = words.length > 0 ? await schedulesMatching(house.pool, [words], findSchedulesMax) : []
    return { own, others: offering.filter((one) => !own.includes(one)) }
  }
  return (service) => {
    const key = JSON.stringify(service)
    const places = known.get(key) ?? look(service)
    known.set(key, places)
    return places
  }
}

const wordsOf = ({ reference, types = [] }: ServiceChoice): string[] => [
  ...(reference === undefined ? [] : [`healthcare-service=${reference}`]),
  ...types.map(({ system, code }) => `service-type=${system === undefined ? code : `${system}|${code}`}`),
]

async function timesFor(house: House, wanted: Wanted, places: Places, except: ReadonlySet<string>, count: number): Promise<Found[]> {
  const { own, others } = wanted.groups ? leading(wanted.groups, places) : places
  const same = await timesAmong(house, wanted, own, except, count)
  const missing = count - same.length
  return missing === 0 || others.length === 0 ? same : [...same, ...(await timesAmong(house, wanted, others, except, missing))]
}

/**
 * Who else offers the service may lead in the place of who does: the same practitioner elsewhere before the others, and not all
 * of them.
 */
function leading([first = [], ...further]: readonly JointGroup[], places: Places): Places {
  const own = schedulesIn([first])
  const taken = new Set([...own, ...schedulesIn(further)])
  return { own, others: [...places.own, ...places.others].filter((one) => !taken.has(one)).slice(0, proposedLeadsMax) }
}

async function timesAmong(
  house: House,
  { groups, ...wanted }: Wanted,
  schedules: readonly string[],
  except: ReadonlySet<string>,
  count: number,
): Promise<Found[]> {
  const query = { ...wanted, schedules, except, count, online: false }
  if (!groups) return (await findVisits(house, query).catch(noneWhereTooCostly)).found
  const leads = schedules.map((schedule) => ({ actor: `Schedule/${schedule}`, schedule }))
  return (await findJointVisits(house, query, [leads, ...groups.slice(1)]).catch(noneWhereTooCostly)).found
}

/** One visit for which too much would have to be read has no proposal; the others have theirs. */
function noneWhereTooCostly(error: unknown): { readonly found: Found[] } {
  if (error instanceof Fault && error.kind === 'too-costly') return { found: [] }
  throw error
}
