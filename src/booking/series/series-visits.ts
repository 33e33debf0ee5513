/**
 * The visits of a series as they would be booked: each occurrence of the template judged by itself, as any booking is, and
 * what speaks against it. docs/booking.md. Left out: taking the times (`book-series.ts`).
 */
import { minuteMs } from '../../base/durations.ts'
import { fault } from '../../base/fault.ts'
import { visitsTogetherMax } from '../../base/limits.ts'
import { instantOf } from '../../fhir/resource.ts'
import type { BookingPolicy } from '../../scheduling/booking-policy.ts'
import { withBuffers } from '../../scheduling/buffers.ts'
import type { RecurrenceTemplate } from '../../scheduling/recurrence-template.ts'
import { occurrences } from '../../scheduling/series.ts'
import { sessionOf } from '../../scheduling/session.ts'
import { clashesOf, type TimeAskedFor } from '../../store/clashes.ts'
import type { House } from '../../store/house.ts'
import { slotsStartingAt } from '../../store/slot-lookups.ts'
import { type SlotContext, slotContexts } from '../../store/visit-context.ts'
import { type BookableContext, contextToBook, isBookable, type VisitToBook, visitToBook } from '../book.ts'
import { wishInSlot } from '../find-times.ts'
import type { BookInput } from '../new-visit.ts'
import { planAt, planVersionAtHand } from '../plans.ts'
import type { Extension } from '../record-extensions.ts'
import { scheduleOfSlotId } from '../regenerate-slots.ts'
import { chooseService } from '../service-choice.ts'
import { type Against, brokenBy, type Clash, closed, taken } from './series-clashes.ts'

/** Where visits cannot be had: none is booked, the others are, or none is and other times are proposed for them. */
export const clashManners = ['refuse', 'skip', 'propose'] as const
export type OnClash = (typeof clashManners)[number]

export type SeriesInput = BookInput & {
  readonly template: RecurrenceTemplate
  /** The template as it was sent. */
  readonly recurrence: Extension
  readonly onClash: OnClash
  /** Slots for visits that shall stand elsewhere than the template says, by their number. */
  readonly elsewhere: ReadonlyMap<number, string>
}

export type SeriesVisit = {
  readonly recurrenceId: number
  /** It stands elsewhere than the template says. */
  readonly changed: boolean
  readonly input: BookInput
  readonly context: BookableContext
  readonly made: VisitToBook
}

export type SeriesJudged = {
  readonly zone: string
  /** Milliseconds that two visits of the service stand apart on one Schedule. */
  readonly apart: number
  readonly visits: readonly SeriesVisit[]
  readonly clashes: readonly Clash[]
}

type Placed = { readonly recurrenceId: number; readonly start: number; readonly changed: boolean; readonly slot?: string }

/** Throws what speaks against all of them: not-found, gone, required, value, too-costly, and a broken rule of the first's own. */
export async function seriesVisits(house: House, input: SeriesInput): Promise<SeriesJudged> {
  const first = await contextToBook(house, input)
  const plan = await planAt(house, first.schedule, first.planVersion, first.plan)
  const zone = input.template.zone ?? plan.zone
  const placed = await placedOccurrences(house, input, first, zone)
  const contexts = await contextsOf(house, input, placed)
  const visits: SeriesVisit[] = []
  const clashes: Clash[] = []
  for (const [at, one] of placed.entries()) {
    const context = one.slot === input.slot ? first : contexts[at]
    const wish = { ...wishInSlot(input, first), from: one.start }
    const found = await judged(house, input, one, context)
    if ('made' in found) visits.push(found)
    else clashes.push({ recurrenceId: one.recurrenceId, start: one.start, wish, busy: [], ...found })
  }
  return beforeClaims(house, { zone, apart: apartOf(chooseService(plan, input.service).policy), visits, clashes })
}

