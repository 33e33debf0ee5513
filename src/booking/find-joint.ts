/**
 * When can this patient be seen by several at once: one actor of every group, in order of start, one combination for each,
 * or as many as are asked for, the least harm first.
 * `scheduling/joint-visits.ts` decides which; here the free time of all of them is fetched, some days at a time.
 */
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { overlaps } from '../base/interval.ts'
import { findRowsMax } from '../base/limits.ts'
import { jointPlan } from '../scheduling/joint-plan.ts'
import { type JointGroup, type JointVisit, jointVisits, type Start } from '../scheduling/joint-visits.ts'
import { sessionOf } from '../scheduling/session.ts'
import type { House } from '../store/house.ts'
import { type Found, visitsOf } from './find.ts'
import type { FindQuery } from './find-query.ts'
import { calendarFor, calendarsBeside, type FreeOfOne, freeOfEach, schedulesIn } from './joint-calendars.ts'
import { offersOf } from './service-choice.ts'

/** Read at first; where that is not enough for a page, twice as many each time. */
const daysAtFirst = 2

/** `query.schedules` narrow the first group. Throws too-costly. */
export async function findJointVisits(
  house: House,
  query: FindQuery,
  groups: readonly JointGroup[],
): Promise<{ found: Found[]; more: boolean }> {
  const [first = [], ...further] = groups
  const firsts = first.filter(({ schedule }) => query.schedules.includes(schedule))
  if (firsts.length === 0 || further.some((group) => group.length === 0)) return { found: [], more: false }
  const all = schedulesIn([firsts, ...further])
  const each = query.alternatives ?? 1
  // A start is shown whole, on one page.
  const count = Math.max(1, Math.floor(query.count / each))
  const found: Found[][] = []
  let read = 0
  let from = query.after ? Math.max(query.from, query.after.start + 1) : query.from
  for (let days = daysAtFirst; from < query.until; days *= 2) {
    const until = Math.min(query.until, from + days * dayMs)
    const free = await freeOfEach(house, all, { from, until: until + (query.minutes ?? 0) * 60_000 })
    for (const one of free.values()) read += one.free.length
    found.push(...inWindow(house, { ...query, from, until }, [firsts, ...further], free, count + 1 - found.length))
    if (found.length > count) return { found: found.slice(0, count).flat(), more: true }
    if (read > findRowsMax) throw fault('too-costly', 'Few of very many free times match: ask for a shorter window, or for fewer actors.')
    from = until
  }
  return { found: found.flat(), more: false }
}

/** By start. */
function inWindow(
  house: House,
  query: FindQuery,
  [firsts = [], ...further]: readonly JointGroup[],
  free: ReadonlyMap<string, FreeOfOne>,
  wanted: number,
): Found[][] {
  const asking = { now: house.clock.now().getTime(), online: query.online }
  const usable = query.except ? withoutSlots(free, query.except) : free
  const beside = calendarsBeside(usable, query.service, asking)
  const services = new Map<Start, Found>()
  for (const [schedule, options] of Map.groupBy(firsts, ({ schedule }) => schedule)) {
    const one = usable.get(schedule)
    if (!one) continue
    for (const { start, found } of startsOf(one, query, asking)) for (const option of options) services.set({ ...start, option }, found)
  }
  const starts = [...services.keys()].sort((a, b) => a.visit.start - b.visit.start)
  const visits = jointVisits(starts, further, beside, wanted, query.alternatives)
  return [...Map.groupBy(visits, ({ visit }) => visit.start).values()].map((together) =>
    together.map((joint) => foundOf(joint, services.get(joint.start))),
  )
}

/** The visits of a first Schedule alone, each with the calendar of its own service. */
function startsOf(one: FreeOfOne, query: FindQuery, asking: { now: number; online: boolean }) {
  const visits = visitsOf(one.plan, one.free, one.taken, { ...query, now: asking.now })
  const calendars = new Map(offersOf(one.plan, query.service).map((offered) => [offered.service, calendarFor(one, offered, asking)]))
  return visits.flatMap((found) => {
    const calendar = calendars.get(found.service)
    if (!calendar || query.busy?.some((own) => overlaps(own, found.visit))) return []
    const { visit, service } = found
    const session = sessionOf(one.plan, { service, policy: calendar.policy }, visit.start, visit.end)
    return [{ start: { visit, calendar, service, session }, found }]
  })
}

const foundOf = ({ visit, start, further }: JointVisit, found: Found | undefined): Found => ({
  visit,
  service: found?.service,
  plan: jointPlan(
    start.calendar.plan,
    further.map(({ plan }) => plan),
  ),
})

const withoutSlots = (free: ReadonlyMap<string, FreeOfOne>, except: ReadonlySet<string>): Map<string, FreeOfOne> =>
  new Map([...free].map(([schedule, one]) => [schedule, { ...one, free: one.free.filter(({ id }) => !except.has(id)) }]))
