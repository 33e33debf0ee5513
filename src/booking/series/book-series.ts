/**
 * Books or holds a series of visits in one transaction: all of them, or where it is asked for those that can be had. Each occurrence
 * is an Appointment of its own with its own claims; the first carries R5's `recurrenceTemplate`, the others say which one
 * that is. docs/decisions/0020-a-series-is-appointments-that-name-their-first.md
 *
 * Places of days are taken first, in the order of Schedule and day, then all claims in one statement, in the order of whom
 * they are on and when: two series that interleave wait for each other in one order and never in a circle.
 */
import { Fault, type Issue } from '../../base/fault.ts'
import type { Resource } from '../../fhir/resource.ts'
import { occurrenceChangedUrl, originatingAppointmentUrl, recurrenceIdUrl } from '../../scheduling/recurrence-template.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { claimKey, remember } from '../../store/idempotency.ts'
import { placeSeries } from '../../store/place-visits.ts'
import { inTransaction } from '../../store/transaction.ts'
import { type DayPlace, takeDayPlace } from '../../store/visit-caps.ts'
import type { Booked } from '../book.ts'
import { capsOfAll, dayIsFull } from '../day-places.ts'
import { holdPlacesOf, takeHoldPlaces } from '../hold-places.ts'
import { mayTakeAnother } from '../joint-visit.ts'
import { type NewVisit, newVisit } from '../new-visit.ts'
import { auditOverride } from '../override.ts'
import { withOwnNumber } from '../own-number.ts'
import { type Extension, extensionsIn } from '../record-extensions.ts'
import { releaseSlotTakenByHand } from '../write-slot.ts'
import { type Clash, issuesOf, refusalOf, taken, withOwnTime } from './series-clashes.ts'
import { type SeriesProposal, seriesProposals } from './series-proposals.ts'
import { clashAt, type SeriesInput, type SeriesVisit, seriesVisits } from './series-visits.ts'

export type SeriesBooked = {
  readonly visits: readonly Booked[]
  /** Those that were left out, and why. */
  readonly leftOut: readonly Issue[]
}

/** Nothing is booked. */
export type SeriesClashing = { readonly proposals: readonly SeriesProposal[] }

const attemptsMax = 5

/** Throws: not-found, gone, required, value, too-costly; conflict and business-rule with an issue for each clash. */
export const bookSeries = (house: House, input: SeriesInput): Promise<SeriesBooked | SeriesClashing> =>
  withOwnNumber(() => bookSeriesOnce(house, input))

async function bookSeriesOnce(house: House, input: SeriesInput): Promise<SeriesBooked | SeriesClashing> {
  const lost = new Map<number, Clash>()
  for (let attempt = 1; ; attempt++) {
    const judged = await seriesVisits(house, input)
    const { visits, clashes, zone } = judged
    const all = new Map([...clashes, ...lost.values()].map((clash) => [clash.recurrenceId, clash]))
    const wanted = visits.filter(({ recurrenceId }) => !all.has(recurrenceId))
    const without = await withOwnTime(house, input, [...all.values()].sort(inOrder))
    if (all.size > 0 && input.onClash === 'propose')
      return { proposals: await seriesProposals(house, { ...judged, visits: wanted, clashes: without }) }
    const leftOut = await issuesOf(house, without, zone)
    if (wanted.length === 0 || (all.size > 0 && input.onClash === 'refuse')) throw refusalOf(leftOut)
    const planned = plannedVisits(house, input, wanted, { zone, without: [...all.keys()] })
    const tryAgain = attempt < attemptsMax
    const clash = await inTransaction(house.pool, (tx) => bookSeriesInTx(tx, house, input, planned, leftOut)).catch(lostTimes(tryAgain))
    if (!clash) return { visits: planned.map(({ visit }) => bookedAs(visit)), leftOut }
    const another = mayTakeAnother(input.groups, attempt)
    for (const one of another ? [] : clash) lost.set(one.recurrenceId, one)
    if (!another && attempt >= attemptsMax) throw refusalOf(await issuesOf(house, clash, zone))
  }
}

const inOrder = (a: Clash, b: Clash): number => a.recurrenceId - b.recurrenceId
const bookedAs = ({ write }: NewVisit): Booked => ({ id: write.id, version: '1', text: write.text })

/** Leaves the transaction, so that what came before it is undone. */
class LostTimes extends Error {
  readonly clashes: readonly Clash[]
  constructor(clashes: readonly Clash[]) {
    super('times of a series are taken')
    this.clashes = clashes
  }
}

/** Which of them runs into the patient's own time, only a look at each can tell. */
const lostTimes =
  (tryAgain: boolean) =>
  (error: unknown): readonly Clash[] => {
    if (error instanceof LostTimes) return error.clashes
    if (tryAgain && error instanceof Fault && error.kind === 'business-rule') return []
    throw error
  }

