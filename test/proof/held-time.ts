/**
 * Who had which time when, worked out twice from a history: for certain (answered, and not yet asked to end), and possibly
 * (stored, and not yet seen to have ended). Two who had one time for certain is a double booking; a refusal where nobody
 * can have had it was none of the client's making.
 */
import type { Claim, Deed, Ground, History, Place, Span, Version } from './history.ts'

/** During `when`, `holder` had `claims`. */
export type Held = {
  readonly holder: string
  readonly claims: readonly Claim[]
  readonly when: Span
  /** The visit as it was then; undefined for an offer. */
  readonly visit?: Version
}

/** The clock of the database is that of the machine, to the millisecond. */
const clockMs = 5
/** What a server did by itself, or without an answer, was committed at the latest so long after the time that it carries. */
const unansweredMs = 60_000

const taking: ReadonlySet<string> = new Set(['booked', 'arrived', 'checked-in', 'fulfilled', 'noshow'])

export const takesTime = ({ status, heldUntil, requested = false }: Version): boolean =>
  taking.has(status) || (status === 'pending' && (requested || heldUntil !== undefined))

export const overlap = (a: Span, b: Span): boolean => a.from < b.until && b.from < a.until

/** They have to do with each other: one has time of somebody whom the other takes up then. */
export const meets = (a: readonly Claim[], b: readonly Claim[]): boolean =>
  a.some((one) => b.some((other) => one.resource === other.resource && overlap(one, other)))

/** Only one of them can stand. The seats of a session share their time, and whoever is laid over others is in nobody's way. */
export const clash = (a: readonly Claim[], b: readonly Claim[]): boolean =>
  a.some((one) =>
    b.some(
      (other) =>
        one.resource === other.resource &&
        overlap(one, other) &&
        one.lane === other.lane &&
        (one.session === undefined || one.session !== other.session),
    ),
  )

/** Whether these leave nothing of a time: anybody of a time of one's own, of a session as many as it has seats. */
export function isFull(time: readonly Claim[], held: readonly { readonly holder: string; readonly claims: readonly Claim[] }[]): boolean {
  const near = held.filter(({ claims }) => meets(claims, time))
  const { session, seats = 1 } = time[0] ?? {}
  if (session === undefined || near.some(({ claims }) => claims.some((claim) => claim.session !== session))) return near.length > 0
  return new Set(near.map(({ holder }) => holder)).size >= seats
}

export type SlotPlaces = ReadonlyMap<string, Ground['schedules'][number]>

export const slotPlaces = ({ schedules }: Ground): SlotPlaces =>
  new Map(schedules.flatMap((place) => place.slots.map(({ id }) => [id, place] as const)))

/** The seats of one Slot of a group are those of one session. */
export const sessionIn = (
  { id, seats }: Place,
  { start, end }: { readonly start: number; readonly end: number },
): Pick<Claim, 'session' | 'seats'> => (seats === undefined ? {} : { session: `${id} ${start} ${end}`, seats })

/** Who is taken up (docs/booking.md): who takes part, and whom the Schedules of its Slots stand for; with the longest buffer of any. */
export function claimsOf(ground: Ground, places: SlotPlaces, { id, actors, slots, start, end, overbooked }: Version): Claim[] {
  if (start === undefined || end === undefined) return []
  const of = slots.flatMap((slot) => places.get(slot) ?? [])
  const resources = new Set([...actors.filter((actor) => ground.claimed.includes(actor)), ...of.flatMap(({ claims }) => claims)])
  const until = end + Math.max(0, ...of.map(({ bufferAfter }) => bufferAfter))
  const shared = of.length === 1 && of[0] && !overbooked ? sessionIn(of[0], { start, end }) : {}
  // Which lane it is, only the database says: as far as answers go, it is one of its own.
  const lane = overbooked ? { lane: id } : {}
  return [...resources].sort().map((resource) => ({ resource, from: start, until, ...shared, ...lane }))
}

/** When a version ends by itself. */
export const holdEnd = ({ status, heldUntil, requested }: Version): number =>
  heldUntil !== undefined && status === 'pending' ? heldUntil : status !== 'pending' || requested ? Number.POSITIVE_INFINITY : 0

