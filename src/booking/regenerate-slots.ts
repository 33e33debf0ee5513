/**
 * Rules into Slots: a Schedule's openings over its horizon become stored Slot resources, at once when its plan changes and
 * every night as the horizon rolls on. Only free Slots that nobody holds are touched.
 */
import { createHash } from 'node:crypto'
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { horizonDaysDefault, horizonDaysMax, slotsPerScheduleMax } from '../base/limits.ts'
import { indexValues } from '../fhir/index-values.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { type Opening, openings } from '../scheduling/availability.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { keptTerms } from '../store/layout.ts'
import { allSchedules, lockPlan, schedulesToGenerate, staleSchedules } from '../store/plans.ts'
import { settleSessions } from '../store/session-slots.ts'
import { regenerate, type SlotKind, type SlotOpening, settleUnderClaims } from '../store/slots.ts'
import { inTransaction } from '../store/transaction.ts'
import { oneByOne } from './one-by-one.ts'
import { planFrom } from './plans.ts'

const schedulesPerRoundMax = 500
/** Few, so that a round ends before the next second's. */
const stalePerRoundMax = 20
/** A Schedule id as long as this still leaves room for the start in a Slot id of 64 characters. */
const readablePrefixMax = 50

export type Generated = { readonly made: number; readonly changed: number; readonly removed: number }

/** Makes one Schedule's Slots anew; `onlyStale`: unless somebody else just has. */
export async function regenerateSlots(house: House, schedule: string, onlyStale = false): Promise<Generated> {
  const { seats, ...generated } = await inTransaction(house.pool, (tx) => regenerateInTx(tx, house, schedule, onlyStale))
  // A booking that ran beside the transaction above could not see its Slots: they are settled once both are visible.
  const at = house.clock.now().toISOString()
  await inTransaction(house.pool, async (tx) => {
    await settleUnderClaims(tx, { schedule, from: at, until: 'infinity', at })
    if (seats) await settleSessions(tx, { schedule, seats, at })
  })
  return generated
}

/** How many seats a session of each service has. */
const seatsOf = ({ policy, services }: SchedulePlan): Readonly<Record<string, number>> =>
  Object.fromEntries([['', policy.capacity], ...services.map((service) => [service.reference, service.policy.capacity])])

async function regenerateInTx(
  tx: Tx,
  house: House,
  schedule: string,
  onlyStale: boolean,
): Promise<Generated & { readonly seats?: Readonly<Record<string, number>> }> {
  const row = await lockPlan(tx, schedule)
  if (!row || (onlyStale && !row.stale)) return { made: 0, changed: 0, removed: 0 }
  const plan = planFrom(house, schedule, row.version, row.plan)
  const now = house.clock.now().getTime()
  const until = horizonEnd(plan, now)
  const { kinds, cuts } = cut(house, plan, asManyAsFit(house, openings(plan, now, until)))
  const generated = await regenerate(tx, {
    schedule,
    idPrefix: slotIdPrefix(schedule),
    openings: cuts,
    kinds,
    from: instantOf(now),
    // Whatever reached further before the horizon drew in goes too.
    until: slotsUntil(now),
    at: instantOf(now),
  })
  return { ...generated, seats: seatsOf(plan) }
}

/** How far Slots are made and looked after: `generated_until` says so, and each night it must be a day further. */
const slotsUntil = (now: number): string => instantOf(now + (horizonDaysMax + 1) * dayMs)

/** To `planningHorizon.end` where given, at most 400 days ahead, else 90 days. */
export function horizonEnd(plan: SchedulePlan, now: number): number {
  const asked = plan.horizonEnd === undefined ? now + horizonDaysDefault * dayMs : Date.parse(plan.horizonEnd)
  return Math.min(asked, now + horizonDaysMax * dayMs)
}

/** Throws `business-rule` where the rules make more Slots than a Schedule may have. */
export function assertFewSlots(plan: SchedulePlan, now: number): void {
  if (slotsIn(openings(plan, now, horizonEnd(plan, now))) <= slotsPerScheduleMax) return
  throw fault(
    'business-rule',
    `These rules make more than ${slotsPerScheduleMax} Slots: use longer Slots, fewer hours or a nearer planningHorizon.end.`,
    'Schedule.extension',
  )
}

const slotsIn = (open: readonly Opening[]): number =>
  open.reduce((sum, { start, end, slotMinutes }) => sum + Math.floor((end - start) / (slotMinutes * 60_000)), 0)

