/**
 * Somebody comes, or does not: `$check-in` and `$no-show`. The write goes through the engine like a PUT of the Appointment;
 * whoever checks in gets an Encounter in the same transaction.
 */
import { fault } from '../base/fault.ts'
import { checkInHoursBeforeMax } from '../base/limits.ts'
import type { Resource } from '../fhir/resource.ts'
import { statusAfter } from '../scheduling/appointment-lifecycle.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { claimKey, type IdempotencyKey, remember } from '../store/idempotency.ts'
import { readResource } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { type Changed, lockedAppointment } from './cancel.ts'
import { withNextTimes } from './change.ts'
import { openEncounters } from './encounters.ts'
import { writeAppointment } from './write-appointment.ts'

export type AttendInput = {
  readonly id: string
  readonly event: 'check-in' | 'no-show'
  /** Why somebody did not come. */
  readonly reason?: Readonly<Record<string, unknown>>
  readonly comment?: string
  readonly client: string
  /** Under a patient scope. */
  readonly patient?: string
  readonly audit: AuditRow
  readonly once?: IdempotencyKey
  readonly assertMay: (appointment: Resource) => void
}

/** Throws: not-found, gone, business-rule. Somebody who is checked in already, or missed already, stays so. */
export const attendVisit = (house: House, input: AttendInput): Promise<Changed> =>
  withNextTimes(house, () => inTransaction(house.pool, (tx) => attendInTx(tx, house, input)))

async function attendInTx(tx: Tx, house: House, input: AttendInput): Promise<Changed> {
  if (input.once) await claimKey(tx, input.once)
  const { row, resource: before } = await lockedAppointment(tx, input.id, input.assertMay)
  const status = String(before.status)
  const becomes = statusAfter(status, input.event)
  if (status === (input.event === 'check-in' ? 'checked-in' : 'noshow')) return answeredAsItIs(tx, input, row.version, row.body)
  if (becomes === undefined) throw fault('business-rule', refusals[input.event](status), 'Appointment.status')
  const now = house.clock.now()
  if (input.event === 'check-in') assertNear(before, now.getTime())
  const at = now.toISOString()
  const resource: Resource = {
    ...before,
    status: becomes,
    ...(input.reason && { cancelationReason: input.reason }),
    ...(input.comment !== undefined && { comment: input.comment }),
  }
  // Whoever was missed, and comes after all, was not missed.
  if (input.event === 'check-in') delete resource.cancelationReason
  const { id, client, patient, audit } = input
  const written = await writeAppointment(tx, house, {
    type: 'Appointment',
    id,
    before,
    isNew: false,
    resource,
    text: JSON.stringify(resource),
    at,
    client,
    patient,
    audit,
  })
  if (input.event === 'check-in') await openEncounters(tx, house, { visit: resource, id, at, audit })
  if (input.once) await remember(tx, input.once, { appointment: id, version: written.version }, at)
  return { id, version: written.version, text: written.body }
}

/** Nothing changes, but it is shown: the read writes the AuditEvent. */
async function answeredAsItIs(tx: Tx, { id, audit }: AttendInput, version: string, body: string | null): Promise<Changed> {
  await readResource(tx, 'Appointment', id, audit)
  return { id, version, text: body ?? '' }
}

const refusals: Readonly<Record<AttendInput['event'], (status: string) => string>> = {
  'check-in': (status) => `Nobody can be checked in for an Appointment that is ${status}.`,
  'no-show': (status) => `Nobody can be missed at an Appointment that is ${status}.`,
}

function assertNear(visit: Resource, now: number): void {
  if (Date.parse(String(visit.start)) - now <= checkInHoursBeforeMax * 3_600_000) return
  throw fault('business-rule', `Check in at most ${checkInHoursBeforeMax} hours before the visit starts.`, 'Appointment.start')
}