type Planned = { readonly of: SeriesVisit; readonly visit: NewVisit; readonly places: readonly DayPlace[] }
export type Pattern = { readonly zone: string; readonly without: readonly number[] }

function plannedVisits(house: House, input: SeriesInput, wanted: readonly SeriesVisit[], pattern: Pattern): Planned[] {
  const planned: Planned[] = []
  const holdUntil = input.hold ? heldTogether(house, wanted) : undefined
  for (const one of wanted) {
    const { taking, claims } = one.made
    const extension = [...extensionsIn(input.proposal), ...partOfSeries(input, one, planned[0]?.visit.write.id, pattern)]
    const proposal: Resource = { ...input.proposal, resourceType: 'Appointment', extension }
    const audit = { ...input.audit, id: house.ids.next() }
    const visit = newVisit(house, { ...one.input, proposal, audit, holdUntil }, taking, claims)
    const { holder, expires } = visit.time
    const asked = { start: visit.start, holder, online: input.online, bound: input.override === undefined, expires }
    planned.push({ of: one, visit, places: capsOfAll(taking, asked) })
  }
  return planned
}

/** All run out in one instant, with the first whose policy says so. */
const heldTogether = (house: House, wanted: readonly SeriesVisit[]): number =>
  house.clock.now().getTime() + Math.min(...wanted.map(({ made }) => made.taking.offered.policy.holdSeconds)) * 1000

/** R5 app-6: an Appointment says its originating one, or the template. */
function partOfSeries({ recurrence }: SeriesInput, one: SeriesVisit, first: string | undefined, pattern: Pattern): Extension[] {
  return [
    first === undefined
      ? templateKept(recurrence, pattern)
      : { url: originatingAppointmentUrl, valueReference: { reference: `Appointment/${first}` } },
    { url: recurrenceIdUrl, valuePositiveInt: one.recurrenceId },
    ...(one.changed ? [{ url: occurrenceChangedUrl, valueBoolean: true }] : []),
  ]
}

/** As it was sent, with the zone that it is read in and the visits that it comes to leave out. */
export function templateKept(recurrence: Extension, { zone, without }: Pattern): Extension {
  const parts = (recurrence.extension ?? []) as Extension[]
  const named = parts.some(({ url }) => url === 'timezone')
  const timezone = { url: 'timezone', valueCodeableConcept: { coding: [{ system: 'https://www.iana.org/timezones', code: zone }] } }
  const left = without.map((id) => ({ url: 'excludingRecurrenceId', valuePositiveInt: id }))
  return { ...recurrence, extension: [...(named ? [] : [timezone]), ...parts, ...left] }
}

async function bookSeriesInTx(
  tx: Tx,
  house: House,
  input: SeriesInput,
  planned: readonly Planned[],
  leftOut: readonly Issue[],
): Promise<undefined> {
  if (input.once) await claimKey(tx, input.once)
  for (const { write } of input.newPatients ?? []) await write(tx)
  const byHand = planned.flatMap(({ of: { context } }) => (context.takenBy === `Slot/${context.id}` ? [context.id] : []))
  const visits = planned.map(({ visit }) => visit)
  const at = house.clock.now().toISOString()
  for (const slot of byHand.sort()) await releaseSlotTakenByHand(tx, slot, input.client, at)
  // A series that is held, or waits for the clinic's answer, counts as one time that is held.
  const [first] = visits
  const patient = input.online ? input.patient : undefined
  if (first) await takeHoldPlaces(tx, holdPlacesOf(house, { ...first.time, client: input.client, patient, person: input.audit.person }))
  await takePlaces(tx, planned)
  const placed = await placeSeries(tx, house.definitions, visits)
  const missing = placed && planned.filter(({ visit }) => !placed.includes(visit.time.holder))
  // Which of them it was cannot be told: all are looked at again.
  if (!missing) throw new LostTimes([])
  if (missing.length > 0) throw new LostTimes(missing.map(({ of }) => clashAt(of, taken)))
  for (const { resource } of input.override ? visits : [])
    if (input.override)
      await auditOverride(tx, house, { ...input.override, audit: { ...input.override.audit, id: house.ids.next() } }, resource)
  const series = visits.map(({ write }) => ({ appointment: write.id, version: '1' }))
  if (input.once && series[0]) await remember(tx, input.once, { ...series[0], series, leftOut }, at)
  return undefined
}

async function takePlaces(tx: Tx, planned: readonly Planned[]): Promise<void> {
  const places = planned.flatMap(({ of, places }) => places.map((place) => ({ of, place })))
  const order = ({ place }: (typeof places)[number]): string => `${place.schedule} ${place.date} ${place.kind}`
  const full: Clash[] = []
  for (const { of, place } of places.sort((a, b) => (order(a) < order(b) ? -1 : 1)))
    if (!(await takeDayPlace(tx, place)))
      full.push(clashAt(of, { kind: 'business-rule', message: dayIsFull(place), expression: 'start', wholeDay: true }))
  if (full.length > 0) throw new LostTimes(full)
}
