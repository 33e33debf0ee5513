/**
 * Moves several visits of a series in one transaction: one goes to the new time, and the others as many local days and
 * minutes from where they were. All of them move, or none; each keeps its id. docs/booking.md
 */

import { instantOf, type Resource } from '../../fhir/resource.ts'
import { instantOnDay, localReading } from '../../scheduling/local-time.ts'
import { recurrenceTemplate } from '../../scheduling/recurrence-template.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { claimKey, remember } from '../../store/idempotency.ts'
import { lockVisits } from '../../store/lock-visits.ts'
import { namedSlots } from '../../store/named-slots.ts'
import { currentResource } from '../../store/resources.ts'
import { slotsStartingAt } from '../../store/slot-lookups.ts'
import { slotsTakenBy } from '../../store/slot-rows.ts'
import { inTransaction } from '../../store/transaction.ts'
import type { Changed } from '../cancel.ts'
import { takeDayPlaces } from '../day-places.ts'
import { LostRace } from '../lost-race.ts'
import { idsNamed } from '../participants.ts'
import { brokenBy, type Clash, closed, issuesOf, refusalOf, taken } from '../series/series-clashes.ts'
import { numberOf, type SeriesScope, seriesPart } from '../series/series-members.ts'
import type { Leaving } from '../visit-in-slot.ts'
import { type Judgement, judgeMove } from './judge-move.ts'
import { arriveInTx, ChangedMeanwhile, leaveInTx, moveAttemptsMax, turnOf } from './move-in-transaction.ts'
import type { MoveInput } from './move-input.ts'
import { dayPlacesOf } from './move-writes.ts'

type Visit = Resource & { readonly id: string }

/** In the order of their old times. Throws: not-found, gone, required; conflict and business-rule with an issue for each clash. */
export async function moveSeries(house: House, input: MoveInput, scope: SeriesScope): Promise<readonly Changed[]> {
  for (let attempt = 1; ; attempt++) {
    const { judgements, zone, clashes } = await judgedSeries(house, input, scope)
    if (clashes.length > 0) throw refusalOf(await issuesOf(house, clashes, zone))
    try {
      return await inTransaction(house.pool, (tx) => moveSeriesInTx(tx, house, input, judgements))
    } catch (error) {
      const lost = error instanceof LostRace ? judgements.find((one) => one.input.id === error.id) : undefined
      if (lost) throw refusalOf(await issuesOf(house, [clashOf(lost, taken)], zone))
      if (!(error instanceof ChangedMeanwhile) || attempt >= moveAttemptsMax) throw error
    }
  }
}

type JudgedSeries = { readonly judgements: readonly Judgement[]; readonly zone: string; readonly clashes: readonly Clash[] }

async function judgedSeries(house: House, input: MoveInput, scope: SeriesScope): Promise<JudgedSeries> {
  const { visit, first, visits } = await seriesPart(house, input, scope)
  const leaving = { ids: visits.map(({ id }) => id), slots: await slotsOf(house, visits) }
  const own = await judgeMove(house, { ...input, leaving })
  const zone = (await zoneOf(house, first)) ?? own.move.plan.zone
  const shift = shiftBetween(zone, startOf(visit), own.move.visit.start)
  const slots = await slotsStartingAt(
    house.pool,
    own.move.plan.schedule,
    visits.map((one) => shift(startOf(one))),
  )
  const judgements: Judgement[] = []
  const clashes: Clash[] = []
  for (const one of visits) {
    const start = shift(startOf(one))
    const slot = slots.get(start)
    const asked: MoveInput = { ...input, id: one.id, slot: slot ?? '', slots: undefined, start: undefined, leaving, once: undefined }
    const ownMove =
      one.id === visit.id ? own : slot === undefined ? closed : await judgeMove(house, withAudit(house, asked)).catch(brokenBy)
    if ('message' in ownMove)
      clashes.push({ ...clashOf(own, ownMove), start, recurrenceId: numberOf(one) ?? 0, wish: { ...own.wish, from: start } })
    else if (!ownMove.move.visit.free) clashes.push(clashOf(ownMove, taken))
    else judgements.push(ownMove)
  }
  return { judgements, zone, clashes }
}

const startOf = (visit: Resource): number => Date.parse(String(visit.start))

/** Each of them is recorded by itself. */
const withAudit = (house: House, input: MoveInput): MoveInput => ({
  ...input,
  audit: { ...input.audit, id: house.ids.next() },
  override: input.override && { ...input.override, audit: { ...input.override.audit, id: house.ids.next() } },
})

/** The zone whose local time the series keeps; undefined: the Schedule's. */
async function zoneOf(house: House, first: string): Promise<string | undefined> {
  const row = await currentResource(house.pool, 'Appointment', first)
  return row?.body ? recurrenceTemplate(JSON.parse(row.body) as Resource)?.zone : undefined
}

/** As many local days and minutes on as from the one instant to the other. */
function shiftBetween(zone: string, from: number, to: number): (start: number) => number {
  const [before, after] = [localReading(zone, from), localReading(zone, to)]
  return (start) => {
    if (start === from) return to
    const { day, minutes } = localReading(zone, start)
    return instantOnDay(zone, day + after.day - before.day, minutes + after.minutes - before.minutes)
  }
}

/** What they have now, which one of them may take from another. */
async function slotsOf(house: House, visits: readonly Visit[]): Promise<Leaving[]> {
  const named = await namedSlots(
    house.pool,
    visits.flatMap((visit) => idsNamed(visit.slot, 'Slot', house.base)),
  )
  const schedules = [...new Set(named.map(({ schedule }) => schedule))]
  const found: Leaving[] = []
  for (const { id } of visits)
    for (const schedule of schedules)
      found.push(...(await slotsTakenBy(house.pool, `Appointment/${id}`, schedule)).map((slot) => ({ ...slot, schedule })))
  return found
}

const clashOf = ({ move, wish }: Judgement, against: typeof taken): Clash => ({
  recurrenceId: numberOf(move.resource) ?? 0,
  start: move.visit.start,
  wish: { ...wish, from: move.visit.start },
  busy: [],
  ...against,
})

/** All give their time back before any takes its new one; places of days and times are taken in one order for everybody. */
async function moveSeriesInTx(tx: Tx, house: House, input: MoveInput, judgements: readonly Judgement[]): Promise<readonly Changed[]> {
  if (input.once) await claimKey(tx, input.once)
  const at = instantOf(house.clock.now().getTime())
  await lockVisits(tx, turnOf(judgements))
  for (const one of judgements.toSorted((a, b) => (a.input.id < b.input.id ? -1 : 1))) await leaveInTx(tx, one, at)
  const places = judgements.flatMap(dayPlacesOf)
  const order = ({ schedule, date, kind }: (typeof places)[number]): string => `${schedule} ${date} ${kind}`
  await takeDayPlaces(
    tx,
    places.sort((a, b) => (order(a) < order(b) ? -1 : 1)),
  )
  const changed: Changed[] = []
  for (const one of judgements.toSorted((a, b) => a.move.visit.start - b.move.visit.start))
    changed.push(await arriveInTx(tx, house, one, at))
  const series = changed.map(({ id, version }) => ({ appointment: id, version }))
  if (input.once && series[0]) await remember(tx, input.once, { ...series[0], series }, at)
  return changed
}
