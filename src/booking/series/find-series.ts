/**
 * When could a series begin: the free times from which every visit of a template can be had, on one Schedule each. docs/booking.md
 * Left out: visits over several actors, and what only booking asks (full days, rules about the patient).
 */
import { Fault } from '../../base/fault.ts'
import { seriesStartsMax, seriesTimesReadMax } from '../../base/limits.ts'
import type { RecurrenceTemplate } from '../../scheduling/recurrence-template.ts'
import { type Occurrence, occurrences } from '../../scheduling/series.ts'
import type { House } from '../../store/house.ts'
import { type Found, findVisits } from '../find.ts'
import type { FindQuery } from '../find-query.ts'

export type SeriesFound = Found & {
  /** The numbers of visits that cannot be had. */
  readonly without: readonly number[]
}

type Start = { readonly found: Found; readonly visits: readonly Occurrence[] }

/** The first visit stands where `query` says. With `skip` those with fewest gaps come first, else there are none with gaps. */
export async function findSeries(
  house: House,
  query: FindQuery,
  { template, skip }: { readonly template: RecurrenceTemplate; readonly skip: boolean },
): Promise<{ found: SeriesFound[]; more: boolean }> {
  const first = await findVisits(house, { ...query, count: seriesStartsMax })
  const starts = first.found.flatMap((found): Start[] => {
    const visits = visitsFrom(template, found)
    return visits ? [{ found, visits }] : []
  })
  const isFree = await freeTimes(house, query, starts)
  const series = starts.map(({ found, visits }) => ({
    ...found,
    without: visits.flatMap(({ id, start }) => (id === 1 || isFree(found.plan.schedule, start) ? [] : [id])),
  }))
  const fit = skip ? series.sort((a, b) => a.without.length - b.without.length) : series.filter(({ without }) => without.length === 0)
  return { found: fit.slice(0, query.count), more: first.more || fit.length > query.count }
}

/** Undefined: the pattern has no visit on that day. */
function visitsFrom(template: RecurrenceTemplate, { visit, plan }: Found): Occurrence[] | undefined {
  try {
    return occurrences(template, template.zone ?? plan.zone, visit.start)
  } catch (error) {
    if (error instanceof Fault && error.kind === 'value') return undefined
    throw error
  }
}

async function freeTimes(house: House, query: FindQuery, starts: readonly Start[]): Promise<(schedule: string, start: number) => boolean> {
  const further = starts.flatMap(({ visits }) => visits.slice(1).map(({ start }) => start))
  const schedules = [...new Set(starts.map(({ found }) => found.plan.schedule))]
  const free = new Set<string>()
  const until = Math.max(...further) + 1
  let from = Math.min(...further)
  while (from < until) {
    const { found, more } = await findVisits(house, { ...anyTime(query), schedules, from, until, count: seriesTimesReadMax })
    for (const { visit } of found) free.add(`${visit.slot.schedule} ${visit.start}`)
    // A page holds more than one time of every Schedule.
    from = more ? (found.at(-1)?.visit.start ?? until) : until
  }
  return (schedule, start) => free.has(`${schedule} ${start}`)
}

/** Days and hours are asked of the first visit: the others stand where the template says. */
const anyTime = (query: FindQuery): FindQuery => ({
  ...query,
  days: undefined,
  timeFrom: undefined,
  timeTo: undefined,
  times: undefined,
  after: undefined,
})
