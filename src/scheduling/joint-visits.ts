/**
 * Visits over several Schedules at once: one actor of every group is free for the whole visit. Pure.
 * Of the combinations at one start the one with the least harm stands for the others, or the few that are asked for: each
 * Schedule's harm is the share of its free time of that day that goes with the visit (`calendar.ts`), and the sum of them is
 * weighed.
 * Left out: daily caps, which only the database can count, and rules about the patient (`booking-rules.ts`).
 */
import { minuteMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import type { Interval } from '../base/interval.ts'
import { combinationsTriedMax } from '../base/limits.ts'
import type { Calendar } from './calendar.ts'
import type { ServiceOffer } from './service-offers.ts'
import type { FreeSlot, Visit } from './visits.ts'

/** `Practitioner/1` on the Schedule with this id. An actor `Schedule/1` means the Schedule itself, whoever is on it. */
export type JointOption = { readonly actor: string; readonly schedule: string }
/** Any one of these. */
export type JointGroup = readonly JointOption[]

/** A visit of the first group's Schedule, without the others yet. */
export type Start = {
  readonly visit: Visit
  readonly option: JointOption
  readonly calendar: Calendar
  readonly service?: ServiceOffer
  /** The group session that it joins. */
  readonly session?: string
}

export type JointVisit = {
  /** Its Slots are those of every Schedule, the first one's first. */
  readonly visit: Visit
  readonly start: Start
  /** Each once, without the first. */
  readonly further: readonly Calendar[]
}

type CalendarAt = (schedule: string, service: ServiceOffer | undefined) => Calendar | undefined

/**
 * `starts` in order of time; at most `wanted` of them. At each the `each` combinations of least harm, the least first.
 * `calendarAt`: what a Schedule offers beside a service.
 */
export function jointVisits(
  starts: readonly Start[],
  groups: readonly JointGroup[],
  calendarAt: CalendarAt,
  wanted: number,
  each = 1,
): JointVisit[] {
  const found: JointVisit[] = []
  let taken = 0
  for (const together of Map.groupBy(starts, ({ visit }) => visit.start).values()) {
    if (taken >= wanted) break
    const best = bestOf(together, groups, calendarAt, each)
    found.push(...best)
    if (best.length > 0) taken += 1
  }
  return found
}

type Member = { readonly option: JointOption; readonly calendar: Calendar; readonly slots: readonly FreeSlot[]; readonly harm: number }
type Chosen = { readonly members: readonly Member[]; readonly harm: number }

function bestOf(starts: readonly Start[], groups: readonly JointGroup[], calendarAt: CalendarAt, each: number): JointVisit[] {
  const best = bestFew<Start>(each)
  const budget = { left: combinationsTriedMax }
  const othersOf = othersAt(groups, calendarAt)
  const firsts = starts.map((start) => ({ start, first: memberOf(start, start.option, start.calendar) }))
  for (const { start, first } of firsts.sort((a, b) => byHarm(a.first, b.first))) {
    if (!first || first.harm >= best.below()) break
    leastHarm(first, othersOf(start), start, budget, best)
  }
  return best.list().map(({ from, members }) => jointVisit(from, members))
}

type Few<From> = {
  /** A combination is of use with less harm than this. */
  readonly below: () => number
  readonly add: (chosen: Chosen & { readonly from: From }) => void
  readonly list: () => readonly (Chosen & { readonly from: From })[]
}

/** The best so far, in order; of equals whoever was found first. The same Schedules in other roles are one combination. */
function bestFew<From>(most: number): Few<From> {
  let few: (Chosen & { readonly from: From })[] = []
  const whose = ({ members }: Chosen): string => [...new Set(members.map(({ option }) => option.schedule))].sort().join()
  return {
    below: () => (few.length < most ? Number.POSITIVE_INFINITY : (few.at(-1)?.harm ?? 0)),
    list: () => few,
    add: (chosen) => {
      const twin = most > 1 ? few.find((one) => whose(one) === whose(chosen)) : undefined
      if (twin && twin.harm <= chosen.harm) return
      few = [...few.filter((one) => one !== twin), chosen].sort((a, b) => a.harm - b.harm).slice(0, most)
    },
  }
}

const byHarm = (a: Member | undefined, b: Member | undefined): number =>
  !a || !b ? Number(!a) - Number(!b) : a.harm - b.harm || (a.option.schedule < b.option.schedule ? -1 : 1)

function jointVisit(start: Start, [, ...members]: readonly Member[]): JointVisit {
  const further = [...new Map(members.map(({ calendar, slots }) => [calendar.plan.schedule, { calendar, slots }])).values()].filter(
    ({ calendar }) => calendar.plan.schedule !== start.option.schedule,
  )
  const slots = [...start.visit.slots, ...further.flatMap((one) => one.slots)]
  return { start, visit: { ...start.visit, slots }, further: further.map(({ calendar }) => calendar) }
}

type Others = {
  /** Of each group who could take part, the least harm first. */
  readonly groups: readonly (readonly Member[])[]
  /** The least that the groups from the n-th on can add. */
  readonly rest: readonly number[]
}

/** Those who could be first at one start mostly ask for the same others, who are then looked at once. */
function othersAt(groups: readonly JointGroup[], calendarAt: CalendarAt): (start: Start) => Others {
  const inGroups = new Set(groups.flatMap((group) => group.map(({ schedule }) => schedule)))
  const known = new Map<string, Others>()
  return (start) => {
    const { visit, session, service, calendar, option } = start
    const span = spanOf(visit, [calendar])
    const whose = inGroups.has(option.schedule) ? option.schedule : ''
    const key = `${visit.end} ${span.start} ${span.end} ${session ?? ''} ${service?.reference ?? ''} ${whose}`
    const others = known.get(key) ?? lookAt(start, groups, calendarAt)
    known.set(key, others)
    return others
  }
}

function lookAt(start: Start, groups: readonly JointGroup[], calendarAt: CalendarAt): Others {
  const found = groups.map((group) =>
    group
      .flatMap((option) => {
        const calendar = option.schedule === start.option.schedule ? start.calendar : calendarAt(option.schedule, start.service)
        return (calendar && memberOf(start, option, calendar)) ?? []
      })
      .sort(byHarm),
  )
  return { groups: found, rest: leastOfRest(start.option.schedule, found) }
}

function memberOf(start: Start, option: JointOption, calendar: Calendar): Member | undefined {
  const { visit, session } = start
  const isFirst = option.schedule === start.option.schedule
  if (!isFirst && !calendar.mayStart(visit)) return undefined
  const slots = isFirst ? visit.slots : calendar.cover(visit, session)
  return slots && { option, calendar, slots, harm: calendar.harm(visit, spanOf(visit, [start.calendar, calendar])) }
}

/** What is claimed: the longest buffers of any hold for all. */
function spanOf(visit: Visit, calendars: readonly Calendar[]): Interval {
  const before = Math.max(...calendars.map(({ policy }) => policy.bufferBeforeMinutes))
  const after = Math.max(...calendars.map(({ policy }) => policy.bufferAfterMinutes))
  return { start: visit.start - before * minuteMs, end: visit.end + after * minuteMs }
}

/**
 * One of each group, by branch and bound: the groups are sorted, so that where nobody is wanted twice the first try is the
 * best. What is found goes to `best`, which says what is of use still.
 */
function leastHarm(first: Member, { groups, rest }: Others, start: Start, budget: { left: number }, best: Few<Start>): void {
  const { visit, session } = start
  if (first.harm + (rest[0] ?? 0) >= best.below() || groups.some((group) => group.length === 0)) return
  const choose = (members: readonly Member[], harm: number): void => {
    if (--budget.left < 0) throw fault('too-costly', 'Too many combinations of too few actors: name fewer in each resource-group.')
    const group = groups[members.length - 1]
    if (!group) {
      const span = spanOf(
        visit,
        members.map(({ calendar }) => calendar),
      )
      if (harm < best.below() && members.every(({ calendar }) => calendar.isClear(span, session))) best.add({ members, harm, from: start })
      return
    }
    const bound = rest[members.length] ?? 0
    for (const member of group) {
      if (!members.every((other) => goTogether(other, member))) continue
      const sum = harm + (members.some((other) => other.calendar === member.calendar) ? 0 : member.harm)
      if (sum + bound < best.below()) choose([...members, member], sum)
    }
  }
  choose([first], first.harm)
}

/** Nothing, where a Schedule may have been taken by another group already. */
function leastOfRest(first: string, groups: readonly (readonly Member[])[]): number[] {
  const uses = Map.groupBy([first, ...groups.flatMap((group) => group.map(({ option }) => option.schedule))], (schedule) => schedule)
  const least = groups.map((group) =>
    group.some(({ option }) => (uses.get(option.schedule)?.length ?? 0) > 1) ? 0 : (group[0]?.harm ?? 0),
  )
  return [...least, 0].map((_, at) => least.slice(at).reduce((sum, harm) => sum + harm, 0))
}

/** Nobody takes part twice: two groups never mean the same actor, nor two Schedules of one. */
function goTogether(a: Member, b: Member): boolean {
  if (a.option.schedule === b.option.schedule) return a.option.actor !== b.option.actor
  if (a.option.actor.startsWith('Schedule/') && b.option.actor.startsWith('Schedule/')) return true
  return !a.calendar.plan.claims.some((claim) => b.calendar.plan.claims.includes(claim))
}
