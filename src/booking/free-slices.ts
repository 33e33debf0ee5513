/**
 * Free time a slice at a time: enough rows to decide what starts first, and up to where that is decided. Of one Schedule
 * it is one range of an index; of many, those that are free first and the first few Slots of each.
 */
import { hourMs, minuteMs } from '../base/durations.ts'
import { instantOf } from '../fhir/resource.ts'
import type { AvailabilityRule } from '../scheduling/availability-rules.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { freeByTime } from '../store/free-by-time.ts'
import { type FreeRow, firstFreeBySchedule, freeTimeOfMany, freeTimeOfOne, type TakenRow } from '../store/free-time.ts'
import type { House } from '../store/house.ts'
import { planVersions } from '../store/plans.ts'
import type { FindQuery } from './find-query.ts'
import { planAtHand, plansAt, plansAtHand } from './plans.ts'
import { offersOf } from './service-choice.ts'

/** A visit may need Slots that start after the window it begins in. */
const lookaheadMs = 4 * hourMs
/** A Slot that a visit joins is seldom shorter than this. */
const joinedSlotMs = 15 * minuteMs

export type Slice = {
  readonly free: readonly FreeRow[]
  readonly taken: readonly TakenRow[]
  readonly plans: ReadonlyMap<string, SchedulePlan>
  /** All that starts before this is in the rows. */
  readonly decided: number
  /** And of what starts just then, the Schedules up to this one. */
  readonly upTo?: string
  /** Of a look in the order of time: whether another is worth it. */
  readonly byTime?: boolean
}

/** Where the look goes on: at `from`, and just then only behind this Schedule; in the order of time, if that is worth it. */
export type Resume = {
  readonly from: number
  readonly behind: string
  readonly wanted: number
  readonly effort: number
  readonly byTime: boolean
}

const fetchedUntil = (query: FindQuery): string => instantOf(query.until + Math.max(lookaheadMs, (query.minutes ?? 0) * minuteMs))

/** One look, as far as it decides something; the next begins where it says. */
type Slices = (resume: Resume) => Promise<Slice>

export const slicesOf = async (house: House, query: FindQuery): Promise<Slices> =>
  query.schedules.length === 1 ? (resume) => sliceOfOne(house, query, resume) : slicesOfMany(house, query)

/** One Schedule is one range of an index, cut off by a limit. */
async function sliceOfOne(house: House, query: FindQuery, resume: Resume): Promise<Slice> {
  const [schedule = ''] = query.schedules
  const guess = planAtHand(house, schedule)
  const limit = (query.count + spareRows(query, guess)) * resume.effort
  const window = { schedule, from: instantOf(resume.from), until: fetchedUntil(query), limit, bodies: query.bodies }
  const claims = !guess || needsOf(query, [guess]).buffers
  const time = await freeTimeOfOne(house.pool, { ...window, claims })
  const plans = await plansAt(house, time.plans)
  // The plan has gained buffers since it was last used: once more, with what is claimed.
  const needs = needsOf(query, [...plans.values()])
  if (!claims && needs.buffers) return sliceOfOne(house, query, resume)
  if (time.free.length < limit) return { ...time, plans, decided: query.until }
  const last = (time.free.at(-1)?.starts ?? 0) * 1000
  return { ...time, plans, decided: Math.min(query.until, last - needs.longest) }
}

/** What the visits of these Schedules take beyond a Slot. */
type Needs = {
  /** In milliseconds. */
  readonly longest: number
  /** Where no visit has buffers, what is claimed is not free: the claims need not be read. */
  readonly buffers: boolean
}

function needsOf(query: FindQuery, plans: readonly SchedulePlan[]): Needs {
  let [longest, buffers] = [query.minutes ?? 0, false]
  for (const plan of plans)
    for (const { policy } of offersOf(plan, query.service)) {
      if (query.minutes === undefined) longest = Math.max(longest, policy.durationMinutes ?? 0)
      buffers ||= policy.bufferBeforeMinutes + policy.bufferAfterMinutes > 0
    }
  return { longest: longest * minuteMs, buffers }
}

/** What one Schedule's rows need beyond the asked count: one that says whether there is more, and those a longer visit joins. */
function spareRows(query: FindQuery, plan: SchedulePlan | undefined): number {
  return 2 + Math.ceil(needsOf(query, plan ? [plan] : []).longest / joinedSlotMs)
}

/**
 * Of many Schedules, those that are free first, and the first few Slots of each. Decided is what lies before the last Slot
 * of any that was cut off, and before the first of those that were not looked at.
 */
async function slicesOfMany(house: House, query: FindQuery): Promise<Slices> {
  const plans = await plansToGuessBy(house, query.schedules)
  const needs = needsOf(query, plans)
  const guess: Guess = { ...needs, oneSlot: fitOneSlot(plans, needs.longest) }
  return (resume) => sliceOfMany(house, query, resume, guess)
}

/** By the plans as they were when last used: the rows decide. */
type Guess = Needs & { readonly oneSlot: boolean }

