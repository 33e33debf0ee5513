/**
 * What a write of an Appointment may make of its status, and what hangs on that: the notice that a patient owes, and the
 * Encounter of somebody who was here. Left out: the time that it takes (`write-appointment.ts`).
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { brokenTransition, takesTime } from '../scheduling/appointment-lifecycle.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { Change } from './change.ts'
import { closeEncounters } from './encounters.ts'
import { assertMayLeave } from './leave-visit.ts'
import { assertKeepsRecord } from './record-extensions.ts'
import { sameTime } from './visit-demand.ts'

/** CONTRACT §5: records of past visits are put right freely, by staff. */
export function assertTransition({ before, resource, patient }: Change, now: number): void {
  if (patient === undefined && (!before || isOver(before, now) || isOver(resource, now))) return
  const broken = brokenTransition({
    from: before && String(before.status),
    to: String(resource.status),
    now,
    start: Date.parse(String(resource.start)),
    online: patient !== undefined,
  })
  if (broken) throw fault('business-rule', broken.message, broken.expression)
}

const isOver = ({ end }: Resource, now: number): boolean => typeof end === 'string' && Date.parse(end) <= now

/** A patient keeps what the server has written down, and leaves a visit as its policy allows. */
export async function assertMayGiveUp(tx: Tx, house: House, { before, resource }: Change): Promise<void> {
  assertKeepsRecord(before, resource)
  if (!before) return
  const gone = !takesTime(String(resource.status))
  if (gone || !sameTime(before, resource)) await assertMayLeave(tx, house, before, { online: true, moving: gone ? false : 'unrecorded' })
}

/** What has begun with the visit ends with it. */
export async function settleEncounters(tx: Tx, house: House, { before, resource, id, at, audit }: Change): Promise<void> {
  const ends = ended[String(resource.status)]
  if (before && ends !== undefined && before.status !== resource.status)
    await closeEncounters(tx, house, { visit: before, id, status: ends, at, audit })
}

const ended: Readonly<Record<string, string>> = {
  fulfilled: 'finished',
  cancelled: 'cancelled',
  noshow: 'cancelled',
  'entered-in-error': 'entered-in-error',
}
