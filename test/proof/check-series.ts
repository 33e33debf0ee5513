/**
 * Guarantee 2 for series, all or none: a scope changes each visit that it means, or none of them. And each number of a
 * series is one visit's, also where one took another's place.
 */
import { byId, nameOf, takesTime } from './held-time.ts'
import type { Broken, History, Version } from './history.ts'

const broken = (what: string): Broken => ({ guarantee: 2, what })
/** A change that nobody was answered was committed at the latest so long after the time that it carries. */
const committedMs = 10_000

export const seriesStayWhole = (history: History): Broken[] => [
  ...changedWhole(history),
  ...oneOfEachNumber(history),
  ...placesAreTaken(history),
]

/**
 * Whoever stood among those that follow before the deed was asked for, and stands unchanged after it was done, was passed
 * over. What somebody else changed meanwhile may have been meant or not.
 */
function changedWhole({ deeds, after }: History): Broken[] {
  const versions = byId(after.versions)
  const answered = new Map(
    deeds.flatMap(({ outcome, answered, shown }) => (outcome === 'ok' ? shown.map((one) => [nameOf(one), answered] as const) : [])),
  )
  const ofSeries = Map.groupBy(versions.values(), (list) => list.find(({ series }) => series !== undefined)?.series)
  return deeds
    .filter(({ reach, outcome }) => reach === 'series' && outcome !== 'refused')
    .flatMap(({ id, kind, outcome, asked, targets, ...deed }) => {
      const done = after.versions.filter(({ marks, updated }) => updated >= asked && marks.includes(id))
      if (outcome !== 'ok' && done.length === 0) return []
      const over = outcome === 'ok' ? deed.answered : Math.max(...done.map(({ updated }) => updated)) + committedMs
      const own = versions.get(targets[0] ?? '')?.findLast(({ updated }) => updated <= over)
      return (ofSeries.get(own?.series) ?? [])
        .flatMap((list) => standingThroughout(list, asked, over, answered) ?? [])
        .filter((one) => own?.series !== undefined && one.series === own.series && (one.number ?? 0) > (own.number ?? 0))
        .map((one) => broken(`deed ${id} (${kind}) passed over Appointment/${one.id}, visit ${one.number} of its series`))
    })
}

/** The version that stood, answered, when it was asked for, and still when it was over. */
function standingThroughout(
  list: readonly Version[],
  asked: number,
  over: number,
  answered: ReadonlyMap<string, number>,
): Version | undefined {
  const before = list.findLast((one) => (answered.get(nameOf(one)) ?? Number.POSITIVE_INFINITY) < asked)
  const next = list.find(({ version }) => before && version > before.version)
  return before && takesTime(before) && (!next || next.updated > over) ? before : undefined
}

function oneOfEachNumber({ after }: History): Broken[] {
  const standing = [...byId(after.versions).values()].flatMap((list) => list.at(-1) ?? []).filter(takesTime)
  const numbered = standing.filter(({ series }) => series !== undefined)
  return [...Map.groupBy(numbered, ({ series, number }) => `visit ${number} of the series of Appointment/${series}`)]
    .filter(([, list]) => list.length > 1)
    .map(([name, list]) => broken(`${name} is each of ${list.map(({ id }) => id)}`))
}

/** What took the place of a visit of a series is that visit of the series. */
function placesAreTaken({ after }: History): Broken[] {
  const versions = byId(after.versions)
  return after.versions.flatMap(({ id, version, replaces = '', series, number }) => {
    const old = version === 1 && replaces ? versions.get(replaces)?.at(-1) : undefined
    return old?.series === undefined || (old.series === series && old.number === number)
      ? []
      : [broken(`Appointment/${id} replaces visit ${old.number} of a series, and is not of it`)]
  })
}
