/**
 * Decides from a history whether a guarantee of the contract (CONTRACT §6) was broken, in the manner of Jepsen and Elle: from
 * what was asked and answered, and from what stands in the end. Pure, and nothing of ours is in it but the contract itself.
 *
 * Left out: 6 (reminders) and 8 (clock changes, which have vectors of their own), and 9 (what logs say).
 */

import { answersAreNoErrors, answersStand, refusalsLeaveNothing } from './check-answers.ts'
import { audited } from './check-audit.ts'
import { movedVisitsKeepATime } from './check-moves.ts'
import { doubleBookings, overlapsAtTheEnd } from './check-overlap.ts'
import { endedHoldsAreGone, refusalsHaveCause } from './check-refusals.ts'
import { searchesSee } from './check-searches.ts'
import { seriesStayWhole } from './check-series.ts'
import { slotsAgree } from './check-slots.ts'
import type { Broken, History } from './history.ts'
import { withReach } from './reach.ts'

export function check(recorded: History): Broken[] {
  const history = withReach(recorded)
  return [
    ...doubleBookings(history),
    ...overlapsAtTheEnd(history),
    ...answersStand(history),
    ...answersAreNoErrors(history),
    ...refusalsLeaveNothing(history),
    ...seriesStayWhole(history),
    ...slotsAgree(history),
    ...searchesSee(history),
    ...refusalsHaveCause(history),
    ...endedHoldsAreGone(history),
    ...movedVisitsKeepATime(history),
    ...audited(history),
  ]
}
