/**
 * Staff let a visit in against the clinic's rules: why is kept on the Appointment and in an AuditEvent of its own. Claims and
 * what a visit cannot do without still bind (`scheduling/booking-rules.ts`).
 */
import type { Resource } from '../fhir/resource.ts'
import { type AuditRow, auditPatients } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { patientIds } from './participants.ts'
import { overrideReasonUrl, withExtension } from './record-extensions.ts'

export type Override = {
  /** A CodeableConcept. */
  readonly reason: Readonly<Record<string, unknown>>
  readonly audit: AuditRow
}

export const withOverride = <R extends Resource>(resource: R, override: Override | undefined): R =>
  override ? withExtension(resource, { url: overrideReasonUrl, valueCodeableConcept: override.reason }) : resource

export const auditOverride = (tx: Tx, house: House, { reason, audit }: Override, visit: Resource): Promise<void> =>
  auditPatients(tx, {
    patients: patientIds(visit, house.base),
    entity: `Appointment/${visit.id}`,
    audit: { ...audit, query: JSON.stringify(reason) },
  })