/** From the answer on, until somebody asks for anything that may have changed it. */
export function certainly({ ground, deeds }: History): Held[] {
  const places = slotPlaces(ground)
  const changing = changesOf(deeds)
  return deeds.flatMap((deed) =>
    deed.outcome !== 'ok' || deed.search
      ? []
      : deed.shown.filter(takesTime).map((shown): Held => {
          const others = (changing.get(shown.id) ?? []).filter((other) => other.id !== deed.id && !isBefore(other, shown))
          const until = Math.min(holdEnd(shown) - clockMs, ...others.map(({ asked }) => asked))
          const when = { from: deed.answered, until }
          return { holder: `Appointment/${shown.id}`, claims: claimsOf(ground, places, shown), when, visit: shown }
        }),
  )
}

/** By Appointment, whatever may have changed it. */
export function changesOf(deeds: readonly Deed[]): ReadonlyMap<string, readonly Deed[]> {
  const found = new Map<string, Deed[]>()
  for (const deed of deeds) {
    if (deed.outcome === 'refused' || deed.search) continue
    for (const id of new Set([...deed.targets, ...deed.shown.map((one) => one.id), ...(deed.replaces ? [deed.replaces] : [])]))
      found.set(id, [...(found.get(id) ?? []), deed])
  }
  return found
}

/** It was answered with this version or one before. */
const isBefore = (deed: Deed, { id, version }: Version): boolean =>
  deed.outcome === 'ok' && deed.shown.some((one) => one.id === id && one.version <= version)

/** From when a version carries until what follows it was there; a hold until its end. */
export function possibly(history: History): Held[] {
  const places = slotPlaces(history.ground)
  const answers = new Map(
    history.deeds.flatMap(({ outcome, answered, shown }) => (outcome === 'ok' ? shown.map((one) => [nameOf(one), answered] as const) : [])),
  )
  const visits = [...byId(history.after.versions)].flatMap(([id, versions]) =>
    versions.filter(takesTime).map((version): Held => {
      const next = versions.find((other) => other.version > version.version)
      const over = next ? (answers.get(nameOf(next)) ?? next.updated + unansweredMs) : Number.POSITIVE_INFINITY
      const until = Math.min(over, holdEnd(version) + clockMs)
      const when = { from: version.updated, until }
      return { holder: `Appointment/${id}`, claims: claimsOf(history.ground, places, version), when, visit: version }
    }),
  )
  return [...visits, ...offersOf(history)]
}

/** A declined time is kept until it is offered to the next, or free for all when nobody is left: as long as it was offered at most. */
const offersOf = ({ ground, after }: History): Held[] =>
  after.offers.map(({ id, status, schedule, start, end, made, expires }) => {
    const place = ground.schedules.find((one) => one.id === schedule)
    const until = status === 'in-progress' ? Number.POSITIVE_INFINITY : expires + unansweredMs
    const claims = (place?.claims ?? []).map((resource) => ({ resource, from: start, until: end + (place?.bufferAfter ?? 0) }))
    return { holder: `Communication/${id}`, claims, when: { from: made, until } }
  })

export const nameOf = ({ id, version }: { readonly id: string; readonly version: number }): string =>
  `Appointment/${id}/_history/${version}`

export function byId(versions: readonly Version[]): Map<string, Version[]> {
  const found = Map.groupBy(versions, ({ id }) => id)
  for (const list of found.values()) list.sort((a, b) => a.version - b.version)
  return found
}

/** Held times by resource and quarter of an hour, so that few are compared. */
export function byTime<T extends { readonly claims: readonly Claim[] }>(held: readonly T[]): (claims: readonly Claim[]) => Set<T> {
  const quarterMs = 900_000
  const keys = (claims: readonly Claim[]): string[] =>
    claims.flatMap(({ resource, from, until }) => {
      const first = Math.floor(from / quarterMs)
      return Array.from({ length: Math.ceil(until / quarterMs) - first }, (_, n) => `${resource} ${first + n}`)
    })
  const found = new Map<string, T[]>()
  for (const one of held)
    for (const key of keys(one.claims)) {
      const list = found.get(key)
      if (list) list.push(one)
      else found.set(key, [one])
    }
  return (claims) => new Set(keys(claims).flatMap((key) => found.get(key) ?? []))
}