/** Rules of a place or a role may add up to too many as well; nobody can be refused then, so the latest are left out. */
function asManyAsFit(house: House, open: readonly Opening[]): readonly Opening[] {
  if (slotsIn(open) <= slotsPerScheduleMax) return open
  house.warn(`the rules of a Schedule make more than ${slotsPerScheduleMax} Slots; the latest of them are left out`)
  let room = slotsPerScheduleMax
  return open
    .toSorted((a, b) => a.start - b.start)
    .filter((one) => {
      room -= slotsIn([one])
      return room >= 0
    })
}

/** Openings that make Slots of the same look share a kind. */
function cut(house: House, plan: SchedulePlan, open: readonly Opening[]): { kinds: SlotKind[]; cuts: SlotOpening[] } {
  const kinds: SlotKind[] = []
  const numbers = new Map<string, number>()
  const cuts = open.map((opening): SlotOpening => {
    const look = JSON.stringify([opening.slotMinutes, opening.serviceType])
    const known = numbers.get(look)
    const kind = known ?? kinds.push(kindOf(house, plan, opening)) - 1
    numbers.set(look, kind)
    return { start: instantOf(opening.start), end: instantOf(opening.end), grid: instantOf(opening.gridStart), kind }
  })
  return { kinds, cuts }
}

function kindOf(house: House, plan: SchedulePlan, opening: Opening): SlotKind {
  const template: Resource = {
    resourceType: 'Slot',
    schedule: { reference: `Schedule/${plan.schedule}` },
    ...plan.template,
    ...(opening.serviceType ? { serviceType: opening.serviceType } : {}),
  }
  return {
    rule: createHash('sha256')
      .update(JSON.stringify([opening.slotMinutes, template]))
      .digest('base64url')
      .slice(0, 16),
    minutes: opening.slotMinutes,
    template,
    terms: keptTerms(house.definitions, 'Slot', indexValues(house.definitions, template, house.base).terms),
  }
}

export const slotIdPrefix = (schedule: string): string =>
  `${schedule.length <= readablePrefixMax ? schedule : createHash('sha256').update(schedule).digest('hex').slice(0, 40)}-`

/** The Schedule that a Slot's id was made from: a guess, good enough to say which plan is at hand. */
export const scheduleOfSlotId = (slot: string): string => slot.slice(0, Math.max(0, slot.lastIndexOf('-')))

/** Every Schedule, one after the other: the command `slots generate`. */
export async function regenerateAll(house: House, progress: (done: number, all: number) => void = () => {}): Promise<Generated> {
  const schedules = await allSchedules(house.pool)
  const sum = { made: 0, changed: 0, removed: 0 }
  for (const [index, schedule] of schedules.entries()) {
    add(sum, await regenerateSlots(house, schedule))
    progress(index + 1, schedules.length)
  }
  return sum
}

/** Those whose Slots no longer reach as far as they should: each night. */
export async function rollSlots(house: House): Promise<number> {
  const reach = slotsUntil(house.clock.now().getTime())
  let [rolled, after] = [0, '']
  for (;;) {
    const schedules = await schedulesToGenerate(house.pool, reach, after, schedulesPerRoundMax)
    rolled += await regenerateEach(house, schedules)
    if (schedules.length < schedulesPerRoundMax) return rolled
    after = schedules.at(-1) ?? after
  }
}

/** Those whose plan has changed: what a change of many Schedules left to do, or a server that was killed. */
export async function remakeStale(house: House): Promise<number> {
  let [remade, after] = [0, '']
  for (;;) {
    const schedules = await staleSchedules(house.pool, after, stalePerRoundMax)
    remade += await regenerateEach(house, schedules, true)
    // Those that fail stay stale: the round goes on behind them, or they would keep all others waiting.
    if (remade > 0 || schedules.length < stalePerRoundMax) return remade
    after = schedules.at(-1) ?? after
  }
}

/** One that fails stays stale, so that the job tries it again; the others are made all the same. */
export const regenerateEach = (house: House, schedules: readonly string[], onlyStale = false): Promise<number> =>
  oneByOne(house, 'the Slots of a Schedule could not be made; it is tried again', schedules, (one) =>
    regenerateSlots(house, one, onlyStale),
  )

function add(sum: { made: number; changed: number; removed: number }, more: Generated): void {
  sum.made += more.made
  sum.changed += more.changed
  sum.removed += more.removed
}
