/**
 * When can this patient be seen: the free times of some Schedules for a service, in the order (start, Schedule).
 * `scheduling/visits.ts` decides what is bookable; here the free time is fetched, a slice at a time, until there is enough.
 */
import { fault } from '../base/fault.ts'
import { overlaps } from '../base/interval.ts'
import { findRowsMax } from '../base/limits.ts'
import type { SchedulePlan, ServiceOffer } from '../scheduling/schedule-plan.ts'
import { type FreeSlot, type Taken, type Visit, visits } from '../scheduling/visits.ts'
import type { House } from '../store/house.ts'
import type { FindQuery, FreeSlotText, Position } from './find-query.ts'
import { type Resume, type Slice, slicesOf } from './free-slices.ts'
import { type Offered, offersOf } from './service-choice.ts'

export type Found = { readonly visit: Visit; readonly plan: SchedulePlan; readonly service?: ServiceOffer }

export async function findVisits(house: House, query: FindQuery): Promise<{ found: Found[]; more: boolean }> {
  if (query.schedules.length === 0) return { found: [], more: false }
  const now = house.clock.now().getTime()
  const sliceAt = await slicesOf(house, query)
  const found: Found[] = []
  let resume: Resume = {
    from: Math.max(query.from, query.after?.start ?? query.from),
    behind: '',
    wanted: query.count + 1,
    effort: 1,
    byTime: true,
  }
  let read = 0
  while (resume.from < query.until) {
    const slice = await sliceAt(resume)
    read += slice.free.length
    found.push(...inSlice(slice, { ...query, now }, resume))
    if (found.length > query.count) return { found: found.slice(0, query.count), more: true }
    if (read > findRowsMax)
      throw fault('too-costly', 'Few of very many free times match: ask for a shorter window, or for fewer Schedules.')
    resume = {
      from: Math.max(resume.from, slice.decided),
      behind: slice.upTo ?? (slice.decided > resume.from ? '' : resume.behind),
      wanted: query.count + 1 - found.length,
      // The rows were too few to decide, or to fill the page: look further at once.
      effort: slice.byTime === false ? 1 : resume.effort * 4,
      byTime: slice.byTime === true,
    }
  }
  return { found, more: false }
}

type SliceQuery = FindQuery & { readonly now: number }

/**
 * The first wanted visits of a slice. Schedules are taken in the order of their first free Slot, and only as long as
 * one may still come before the last visit that is wanted.
 */
function inSlice(slice: Slice, query: SliceQuery, { from, behind, wanted }: Resume): Found[] {
  const free = bySchedule(
    slice.free,
    (row): FreeSlotText => ({
      id: row.id,
      schedule: row.schedule,
      start: row.starts * 1000,
      end: row.ends * 1000,
      body: row.body,
      session: row.session ?? undefined,
    }),
  )
  const taken = bySchedule(
    slice.taken,
    ({ schedule, starts, ends, session }): Taken => ({
      resource: schedule,
      start: starts * 1000,
      end: ends * 1000,
      session: session ?? undefined,
    }),
  )
  const groups = [...free.values()].map((slots) => slots.sort(byStart)).sort(([a], [b]) => (a && b ? compare(a, b) : 0))
  const isDecided = ({ start, schedule }: FreeSlot): boolean =>
    (start < slice.decided || (start === slice.decided && slice.upTo !== undefined && schedule <= slice.upTo)) &&
    (start > from || schedule > behind || behind === '')
  const asked = { ...query, from, until: slice.upTo === undefined ? slice.decided : slice.decided + 1 }
  let found: Found[] = []
  for (const slots of groups) {
    const [first] = slots
    const plan = first && slice.plans.get(first.schedule)
    const last = found[wanted - 1]
    if (last && first && compare(first, last.visit.slot) > 0) break
    if (!plan || !first) continue
    const open = query.except ? slots.filter((slot) => !query.except?.has(slot.id)) : slots
    const visitsHere = visitsOf(plan, open, taken.get(first.schedule) ?? [], asked)
    found.push(
      ...visitsHere.filter(
        ({ visit }) => isDecided(visit.slot) && isAfter(visit.slot, query.after) && !query.busy?.some((own) => overlaps(own, visit)),
      ),
    )
    if (found.length >= wanted) found = found.sort((a, b) => compare(a.visit.slot, b.visit.slot)).slice(0, wanted)
  }
  return found.sort((a, b) => compare(a.visit.slot, b.visit.slot))
}

/** The visits of one Schedule, each start once: the first service that fits it stands for the others. */
export function visitsOf(plan: SchedulePlan, free: readonly FreeSlot[], taken: readonly Taken[], query: SliceQuery): Found[] {
  const [only, ...others] = offersOf(plan, query.service).map((offer) => visitsOfOffer(plan, offer, free, taken, query))
  if (!only || others.length === 0) return only ?? []
  const bySlot = new Map<string, Found>()
  for (const found of [only, ...others].flat()) if (!bySlot.has(found.visit.slot.id)) bySlot.set(found.visit.slot.id, found)
  return [...bySlot.values()]
}

function visitsOfOffer(
  plan: SchedulePlan,
  { service, policy }: Offered,
  free: readonly FreeSlot[],
  taken: readonly Taken[],
  query: SliceQuery,
): Found[] {
  const asked = {
    durationMinutes: query.minutes,
    service,
    from: query.from,
    until: query.until,
    now: query.now,
    days: query.days,
    times: query.times,
    timeFrom: query.timeFrom,
    timeTo: query.timeTo,
    online: query.online,
  }
  return visits(plan, policy, free, taken, asked).map((visit) => ({ visit, plan, service }))
}

function bySchedule<Row extends { readonly schedule: string }, T>(rows: readonly Row[], map: (row: Row) => T): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const group = groups.get(row.schedule)
    if (group) group.push(map(row))
    else groups.set(row.schedule, [map(row)])
  }
  return groups
}

const byStart = (a: FreeSlot, b: FreeSlot): number => a.start - b.start || (a.id < b.id ? -1 : 1)

const compare = (a: FreeSlot, b: FreeSlot): number =>
  a.start - b.start || (a.schedule < b.schedule ? -1 : a.schedule > b.schedule ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

const isAfter = (slot: FreeSlot, after: Position | undefined): boolean =>
  after === undefined || compare(slot, { id: after.slot, schedule: after.schedule, start: after.start, end: 0 }) > 0
