/**
 * Visits over several Schedules at once: one actor of every group is free for the whole visit. Pure.
 * Of the combinations at one start the one with the least harm stands for the others: each Schedule's harm is the share of
 * its free time of that day that goes with the visit (`calendar.ts`), and the sum of them is weighed.
 * Left out: daily caps, which only the database can count, and rules about the patient (`booking-rules.ts`).
 */
import { fault } from '../base/fault.ts'
import type { Interval } from '../base/interval.ts'
import { combinationsTriedMax } from '../base/limits.ts'
import type { Calendar } from './calendar.ts'
import { minuteMs } from './local-time.ts'
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

/** `starts` in order of time; at most `wanted`, each start once. `calendarAt` has what a Schedule offers beside a start. */
export function jointVisits(
  starts: readonly Start[],
  groups: readonly JointGroup[],
  calendarAt: (schedule: string, start: Start) => Calendar | undefined,
  wanted: number,
): JointVisit[] {
  const found: JointVisit[] = []
  for (const together of Map.groupBy(starts, ({ visit }) => visit.start).values()) {
    const best = bestOf(together, groups, calendarAt)
    if (best) found.push(best)
    if (found.length >= wanted) break
  }
  return found
}

type Member = { readonly option: JointOption; readonly calendar: Calendar; readonly slots: readonly FreeSlot[]; readonly harm: number }
type Chosen = { readonly members: readonly Member[]; readonly harm: number }

function bestOf(
  starts: readonly Start[],
  groups: readonly JointGroup[],
  calendarAt: (schedule: string, start: Start) => Calendar | undefined,
): JointVisit | undefined {
  let best: { readonly start: Start; readonly chosen: Chosen } | undefined
  const budget = { left: combinationsTriedMax }
  const looks: Looks = new Map()
  const firsts = starts.map((start) => ({ start, first: memberOf(start, start.option, start.calendar, looks) }))
  for (const { start, first } of firsts.sort((a, b) => byHarm(a.first, b.first))) {
    if (!first || (best && first.harm >= best.chosen.harm)) break
    const members = groups.map((group) => membersAt(start, group, (schedule) => calendarAt(schedule, start), looks))
    if (members.some((group) => group.length === 0)) continue
    const chosen = leastHarm(first, members, start, budget, best?.chosen.harm)
    if (chosen) best = { start, chosen }
  }
  return best && jointVisit(best.start, best.chosen.members)
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

/** Who of the group could take part, the least harm first. */
function membersAt(start: Start, group: JointGroup, calendarOf: (schedule: string) => Calendar | undefined, looks: Looks): Member[] {
  return group
    .flatMap((option) => {
      const calendar = option.schedule === start.option.schedule ? start.calendar : calendarOf(option.schedule)
      return (calendar && memberOf(start, option, calendar, looks)) ?? []
    })
    .sort(byHarm)
}

/** Several who could be first look at the same others: at one start each is looked at once for each span. */
type Looks = Map<Calendar, { readonly key: string; readonly found: Pick<Member, 'slots' | 'harm'> | undefined }>

function memberOf(start: Start, option: JointOption, calendar: Calendar, looks: Looks): Member | undefined {
  const span = spanOf(start.visit, [start.calendar, calendar])
  const isFirst = option.schedule === start.option.schedule
  const key = `${start.visit.end} ${span.start} ${span.end} ${isFirst} ${start.session ?? ''}`
  const known = looks.get(calendar)
  const found = known?.key === key ? known.found : look(start, span, calendar, isFirst)
  looks.set(calendar, { key, found })
  return found && { option, calendar, ...found }
}

function look({ visit, session }: Start, span: Interval, calendar: Calendar, isFirst: boolean): Pick<Member, 'slots' | 'harm'> | undefined {
  if (!isFirst && !calendar.mayStart(visit)) return undefined
  const slots = isFirst ? visit.slots : calendar.cover(visit, session)
  return slots && { slots, harm: calendar.harm(visit, span) }
}

/** What is claimed: the longest buffers of any hold for all. */
function spanOf(visit: Visit, calendars: readonly Calendar[]): Interval {
  const before = Math.max(...calendars.map(({ policy }) => policy.bufferBeforeMinutes))
  const after = Math.max(...calendars.map(({ policy }) => policy.bufferAfterMinutes))
  return { start: visit.start - before * minuteMs, end: visit.end + after * minuteMs }
}

/**
 * One of each group, by branch and bound: the groups are sorted, so that where nobody is wanted twice the first try is the
 * best. Undefined: none, or none with less harm than `below`.
 */
function leastHarm(
  first: Member,
  groups: readonly (readonly Member[])[],
  { visit, session }: Start,
  budget: { left: number },
  below = Number.POSITIVE_INFINITY,
): Chosen | undefined {
  const rest = leastOfRest(first, groups)
  let [best, most]: [Chosen | undefined, number] = [undefined, below]
  const choose = (members: readonly Member[], harm: number): void => {
    if (--budget.left < 0) throw fault('too-costly', 'Too many combinations of too few actors: name fewer in each resource-group.')
    const group = groups[members.length - 1]
    if (!group) {
      const span = spanOf(
        visit,
        members.map(({ calendar }) => calendar),
      )
      if (harm < most && members.every(({ calendar }) => calendar.isClear(span, session))) [best, most] = [{ members, harm }, harm]
      return
    }
    const bound = rest[members.length] ?? 0
    for (const member of group) {
      if (!members.every((other) => goTogether(other, member))) continue
      const sum = harm + (members.some((other) => other.calendar === member.calendar) ? 0 : member.harm)
      if (sum + bound < most) choose([...members, member], sum)
    }
  }
  choose([first], first.harm)
  return best
}

/** The least that the groups from the n-th on can add: nothing, where a Schedule may have been taken by another group. */
function leastOfRest(first: Member, groups: readonly (readonly Member[])[]): number[] {
  const uses = Map.groupBy([first, ...groups.flat()], ({ option }) => option.schedule)
  const least = groups.map((group) =>
    group.some(({ option }) => (uses.get(option.schedule)?.length ?? 0) > 1) ? 0 : (group[0]?.harm ?? 0),
  )
  return [0, ...least.map((_, at) => least.slice(at + 1).reduce((sum, harm) => sum + harm, 0))]
}

/** Nobody takes part twice: two groups never mean the same actor, nor two Schedules of one. */
function goTogether(a: Member, b: Member): boolean {
  if (a.option.schedule === b.option.schedule) return a.option.actor !== b.option.actor
  if (a.option.actor.startsWith('Schedule/') && b.option.actor.startsWith('Schedule/')) return true
  return !a.calendar.plan.claims.some((claim) => b.calendar.plan.claims.includes(claim))
}