/** When each visit should be, and the Slot that it starts in. */
async function placedOccurrences(house: House, input: SeriesInput, first: SlotContext, zone: string): Promise<Placed[]> {
  const slotStart = first.starts.getTime()
  const start = input.start ?? slotStart
  const all = occurrences(input.template, zone, start)
  const stranger = [...input.elsewhere.keys()].find((id) => !all.some((one) => one.id === id))
  if (stranger !== undefined) throw fault('value', `The series has no visit ${stranger}.`, 'occurrence')
  // A visit may start within its Slot, and then each of them does.
  const lead = start - slotStart
  const further = all.filter(({ id }) => id !== 1 && !input.elsewhere.has(id))
  const slots = await slotsStartingAt(
    house.pool,
    first.schedule,
    further.map((one) => one.start - lead),
  )
  return all.map(({ id, start }) => ({
    recurrenceId: id,
    start,
    changed: input.elsewhere.has(id),
    slot: input.elsewhere.get(id) ?? (id === 1 ? input.slot : slots.get(start - lead)),
  }))
}

async function contextsOf(house: House, { patient }: SeriesInput, placed: readonly Placed[]): Promise<(SlotContext | undefined)[]> {
  const found: (SlotContext | undefined)[] = []
  for (let from = 0; from < placed.length; from += visitsTogetherMax) {
    const some = placed.slice(from, from + visitsTogetherMax)
    const asks = some.map(({ slot = '' }) => ({ slot, patient, knownPlan: planVersionAtHand(house, scheduleOfSlotId(slot)) }))
    found.push(...(await slotContexts(house.pool, asks)))
  }
  return found
}

async function judged(house: House, input: SeriesInput, one: Placed, context: SlotContext | undefined): Promise<SeriesVisit | Against> {
  if (one.changed && !context) throw fault('not-found', `There is no Slot/${one.slot}.`, 'occurrence')
  if (!context || context.deleted || !isBookable(context)) return closed
  const ownInput: BookInput = {
    ...input,
    slot: context.id,
    start: one.changed ? undefined : one.start,
    slots: one.recurrenceId === 1 && !one.changed ? input.slots : undefined,
  }
  try {
    const made = await visitToBook(house, ownInput, context)
    if (!made.taking) return taken
    return { recurrenceId: one.recurrenceId, changed: one.changed, input: ownInput, context, made }
  } catch (error) {
    return brokenBy(error)
  }
}

/** Buffers and people beyond the Schedule clash where every Slot is free: asked here, so that the clash has a name. */
async function beforeClaims(house: House, judged: SeriesJudged): Promise<SeriesJudged> {
  const { visits, clashes } = judged
  if (visits.length === 0) return judged
  const byHand = visits.flatMap(({ context }) => (context.takenBy === `Slot/${context.id}` ? [context.takenBy] : []))
  const lost = await clashesOf(house.pool, visits.map(timeOf), byHand)
  if (lost.size === 0) return judged
  const more = visits.filter(({ recurrenceId }) => lost.has(recurrenceId)).map((visit) => clashAt(visit, taken))
  return {
    ...judged,
    visits: visits.filter(({ recurrenceId }) => !lost.has(recurrenceId)),
    clashes: [...clashes, ...more].sort((a, b) => a.recurrenceId - b.recurrenceId),
  }
}

const apartOf = ({ bufferBeforeMinutes, bufferAfterMinutes }: BookingPolicy): number =>
  Math.max(bufferBeforeMinutes, bufferAfterMinutes) * minuteMs

export const clashAt = ({ recurrenceId, made }: SeriesVisit, against: Against): Clash => ({
  recurrenceId,
  start: made.taking.visit.start,
  wish: { ...made.wish, from: made.taking.visit.start },
  busy: [],
  ...against,
})

function timeOf({ recurrenceId, made: { taking, claims } }: SeriesVisit): TimeAskedFor {
  const { visit, offered, plan } = taking
  const claimed = withBuffers(visit, offered.policy)
  return {
    id: recurrenceId,
    claims,
    from: instantOf(claimed.start),
    until: instantOf(claimed.end),
    start: instantOf(visit.start),
    end: instantOf(visit.end),
    session: sessionOf(plan, offered, visit.start, visit.end),
  }
}
