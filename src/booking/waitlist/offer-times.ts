/**
 * Offers the times that have come free to the waitlist: finds the best entries that can have one, keeps the time for them,
 * and writes the offer with why it was theirs, all in one transaction. So a crash leaves a time offered or still to be
 * offered, never between, and a second server finds it done. Where nobody can have it, it is free for all.
 */
import { Fault } from '../../base/fault.ts'
import { waitlistGraceSeconds, waitlistJudgedMax, waitlistPageMax, waitlistTimesPerRoundMax, waitlistTriesMax } from '../../base/limits.ts'
import { serverClient } from '../../base/own-clients.ts'
import { instantOf } from '../../fhir/resource.ts'
import { withBuffers } from '../../scheduling/buffers.ts'
import { localReading } from '../../scheduling/local-time.ts'
import { sessionOf } from '../../scheduling/session.ts'
import type { AuditRow } from '../../store/audit-rows.ts'
import { takeFollower } from '../../store/changes.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { lockVisits } from '../../store/lock-visits.ts'
import { takeTimeOrSeats } from '../../store/take-seats.ts'
import type { Seating } from '../../store/take-time.ts'
import { inTransaction } from '../../store/transaction.ts'
import { countFor, entriesFor, type Waiting } from '../../store/waitlist-entries.ts'
import { liveOffersOf } from '../../store/waitlist-offers.ts'
import { addTime, dropUnwanted, takeTimeToOffer, timesToOffer } from '../../store/waitlist-times.ts'
import { releaseVisit } from '../cancel.ts'
import { capsOfAll, takeDayPlaces } from '../day-places.ts'
import { waitlistFollower } from './follow-waitlist.ts'
import { type FreedTime, freedTime } from './freed-time.ts'
import { type Candidate, candidate } from './waitlist-candidate.ts'
import { writeOffer } from './write-offer.ts'

/** Gives how many offers were made. `audit` makes a row for each resource that is written. */
export async function offerTimes(house: House, audit: () => AuditRow): Promise<number> {
  let offers = 0
  await dropUnwanted(house.pool)
  for (const slot of await timesToOffer(house.pool, waitlistTimesPerRoundMax)) offers += await offerTime(house, slot, audit)
  return offers
}

/** Found to be the best, and then it could not be kept for them: a buffer, a cap, or of several one whom somebody else has just taken. */
class Unkept extends Error {
  readonly entry: string
  readonly wantsSeveral: boolean
  constructor({ waiting, beside }: Candidate) {
    super()
    this.entry = waiting.entry
    this.wantsSeveral = beside.length > 0
  }
}

const unkept = (error: unknown, found: Candidate): unknown => (error instanceof Fault ? new Unkept(found) : error)

async function offerTime(house: House, slot: string, audit: () => AuditRow): Promise<number> {
  const [except, again] = [new Set<string>(), new Set<string>()]
  for (let attempt = 1; attempt <= waitlistTriesMax; attempt++) {
    const judges = attempt < waitlistTriesMax
    try {
      return await inTransaction(house.pool, (tx) => offerInTx(tx, house, slot, judges ? except : undefined, audit))
    } catch (error) {
      if (!(error instanceof Unkept)) throw error
      // Another room may do as well: they stay first in line for one more look.
      if (error.wantsSeveral && !again.has(error.entry)) again.add(error.entry)
      else except.add(error.entry)
    }
  }
  return 0
}

/** `judged`: of more entries than one round looks at, the last that was looked at. */
type Choice = { readonly chosen: readonly Candidate[]; readonly behind: readonly Waiting[]; readonly judged?: Waiting }

const nobody: Choice = { chosen: [], behind: [] }

/** Up to where the entries were looked at that might have a time: the next round goes on behind them. A restart begins anew. */
const judgedSoFar = new WeakMap<House['pool'], Map<string, Waiting>>()

function judgedOf({ pool }: House): Map<string, Waiting> {
  const known = judgedSoFar.get(pool) ?? new Map<string, Waiting>()
  judgedSoFar.set(pool, known)
  return known
}

