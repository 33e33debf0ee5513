/** Guarantee 2: what was answered is there as it was answered; what was refused, or never answered, is not there by half. */
import { byId, claimsOf, nameOf, slotPlaces, takesTime } from './held-time.ts'
import type { Aftermath, Broken, Deed, History, Version } from './history.ts'

const broken = (what: string): Broken => ({ guarantee: 2, what })

export function answersStand({ deeds, after }: History): Broken[] {
  const stored = new Map(after.versions.map((version) => [nameOf(version), version]))
  const inDatabase = new Set(after.stored.map(nameOf))
  const lost = deeds
    .filter(({ outcome }) => outcome === 'ok')
    .flatMap((deed) => deed.shown.map((shown) => ({ deed, shown, now: stored.get(nameOf(shown)) })))
    .filter(({ shown, now }) => !now || told(now) !== told(shown) || !inDatabase.has(nameOf(shown)))
    .map(({ deed, shown, now }) =>
      broken(`deed ${deed.id} (${deed.kind}) was answered ${told(shown)}; stored is ${now ? told(now) : 'nothing'}`),
    )
  const gaps = [...byId(after.versions)]
    .filter(([, versions]) => versions.some(({ version }, n) => version !== n + 1))
    .map(([id, versions]) => broken(`Appointment/${id} has the versions ${versions.map(({ version }) => version)}`))
  const unread = after.stored
    .filter((row) => !row.deleted && !stored.has(nameOf(row)))
    .map((row) => broken(`${nameOf(row)} is stored and not shown`))
  return [...lost, ...gaps, ...unread, ...after.unlogged.map((name) => broken(`${name} has no line in the log of changes`))]
}

/** Whoever is refused is told why: an error of the server's own says neither yes nor no. It may be busy or going down (503). */
export const answersAreNoErrors = ({ deeds }: History): Broken[] =>
  deeds
    .filter(({ status }) => status >= 500 && status !== 503)
    .map(({ id, kind, status }) => broken(`deed ${id} (${kind}) was answered ${status}`))

const told = (one: Version): string =>
  [nameOf(one), one.status, one.start, one.end, [...one.slots].sort(), [...one.actors].sort()].join(' ')

/** Each deed leaves its mark on what it writes: of a refused one there is none, of any other all or none, once. */
export function refusalsLeaveNothing(history: History): Broken[] {
  const marked = Map.groupBy(
    history.after.versions.flatMap((version) => version.marks.map((mark) => ({ mark, id: version.id }))),
    ({ mark }) => mark,
  )
  const idsOf = (deed: Deed): string[] => [...new Set((marked.get(deed.id) ?? []).map(({ id }) => id))]
  const half = history.deeds
    .filter(({ search }) => !search)
    .flatMap((deed) => {
      const ids = idsOf(deed)
      if (deed.outcome === 'refused')
        return ids.map((id) => broken(`deed ${deed.id} (${deed.kind}) was refused, and Appointment/${id} has its mark`))
      const made = ids.filter((id) => !deed.targets.includes(id) && id !== deed.replaces)
      return made.length === 0 || made.length === dueOf(deed, made.length)
        ? []
        : [broken(`deed ${deed.id} (${deed.kind}) was to make ${dueOf(deed, made.length)}, and made ${made.length}`)]
    })
  return [...half, ...claimsAgree(history)]
}

/** Where fewer will do, as many as it was answered with. */
const dueOf = ({ makes, orFewer, outcome, shown }: Deed, made: number): number => {
  if (!orFewer) return makes
  return outcome === 'ok' ? shown.length : Math.min(made, makes)
}

const claimTold = ({ holder, resource, from, until, session, lane }: Aftermath['claims'][number]): string =>
  [holder, resource, from, until, ...(session === undefined ? [] : ['a seat']), ...(lane === undefined ? [] : ['over others'])].join(' ')

/** What a visit that was laid over others has where these are not, or are no more. */
const isUnderLane = (one: Aftermath['claims'][number], claims: Aftermath['claims']): boolean =>
  one.lane === undefined &&
  claims.some(
    ({ holder, resource, lane, from, until }) =>
      lane !== undefined && holder === one.holder && resource === one.resource && from <= one.from && until >= one.until,
  )

/** Every visit has the claims that it should have, and nobody has any others. Offers of the waitlist keep time too. */
function claimsAgree({ ground, after }: History): Broken[] {
  const places = slotPlaces(ground)
  const due = [...byId(after.versions).values()]
    .flatMap((versions) => versions.at(-1) ?? [])
    .filter(takesTime)
    .flatMap((last) => claimsOf(ground, places, last).map((claim) => claimTold({ ...claim, holder: `Appointment/${last.id}` })))
  const had = after.claims.filter((claim) => !claim.holder.startsWith('Communication/') && !isUnderLane(claim, after.claims)).map(claimTold)
  const missing = due.filter((claim) => !had.includes(claim)).map((claim) => broken(`no claim for ${claim}`))
  const extra = had.filter((claim) => !due.includes(claim)).map((claim) => broken(`a claim of nobody's: ${claim}`))
  const offered = new Set(after.offers.filter(({ status }) => status === 'in-progress').map(({ id }) => `Communication/${id}`))
  const stray = after.claims
    .filter(({ holder }) => holder.startsWith('Communication/') && !offered.has(holder))
    .map(({ holder }) => broken(`a claim of an offer that has ended: ${holder}`))
  return [...missing, ...extra, ...stray]
}
