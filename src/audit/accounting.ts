/**
 * Who saw a patient's data or did something with it, when, through which program and what for: the patient's AuditEvents
 * but for those of signing in, newest first. HIPAA's accounting of disclosures, 45 CFR 164.528, asks for less.
 */
import { pageSizeDefault } from '../base/search-limits.ts'
import type { Reply } from '../fhir/reply.ts'
import { auditPatients } from '../store/audit-rows.ts'
import type { AuditFilter } from '../store/audit-search.ts'
import type { House } from '../store/house.ts'
import { withMerged } from '../store/patient-merges.ts'
import { type Asker, auditOf } from './audit-of.ts'
import { auditPage, countOf, positionOf } from './audit-page.ts'
import { securityInteractions } from './security-event-resource.ts'

export type AccountingAsked = {
  readonly patient: string
  /** Instants, half-open. */
  readonly from?: string
  readonly until?: string
  /** What they did themselves as well. */
  readonly own: boolean
  readonly count?: string
  readonly cursor?: string
  /** As they were sent, for the links. */
  readonly applied: readonly (readonly [string, string])[]
  readonly unknown: readonly string[]
  /** It is the patient who asks. */
  readonly isPatient: boolean
  /** Nothing that concerns one of these as well, as in a search of AuditEvents. */
  readonly except?: readonly string[]
}

export async function accounting(house: House, asker: Asker, asked: AccountingAsked): Promise<Reply> {
  const { patient, from, until, own, count, cursor, applied, unknown, isPatient, except } = asked
  const filter: AuditFilter = {
    patients: [patient],
    except: except && (await withMerged(house.pool, except)),
    times: [{ from, until }],
    noInteractions: securityInteractions,
    notPerson: own ? undefined : `Patient/${patient}`,
    before: cursor === undefined ? undefined : positionOf(cursor),
    limit: (count === undefined ? pageSizeDefault : countOf(count)) + 1,
  }
  const path = `Patient/${patient}/$accounting`
  const page = await auditPage(house, filter, { path, applied, unknown, patient: isPatient ? patient : undefined })
  await auditPatients(house.pool, { patients: [patient], entity: `Patient/${patient}`, audit: auditOf(house, asker, 'accounting') })
  return page
}
