/**
 * Changes what a booked visit says and leaves its time as it is: IHE ITI-117's modify where the times are those that are
 * booked. The write goes through the engine like a PUT of the Appointment.
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { claimKey, type IdempotencyKey, remember } from '../store/idempotency.ts'
import { inTransaction } from '../store/transaction.ts'
import { type Changed, lockedAppointment } from './cancel.ts'
import { withNextTimes } from './change.ts'
import { withLocalActors } from './participants.ts'
import { writeAppointment } from './write-appointment.ts'

export type AmendInput = {
  readonly id: string
  /** The whole Appointment as it is to be; its id, times and Slots may be left out. */
  readonly resource: Resource
  readonly comment?: string
  readonly client: string
  /** Written under a patient scope. */
  readonly patient?: string
  readonly audit: AuditRow
  readonly once?: IdempotencyKey
  readonly assertMay: (appointment: Resource) => void
}

/** Throws: not-found, gone, business-rule. */
export const amendVisit = (house: House, input: AmendInput): Promise<Changed> =>
  withNextTimes(house, () => inTransaction(house.pool, (tx) => amendInTx(tx, house, input)))

async function amendInTx(tx: Tx, house: House, input: AmendInput): Promise<Changed> {
  if (input.once) await claimKey(tx, input.once)
  const { resource: before } = await lockedAppointment(tx, input.id, input.assertMay)
  if (before.status !== 'booked')
    throw fault('business-rule', `An Appointment that is ${before.status} cannot be modified: it is not booked.`, 'Appointment.status')
  const kept = Object.fromEntries(['start', 'end', 'minutesDuration', 'slot', 'created', 'extension'].map((name) => [name, before[name]]))
  const resource: Resource = {
    ...withLocalActors(input.resource, house.base),
    ...kept,
    id: input.id,
    status: 'booked',
    ...(input.comment !== undefined && { comment: input.comment }),
  }
  input.assertMay(resource)
  const at = house.clock.now().toISOString()
  const written = await writeAppointment(tx, house, {
    type: 'Appointment',
    id: input.id,
    before,
    isNew: false,
    resource,
    text: JSON.stringify(resource),
    at,
    client: input.client,
    patient: input.patient,
    audit: input.audit,
  })
  if (input.once) await remember(tx, input.once, { appointment: written.id, version: written.version }, at)
  return { id: written.id, version: written.version, text: written.body }
}
