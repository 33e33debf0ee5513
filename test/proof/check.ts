/**
 * Decides from a history whether a guarantee (docs/proof.md) was broken, in the manner of Jepsen and Elle: from
 * what was asked and answered, and from what stands in the end. Pure, and nothing of ours is in it but the contract itself.
 *
 * Beside those of §6 two promises on who may do what: `rule` (§5: approval, a patient in one place) and `scope` (§4: a patient's
 * own token reaches their own). Left out: 6 (reminders) and 8 (clock changes, which have vectors of their own).
 */

import { answersAreNoErrors, answersStand, refusalsLeaveNothing } from './check-answers.ts'
import { requestsWait } from './check-approval.ts'
import { audited } from './check-audit.ts'
import { movedVisitsKeepATime } from './check-moves.ts'
import { doubleBookings, overlapsAtTheEnd } from './check-overlap.ts'
import { endedHoldsAreGone, refusalsHaveCause } from './check-refusals.ts'
import { patientsReachTheirOwn } from './check-scopes.ts'
import { searchesSee } from './check-searches.ts'
import { seatsAreEnough } from './check-seats.ts'
import { seriesStayWhole } from './check-series.ts'
import { nothingIsToldOfPatients } from './check-silence.ts'
import { slotsAgree } from './check-slots.ts'
import type { Broken, History } from './history.ts'
import { withReach } from './reach.ts'

export function check(recorded: History): Broken[] {
  const history = withReach(recorded)
  return [
    ...doubleBookings(history),
    ...overlapsAtTheEnd(history),
    ...seatsAreEnough(history),
    ...answersStand(history),
    ...answersAreNoErrors(history),
    ...refusalsLeaveNothing(history),
    ...seriesStayWhole(history),
    ...slotsAgree(history),
    ...searchesSee(history),
    ...refusalsHaveCause(history),
    ...endedHoldsAreGone(history),
    ...movedVisitsKeepATime(history),
    ...requestsWait(history),
    ...patientsReachTheirOwn(history),
    ...audited(history),
    ...nothingIsToldOfPatients(history),
  ]
}
