/**
 * AuditEvents that come along with what they name, `_revinclude=AuditEvent:entity`, newest first and so many at most.
 * https://hl7.org/fhir/R4/search.html#revinclude
 * They are those that a search by the same references shows to who asks.
 */
import { findAudit } from '../store/audit-search.ts'
import type { House } from '../store/house.ts'
import { withMerged } from '../store/patient-merges.ts'
import type { FoundRow } from '../store/search/page.ts'
import { referringFacts } from './audit-column-criteria.ts'
import { auditEventRow } from './audit-event-row.ts'
import { type AuditReach, recordsOf } from './audit-wanted.ts'

export type Named = { readonly type: string; readonly ids: readonly string[]; readonly codes: readonly string[] }

export async function auditEventsNaming(
  house: House,
  { patient, except }: Pick<AuditReach, 'patient' | 'except'>,
  { type, ids, codes }: Named,
  limit: number,
): Promise<FoundRow[]> {
  const { pool, definitions, base } = house
  const references = ids.map((id) => `${type}/${id}`)
  const ways = codes.map(async (code) => {
    if (code === 'patient') return [{ patients: await withMerged(pool, ids) }]
    return code === 'agent' || code === 'entity' ? referringFacts(code, references, { definitions, base, patient }).any : []
  })
  const rows = await findAudit(pool, {
    times: [],
    conditions: [{ any: (await Promise.all(ways)).flat(), not: false }],
    shownTo: patient,
    patients: patient === undefined ? undefined : await withMerged(pool, [patient]),
    except: await recordsOf(house, except),
    limit,
  })
  return rows.map((row) => auditEventRow(house, row, patient))
}
