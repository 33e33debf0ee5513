/**
 * Those who follow the log of changes over a connection that stays open: each is told, in order, of what happened after
 * where they are, as far as their token reaches. https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * Nothing of it is kept: an event's id says where to go on, here or at another process. Who follows at the same place is
 * served by one reading of the log; who is behind reads pages of their own until they are not.
 */

import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { fault } from '../base/fault.ts'
import {
  dispatchChangesMax,
  streamPollMs,
  streamRetryMs,
  streamStalledMsMax,
  streamsMax,
  streamsPerPersonMax,
  streamWaitingBytesMax,
} from '../base/subscription-limits.ts'
import { type AuditRow, auditPatients } from '../store/audit-rows.ts'
import { type ChangeRow, changesAfter, isBefore, lastPosition, type Position } from '../store/changes.ts'
import type { House } from '../store/house.ts'
import { type Happening, happeningsOf } from './happenings.ts'
import { matching, type Wish } from './matching.ts'

/** What somebody follows, and who they are. */
export type Follower = {
  readonly actor: Actor
  readonly wishes: readonly Wish[]
  readonly beatSeconds: number
  /** Where they were; absent: from now on. */
  readonly after?: Position
  /** Throws, or rejects, once the token is no longer good. */
  readonly assertSignedIn: () => unknown
  /** For what is shown of patients. */
  readonly audit: () => AuditRow
}

export type EventStreams = {
  /** Ends when the client leaves, when the token is no longer good, when nobody reads it, and when the house closes. */
  readonly follow: (follower: Follower) => Promise<Readable>
  readonly close: () => Promise<void>
}

type Line = Follower & { readonly stream: Readable; at: Position; spokenMs: number; askedMs: number; stalledMs?: number }

export function eventStreams(house: House): EventStreams {
  const lines = new Set<Line>()
  const ending = new AbortController()
  const work: { running?: Promise<void> } = {}
  const run = async () => {
    while (lines.size > 0 && !ending.signal.aborted) {
      const more = await round(house, lines)
      if (!more) await sleep(streamPollMs, undefined, { signal: ending.signal }).catch(() => undefined)
    }
    work.running = undefined
  }
  return {
    follow: async (follower) => {
      const now = await lastPosition(house.pool)
      if (follower.after && isBefore(now, follower.after))
        throw fault('value', 'Last-Event-ID is not the id of an event of this server. Begin anew without it.')
      if (ending.signal.aborted) throw fault('transient', 'The server is closing. Try again in a moment.')
      assertRoom(lines, follower.actor)
      const line = newLine(house, follower, follower.after ?? now, () => lines.delete(line))
      lines.add(line)
      work.running ??= run()
      return line.stream
    },
    close: async () => {
      ending.abort()
      await work.running
      for (const { stream } of lines) stream.push(null)
    },
  }
}

const personOf = ({ client, user, patient }: Actor): string => JSON.stringify([client, user, patient])

function assertRoom(lines: ReadonlySet<Line>, actor: Actor): void {
  const person = personOf(actor)
  const own = [...lines].filter((line) => personOf(line.actor) === person)
  if (own.length >= streamsPerPersonMax) throw fault('throttled', `One may have ${streamsPerPersonMax} streams open. Close another first.`)
  if (lines.size >= streamsMax) throw fault('throttled', 'As many streams are open as this server has. Try again in a moment.')
}

function newLine(house: House, follower: Follower, at: Position, leave: () => void): Line {
  const stream = new Readable({
    read: () => {},
    destroy: (error, done) => {
      leave()
      done(error)
    },
  })
  stream.push(`retry: ${streamRetryMs}\nid: ${idOf(at)}\n: open\n\n`)
  const now = house.clock.now().getTime()
  return { ...follower, stream, at, spokenMs: now, askedMs: now }
}

/** Whether there is more to be told at once. A database that is away for a moment is asked again. */
async function round(house: House, lines: ReadonlySet<Line>): Promise<boolean> {
  const open = [...lines].filter((line) => isReading(house, line))
  let more = false
  for (const group of Map.groupBy(open, ({ at }) => idOf(at)).values()) more = (await tellOn(house, group).catch(() => false)) || more
  for (const line of lines) await keep(house, line)
  return more
}

/** What waits to be read is bounded: who does not read is told no more, and comes back to where they were. */
function isReading({ clock }: House, line: Line): boolean {
  if (line.stream.readableLength <= streamWaitingBytesMax) {
    line.stalledMs = undefined
    return true
  }
  const now = clock.now().getTime()
  line.stalledMs ??= now
  if (now - line.stalledMs > streamStalledMsMax) line.stream.destroy(new Error('nobody reads this stream'))
  return false
}

