/**
 * An audit row as it is shown to somebody: its AuditEvent as text, and whom and what that names, for includes to follow.
 * https://hl7.org/fhir/R4/search.html#include
 */
import type { AuditFound } from '../store/audit-search.ts'
import type { FoundRow } from '../store/search/page.ts'
import { auditEventResource } from './audit-event-resource.ts'
import { isSecurityEvent } from './security-event-resource.ts'

/** `patient`: to whom alone it is shown. */
export function auditEventRow({ base }: { readonly base: string }, row: AuditFound, patient: string | undefined): FoundRow {
  const shown = shownTo(row, patient)
  return { id: row.id, body: JSON.stringify(auditEventResource(shown, base)), references: referencesOf(shown) }
}

/** As a search finds it by them. The program and the server are no references. */
function referencesOf(row: AuditFound): string[] {
  const { patient, entity, person } = row
  const whose = patient === null ? [] : [`patient=Patient/${patient}`, ...(isSecurityEvent(row) ? [] : [`entity=Patient/${patient}`])]
  return [...whose, ...(entity ? [`entity=${entity}`] : []), ...(person ? [`agent=${person}`] : [])]
}

/** To a patient an event says what was done with their own data: what was asked for, where it brought others too, is not theirs. */
export const shownTo = (row: AuditFound, patient: string | undefined): AuditFound =>
  patient === undefined || !row.shared ? row : { ...row, query: null, entity: isAnother(row.entity, patient) ? null : row.entity }

export const isAnother = (entity: string | null, patient: string): boolean =>
  /^Patient\/[^/]+$/.test(entity ?? '') && entity !== `Patient/${patient}`