async function sliceOfMany(house: House, query: FindQuery, resume: Resume, guess: Guess, claims = guess.buffers): Promise<Slice> {
  const { from, behind, wanted, effort } = resume
  if (resume.byTime && guess.oneSlot) return sliceByTime(house, query, resume, guess, claims)
  const window = { schedules: query.schedules, from: instantOf(from), until: fetchedUntil(query), behind }
  const most = (wanted + spareSchedules) * effort
  const { first, upTo } = await firstFreeBySchedule(house.pool, { ...window, limit: most })
  const each = (Math.ceil((query.count * 2) / query.schedules.length) + Math.ceil(guess.longest / joinedSlotMs) + 1) * effort
  const time = await freeTimeOfMany(house.pool, { ...window, schedules: first.map(({ schedule }) => schedule), each, claims })
  const plans = await plansAt(house, time.plans)
  const needs = needsOf(query, [...plans.values()])
  // A plan has gained buffers since it was last used: once more, with what is claimed.
  if (!claims && needs.buffers) return sliceOfMany(house, query, resume, guess, true)
  const decided = Math.min(query.until, cutOff(time.free, each) - needs.longest)
  if (!upTo || upTo.starts * 1000 >= decided) return { ...time, plans, decided }
  return { ...time, plans, decided: upTo.starts * 1000, upTo: upTo.schedule }
}

/** Where the rules' Slots are as long as a visit, so that none needs the Slots that follow. */
function fitOneSlot(plans: readonly SchedulePlan[], longest: number): boolean {
  const fits = ({ slotMinutes }: AvailabilityRule): boolean => slotMinutes * minuteMs >= longest
  return plans.every(({ rules }) => rules.every(fits))
}

/** In the order of time: decided is what lies before the last Slot that was looked at. */
async function sliceByTime(house: House, query: FindQuery, resume: Resume, guess: Guess, claims: boolean): Promise<Slice> {
  const { from, behind, wanted, effort } = resume
  const limit = (wanted + spareSchedules) * effort
  const time = await freeByTime(house.pool, {
    schedules: query.schedules,
    from: instantOf(from),
    until: fetchedUntil(query),
    behind,
    limit,
    looked: Math.max(limit * slotsLookedAt, Math.min(query.schedules.length * slotsForOneProbe, slotsLookedAtMost)),
    bodies: query.bodies === true && effort === 1,
    claims,
  })
  const plans = await plansAt(house, time.plans)
  const needs = needsOf(query, [...plans.values()])
  // A plan has gained buffers since it was last used: once more, with what is claimed.
  if (!claims && needs.buffers) return sliceByTime(house, query, resume, guess, true)
  if (!time.last) return { ...time, plans, decided: query.until }
  const longest = Math.max(guess.longest, needs.longest)
  const decided = time.last.starts * 1000
  if (time.free.some(({ starts, ends }) => (ends - starts) * 1000 < longest))
    return { ...time, plans, decided: Math.min(query.until, decided - longest), byTime: false }
  if (decided >= query.until) return { ...time, plans, decided: query.until }
  const upTo = lastSchedule(time.free, time.last)
  const goesOn = decided > from || (upTo !== undefined && upTo > behind)
  return { ...time, plans, decided, byTime: goesOn && time.free.length * 4 >= limit, ...(upTo !== undefined && { upTo }) }
}

/** The last Schedule whose Slots of the same start were all looked at: more of the last one's may start then. */
function lastSchedule(free: readonly FreeRow[], last: Pick<FreeRow, 'schedule' | 'starts'>): string | undefined {
  let found: string | undefined
  for (const { schedule, starts } of free)
    if (starts === last.starts && schedule < last.schedule && (found === undefined || schedule > found)) found = schedule
  return found
}

/** The plans as they were when last used; all of them are asked for where some never were. */
async function plansToGuessBy(house: House, schedules: readonly string[]): Promise<readonly SchedulePlan[]> {
  const atHand = plansAtHand(house, schedules)
  if (atHand.length === schedules.length) return atHand
  return [...(await plansAt(house, await planVersions(house.pool, schedules))).values()]
}

/** Slots looked at for each that is wanted, in the hope that it is among them. */
const slotsLookedAt = 3
/**
 * A look into the index for one Schedule's first free Slot costs about what it costs to pass by so many Slots in the order of
 * time.
 */
const slotsForOneProbe = 15
const slotsLookedAtMost = 5_000

/** Schedules looked at beyond the visits that are wanted, since the first Slot of some allows no visit. */
const spareSchedules = 8

/** The earliest last start among the Schedules that had more than was fetched. */
function cutOff(free: readonly FreeRow[], each: number): number {
  const counts = new Map<string, number>()
  let earliest = Number.POSITIVE_INFINITY
  for (const { schedule, starts } of free) {
    const count = (counts.get(schedule) ?? 0) + 1
    counts.set(schedule, count)
    if (count === each) earliest = Math.min(earliest, starts * 1000)
  }
  return earliest
}
