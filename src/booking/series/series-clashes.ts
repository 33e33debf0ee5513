/**
 * What speaks against single visits of a series, and how that is said: each with its number, its local time and other times
 * that it could have instead.
 */

import { dayMs } from '../../base/durations.ts'
import { Fault, type Issue } from '../../base/fault.ts'
import type { Interval } from '../../base/interval.ts'
import { nearDaysMax, nextTimesMax, seriesClashesProposedMax } from '../../base/limits.ts'
import { instantOf } from '../../fhir/resource.ts'
import { localDate, localReading } from '../../scheduling/local-time.ts'
import type { House } from '../../store/house.ts'
import { patientTime } from '../../store/visit-context.ts'
import type { Wish } from '../find-times.ts'
import { nearTimes } from '../near-times.ts'

/** Why one visit of the series cannot be had. */
export type Clash = {
  readonly recurrenceId: number
  readonly start: number
  readonly kind: 'conflict' | 'business-rule'
  readonly message: string
  readonly expression?: string
  readonly wish: Wish
  /** Nothing else of that day can be had either. */
  readonly wholeDay?: boolean
  /** The patient's own time around it. */
  readonly busy: readonly Interval[]
}

export type Against = Pick<Clash, 'kind' | 'message' | 'expression' | 'wholeDay'>

export const taken: Against = { kind: 'conflict', message: 'This time has just been taken.', expression: 'slot' }
export const closed: Against = { kind: 'business-rule', message: 'No Slot of this Schedule starts at that time.', expression: 'start' }

/** What a booking rule says of one visit; anything else is thrown on. */
export function brokenBy(error: unknown): Against {
  const issue = error instanceof Fault && error.kind === 'business-rule' ? error.issues[0] : undefined
  if (!issue) throw error
  return { kind: 'business-rule', message: issue.diagnostics, expression: issue.expression }
}

/** The patients' own visits around the clashes, so that none of their time is proposed to them. */
export async function withOwnTime(
  house: House,
  { patient, others = [] }: { readonly patient: string; readonly others?: readonly string[] },
  clashes: readonly Clash[],
): Promise<Clash[]> {
  if (clashes.length === 0) return []
  const starts = clashes.map(({ start }) => start)
  const [from, until] = [Math.min(...starts) - nearDaysMax * dayMs, Math.max(...starts) + (nearDaysMax + 1) * dayMs]
  const busy: Interval[] = []
  for (const one of [patient, ...others]) busy.push(...(await patientTime(house.pool, one, instantOf(from), instantOf(until))))
  return clashes.map((clash) => ({ ...clash, busy }))
}

/** One for each clash, the first of them with other times for that visit. */
export async function issuesOf(house: House, clashes: readonly Clash[], zone: string): Promise<Issue[]> {
  const issues: Issue[] = []
  for (const clash of clashes) {
    const near = issues.length < seriesClashesProposedMax ? await nearTimes(house, clash, zone) : []
    issues.push({ ...issueOf(clash, zone), nextTimes: near.slice(0, nextTimesMax) })
  }
  return issues
}

export const issueOf = ({ recurrenceId, start, kind, message, expression }: Clash, zone: string): Issue => ({
  severity: 'error',
  code: kind,
  diagnostics: `Visit ${recurrenceId} of the series, ${localDate(zone, start)} ${clock(zone, start)}: ${message}`,
  expression,
})

function clock(zone: string, at: number): string {
  const { minutes } = localReading(zone, at)
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${two(minutes / 60)}:${two(minutes % 60)}`
}

/** A time that is taken may come free, a rule stays a rule: where there is both it is a conflict. */
export const refusalOf = (issues: readonly Issue[]): Fault =>
  new Fault(
    issues.length === 0 || issues.some(({ code }) => code === 'conflict') ? 'conflict' : 'business-rule',
    issues.length > 0
      ? issues
      : [{ severity: 'error', code: 'conflict', diagnostics: 'Some of these times have just been taken. Try again.' }],
  )
