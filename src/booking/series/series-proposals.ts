/**
 * What could be had instead of the visits of a series that clash: up to three times for each, near the one that it should have
 * been. Nothing is held. Whichever of its own each visit takes, they are in no other's way, nor in that of the visits that can be had;
 * only a full day may still refuse them.
 */
import type { Issue, NextTime } from '../../base/fault.ts'
import { nextTimesMax } from '../../base/limits.ts'
import { dealTimes } from '../../scheduling/deal-times.ts'
import type { House } from '../../store/house.ts'
import { type NearTime, nearTimes } from '../near-times.ts'
import { issueOf } from './series-clashes.ts'
import type { SeriesJudged } from './series-visits.ts'

export type SeriesProposal = {
  readonly recurrenceId: number
  /** When it should have been, as Unix milliseconds. */
  readonly start: number
  readonly issue: Issue
  readonly times: readonly NextTime[]
}

/** `clashes` in the order of their numbers. */
export async function seriesProposals(house: House, { visits, clashes, zone, apart }: SeriesJudged): Promise<SeriesProposal[]> {
  const kept = visits.map(({ made: { taking } }) => ({ start: taking.visit.start - apart, end: taking.visit.end + apart }))
  const near: NearTime[][] = []
  for (const clash of clashes) near.push(await nearTimes(house, { ...clash, busy: [...clash.busy, ...kept] }, zone))
  const dealt = dealTimes(near, nextTimesMax, apart)
  return clashes.map((clash, at) => ({
    recurrenceId: clash.recurrenceId,
    start: clash.start,
    issue: issueOf(clash, zone),
    times: dealt[at] ?? [],
  }))
}
