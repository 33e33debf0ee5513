/** Guarantee 3: a search sees every write answered before it began, and nothing that was not written before it ended. */
import { byId, byTime, certainly, changesOf, isFull, meets, nameOf, overlap, possibly, sessionIn } from './held-time.ts'
import type { Broken, Claim, Deed, History, Version } from './history.ts'

const broken = (deed: Deed, what: string): Broken => ({ guarantee: 3, what: `deed ${deed.id} (${deed.kind}) ${what}` })

export function searchesSee(history: History): Broken[] {
  const searches = history.deeds.filter(({ search, outcome }) => search && outcome === 'ok')
  return [...appointmentsAreSeen(history, searches), ...freeTimesAreSeen(history, searches)]
}

function appointmentsAreSeen({ deeds, after }: History, searches: readonly Deed[]): Broken[] {
  const versions = byId(after.versions)
  const changes = changesOf(deeds)
  const answered = new Map<string, { version: number; at: number }[]>()
  for (const [id, list] of changes)
    answered.set(
      id,
      list.flatMap((deed) =>
        deed.outcome === 'ok' ? deed.shown.filter((one) => one.id === id).map(({ version }) => ({ version, at: deed.answered })) : [],
      ),
    )
  /** The oldest version that a search begun at `asked` may still see; 0 where it may see none. */
  const oldest = (id: string, asked: number): number =>
    Math.max(0, ...(answered.get(id) ?? []).filter(({ at }) => at <= asked).map(({ version }) => version))
  return searches.flatMap((deed) => {
    const { search } = deed
    if (search?.of !== 'patient' && search?.of !== 'appointment') return []
    const stale = deed.shown.flatMap((shown) => {
      if (shown.version < oldest(shown.id, deed.asked)) return [broken(deed, `saw ${nameOf(shown)}, which was over when it began`)]
      const stored = (versions.get(shown.id) ?? []).find(({ version }) => version === shown.version)
      return stored && stored.updated <= deed.answered ? [] : [broken(deed, `saw ${nameOf(shown)}, which was not there yet, or never`)]
    })
    const seen = new Set(deed.shown.map(({ id }) => id))
    const missed = [...versions]
      .filter(([id]) => !seen.has(id) && (search.of === 'patient' || search.appointment === id))
      .filter(([id, list]) => {
        const from = oldest(id, deed.asked)
        const possible = list.filter(({ version, updated }) => version >= from && (version === from || updated <= deed.answered))
        return from > 0 && possible.length > 0 && possible.every((one) => isFor(one, search))
      })
      .map(([id]) => broken(deed, `did not see Appointment/${id}, answered before it began`))
    return [...stale, ...missed]
  })
}

const isFor = ({ patients, id }: Version, search: NonNullable<Deed['search']>): boolean =>
  search.of === 'patient' ? patients.includes(search.patient) : search.of === 'appointment' && search.appointment === id

/** A time that somebody had for certain is not shown as free; $find-slots leaves out none that nobody can have had. */
function freeTimesAreSeen(history: History, searches: readonly Deed[]): Broken[] {
  const certain = byTime(certainly(history))
  const possible = byTime(possibly(history))
  return searches.flatMap((deed) => {
    const { search } = deed
    if (search?.of !== 'free' && search?.of !== 'found') return []
    const place = history.ground.schedules.find(({ id }) => id === search.schedule)
    const during = { from: deed.asked, until: deed.answered }
    return (place?.slots ?? [])
      .filter(({ start }) => Math.floor(start / 86_400_000) === search.day)
      .flatMap(({ id, start, end }) => {
        const buffer = search.of === 'found' ? (place?.bufferAfter ?? 0) : 0
        const session = place ? sessionIn(place, { start, end }) : {}
        const time: Claim[] = (place?.claims ?? []).map((resource) => ({ resource, from: start, until: end + buffer, ...session }))
        const isShown = search.slots.includes(id)
        const having = [...certain(time)].filter(({ when }) => when.from <= during.from && when.until >= during.until)
        if (isShown && isFull(time, having))
          return [
            broken(
              deed,
              `saw Slot/${id} free, which ${having.filter(({ claims }) => meets(claims, time)).map(({ holder }) => holder)} had`,
            ),
          ]
        const mayBeHad = isFull(
          time,
          [...possible(time)].filter(({ when }) => overlap(when, during)),
        )
        if (!isShown && !mayBeHad && search.of === 'found')
          return [{ guarantee: 4 as const, what: `deed ${deed.id} (${deed.kind}) did not find Slot/${id}, which nobody had` }]
        return []
      })
  })
}
