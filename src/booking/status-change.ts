/**
 * What a write of an Appointment may make of its status, and what hangs on that: the notice that a patient owes, and the
 * Encounter of somebody who was here. Left out: the time that it takes (`write-appointment.ts`).
 */
import { fault } from '../base/fault.ts'
import { noShowGraceMinutesDefault } from '../base/limits.ts'
import type { Resource } from '../fhir/resource.ts'
import { brokenTransition, takesTime } from '../scheduling/appointment-lifecycle.ts'
import { awaitsApproval } from '../scheduling/approval.ts'
import { numbered } from '../scheduling/confirmation-number.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { Change } from './change.ts'
import { closeEncounters } from './encounters.ts'
import { assertMayLeave, policyOf } from './leave-visit.ts'
import { patientsNamed } from './participants.ts'
import { assertKeepsRecord } from './record-extensions.ts'
import { sameTime } from './visit-demand.ts'

/** Records of past visits are put right freely, by staff. */
export async function assertTransition(tx: Tx, house: House, { before, resource, patient }: Change, now: number): Promise<void> {
  if (patient === undefined && (!before || isOver(before, now) || isOver(resource, now))) return
  const broken = brokenTransition({
    from: before && String(before.status),
    to: String(resource.status),
    now,
    start: Date.parse(String(resource.start)),
    online: patient !== undefined,
    graceMinutes: resource.status === 'noshow' ? await graceOf(tx, house, before ?? resource) : 0,
  })
  if (broken) throw fault('business-rule', broken.message, broken.expression)
}

/** A visit that stands in no Slot has no policy to ask, and a plan from before there was the field does not say it. */
const graceOf = async (tx: Tx, house: House, visit: Resource): Promise<number> =>
  (await policyOf(tx, house, visit))?.noShowGraceMinutes ?? noShowGraceMinutesDefault

const isOver = ({ end }: Resource, now: number): boolean => typeof end === 'string' && Date.parse(end) <= now

/** A patient keeps what the server has written down, and leaves a visit as its policy allows. */
export async function assertMayGiveUp(tx: Tx, house: House, { before, resource, patient = '', drawn }: Change): Promise<void> {
  assertKeepsRecord(before, drawn ? numbered(resource, undefined) : resource)
  if (!before) return
  if (awaitsApproval(before) && takesTime(String(resource.status))) assertAnswersForThemselves(house, before, resource, patient)
  const gone = !takesTime(String(resource.status))
  if (gone || !sameTime(before, resource)) await assertMayLeave(tx, house, before, { online: true, moving: gone ? false : 'unrecorded' })
}

/** Who is asked, and what they have said, is the clinic's. */
function assertAnswersForThemselves(house: House, before: Resource, after: Resource, patient: string): void {
  const others = (visit: Resource): string =>
    JSON.stringify(
      (visit.participant as object[]).filter(
        (one) => !patientsNamed({ ...visit, participant: [one] }, house.base).includes(`Patient/${patient}`),
      ),
    )
  if (others(before) === others(after)) return
  throw fault('business-rule', 'The clinic has not answered yet: leave the other participants as they are.', 'Appointment.participant')
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