/** Without `except` nobody is looked for any more. */
async function offerInTx(
  tx: Tx,
  house: House,
  slot: string,
  except: ReadonlySet<string> | undefined,
  audit: () => AuditRow,
): Promise<number> {
  if (!(await takeFollower(tx, waitlistFollower))) return 0
  const row = await takeTimeToOffer(tx, slot)
  if (!row || (await liveOffersOf(tx, slot)).length > 0) return 0
  const holder = row.holder ?? undefined
  const time = await freedTime(tx, house, slot, holder)
  const { chosen, behind, judged } = time && except ? await choose(house, time, except, judgedOf(house).get(slot)) : nobody
  const [first] = chosen
  if (holder) await lockVisits(tx, { visits: [], patients: [], actors: first?.plan.claims ?? [], keepers: [holder] })
  if (holder) await releaseVisit(tx, holder, house.clock.now().toISOString())
  if (judged && !first) {
    judgedOf(house).set(slot, judged)
    await addTime(tx, slot, null)
    return 0
  }
  judgedOf(house).delete(slot)
  if (!time || !first) return 0
  const kept = await keepTime(tx, house, first, Math.max(...chosen.map(({ expires }) => expires)))
  for (const [index, one] of chosen.entries())
    await writeOffer(
      tx,
      house,
      time,
      one,
      { id: index === 0 ? kept.id : house.ids.next(), holder: kept.holder, place: index + 1, behind: behind.length },
      audit,
    )
  await countFor(
    tx,
    'passed',
    behind.map(({ entry }) => entry),
    house.waitlist.weights,
  )
  return chosen.length
}

/** Nobody writes the list meanwhile: the transaction has the follower's row. The best who can have it, and those of the same pages who had to stand back. */
async function choose(house: House, time: FreedTime, except: ReadonlySet<string>, from: Waiting | undefined): Promise<Choice> {
  const { weekday, minutes } = localReading(time.plan.zone, time.start)
  const ask = {
    slot: time.slot,
    terms: [...time.plan.terms, 'any'],
    start: instantOf(time.start),
    day: 1 << weekday,
    minutes: Math.floor(minutes),
  }
  const chosen: Candidate[] = []
  let after = from
  for (let judged = 0; judged < waitlistJudgedMax; judged += waitlistPageMax) {
    const page = await entriesFor(house.pool, { ...ask, now: house.clock.now().toISOString(), after })
    for (const [index, one] of page.entries()) {
      if (except.has(one.entry) || chosen.some(({ waiting }) => waiting.patient === one.patient)) continue
      const found = await candidate(house, time, one)
      if (!found || !fitsBeside(chosen[0], found)) continue
      chosen.push(found)
      if (chosen.length === house.waitlist.offersAtOnce) return { chosen, behind: page.slice(index + 1) }
    }
    after = page.at(-1)
    if (!after || page.length < waitlistPageMax) return { chosen, behind: [] }
  }
  return { chosen, behind: [], judged: after }
}

/** Several are offered one and the same time, which is kept once. */
const fitsBeside = (first: Candidate | undefined, other: Candidate): boolean =>
  !first ||
  (first.visit.end === other.visit.end &&
    slotsIn(first) === slotsIn(other) &&
    seatFor(first)?.session === seatFor(other)?.session &&
    first.offered.policy.bufferBeforeMinutes === other.offered.policy.bufferBeforeMinutes &&
    first.offered.policy.bufferAfterMinutes === other.offered.policy.bufferAfterMinutes)

const slotsIn = ({ visit }: Candidate): string => visit.slots.map(({ id }) => id).join()

/** One seat, where the visit sits in a session. */
function seatFor({ plan, offered, visit, waiting }: Candidate): Seating | undefined {
  const session = sessionOf(plan, offered, visit.start, visit.end)
  return session === undefined
    ? undefined
    : { session, seats: offered.policy.capacity, places: 1, patients: [`Patient/${waiting.patient}`] }
}

/** Until the last of those to whom it is offered must have answered: by their services they may have unlike notice to keep. */
async function keepTime(tx: Tx, house: House, found: Candidate, expires: number) {
  const { plan, visit, offered } = found
  const id = house.ids.next()
  const holder = `Communication/${id}`
  const until = instantOf(expires + waitlistGraceSeconds * 1000)
  const claimed = withBuffers(visit, offered.policy)
  try {
    await takeDayPlaces(tx, capsOfAll(found, { start: visit.start, holder, online: false, bound: true, expires: until }))
  } catch (error) {
    throw unkept(error, found)
  }
  const kept = await takeTimeOrSeats(tx, {
    holder,
    claims: plan.claims,
    from: instantOf(claimed.start),
    until: instantOf(claimed.end),
    start: instantOf(visit.start),
    end: instantOf(visit.end),
    needed: visit.slots.map((slot) => slot.id),
    expires: until,
    seating: seatFor(found),
    client: serverClient,
    at: house.clock.now().toISOString(),
  }).catch((error) => {
    throw unkept(error, found)
  })
  // The statement that refused has ended the transaction: only from its beginning can another be tried.
  if (!kept) throw new Unkept(found)
  return { id, holder }
}