async function tellOn(house: House, group: readonly Line[]): Promise<boolean> {
  const [first] = group
  const changes = first ? await changesAfter(house.pool, first.at, dispatchChangesMax) : []
  const last = changes.at(-1)
  if (!last) return false
  const happenings = await happeningsOf(house.pool, house, changes, new Set(group.flatMap(({ wishes }) => wishes.map(({ type }) => type))))
  for (const line of group) await endingOnFailure(line, () => tell(house, line, happenings, last))
  return changes.length === dispatchChangesMax
}

/** Who is cut off comes back with the last id that they have, and misses nothing. */
async function endingOnFailure(line: Line, deed: () => Promise<void>): Promise<void> {
  try {
    await deed()
  } catch (error) {
    line.stream.destroy(error instanceof Error ? error : new Error('not told'))
  }
}

type Told = { readonly topic: string; readonly happening: Happening }

async function tell(house: House, line: Line, happenings: readonly Happening[], until: Position): Promise<void> {
  const told = await toldTo(house, line, happenings)
  if (told.length > 0) {
    await line.assertSignedIn()
    const patients = [...new Set(told.flatMap(({ happening }) => patientsOf(happening)))]
    if (patients.length > 0) await auditPatients(house.pool, { patients, entity: '$event-stream', audit: line.audit() })
    say(house, line, told.map((one, place) => eventText(one, told[place + 1])).join(''))
  }
  line.at = until
}

/** In the order in which it happened. */
async function toldTo(house: House, { wishes, actor }: Line, happenings: readonly Happening[]): Promise<Told[]> {
  const told: Told[] = []
  for (const wish of wishes) {
    const near = withinReach(house, actor, wish, happenings)
    const found = near.length === 0 ? [] : await matching(house.pool, house, wish, near, boundsFor)
    told.push(...found.map((happening) => ({ topic: (wish.topic ?? '').replace(/^.*\//, ''), happening })))
  }
  const places = new Map(happenings.map((happening, place) => [happening, place]))
  return told.toSorted((a, b) => (places.get(a.happening) ?? 0) - (places.get(b.happening) ?? 0))
}

/** Most of what happens is other patients': the database need not be asked about it. */
function withinReach(house: House, actor: Actor, { type }: Wish, happenings: readonly Happening[]): readonly Happening[] {
  const patient = boundsFor(house, actor, 'r', type)?.patient
  return patient === undefined ? happenings : happenings.filter(({ judged }) => judged.index.terms.includes(own + patient))
}

const own = '@Patient/'
const patientsOf = ({ judged }: Happening): string[] =>
  judged.index.terms.flatMap((term) => (term.startsWith(own) ? [term.slice(own.length)] : []))

/** What one change has to tell, of several topics perhaps, has one id, at its end: who broke off in between is told it again. */
function eventText({ topic, happening }: Told, next: Told | undefined): string {
  const id = next?.happening === happening ? '' : `id: ${idOf(happening.change)}\n`
  return `${id}event: ${topic}\ndata: ${JSON.stringify(dataOf(topic, happening.change))}\n\n`
}

const dataOf = (topic: string, { kind, type, id, version, at }: ChangeRow): object => ({
  topic,
  kind,
  focus: `${type}/${id}`,
  version,
  at: at.toISOString(),
})

const idOf = ({ xid, pos }: Position): string => `${xid}-${pos}`

export function positionOf(id: string): Position {
  const [, xid, pos] = /^(\d{1,18})-(\d{1,18})$/.exec(id) ?? []
  if (xid === undefined || pos === undefined)
    throw fault('value', 'Last-Event-ID is the id of an event of this stream. Begin anew without it.')
  return { xid, pos }
}

/** Now and then the line says that it is still there, and where it is, and looks whether it may be. */
async function keep(house: House, line: Line): Promise<void> {
  const now = house.clock.now().getTime()
  if (now - line.askedMs >= 1_000) {
    line.askedMs = now
    await endingOnFailure(line, async () => void (await line.assertSignedIn()))
  }
  if (now - line.spokenMs >= line.beatSeconds * 1_000) say(house, line, `id: ${idOf(line.at)}\n: still here\n\n`)
}

function say({ clock }: House, line: Line, text: string): void {
  if (line.stream.destroyed) return
  line.spokenMs = clock.now().getTime()
  line.stream.push(text)
}
