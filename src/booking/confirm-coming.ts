/**
 * A patient says that they come: their AppointmentResponse, which the engine takes like any other (`take-answer.ts`).
 */
import type { Resource } from '../fhir/resource.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { inTransaction } from '../store/transaction.ts'
import { withNextTimes } from './change.ts'
import { writeResource } from './write-resource.ts'

export type Coming = {
  /** Bare ids. */
  readonly appointment: string
  readonly patient: string
  readonly client: string
  readonly audit: AuditRow
  /** False: it was said before, and nothing is written again. Comes first in the transaction. */
  readonly isNews: (tx: Tx) => Promise<boolean>
}

/** Throws: not-found, business-rule. */
export const confirmComing = (house: House, coming: Coming): Promise<void> =>
  withNextTimes(house, () => inTransaction(house.pool, (tx) => confirmInTx(tx, house, coming)))

async function confirmInTx(tx: Tx, house: House, { appointment, patient, client, audit, isNews }: Coming): Promise<void> {
  if (!(await isNews(tx))) return
  const id = house.ids.next()
  const resource: Resource = {
    resourceType: 'AppointmentResponse',
    id,
    appointment: { reference: `Appointment/${appointment}` },
    actor: { reference: `Patient/${patient}` },
    participantStatus: 'accepted',
  }
  const at = house.clock.now().toISOString()
  const text = JSON.stringify(resource)
  await writeResource(tx, house, { type: 'AppointmentResponse', id, isNew: true, resource, text, at, client, patient, audit })
}
