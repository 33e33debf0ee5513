/**
 * Audit rows as FHIR AuditEvents, read and searched. Nobody writes one over REST.
 * https://hl7.org/fhir/R4/auditevent.html
 *
 * What they are searched by is read in audit-wanted.ts, how the result is wanted here.
 * Left out: `_has`, and another order than newest first.
 */
import { fault } from '../base/fault.ts'
import { pageSizeDefault } from '../base/search-limits.ts'
import { queryText } from '../fhir/bundle.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { assertNoneContained, parseSearch, readTotal, type SearchQuery } from '../fhir/search-query.ts'
import { assertUnderstood } from '../fhir/search-remarks.ts'
import { type AuditFilter, findAudit } from '../store/audit-search.ts'
import { terminologyFor } from '../store/conformance.ts'
import type { House } from '../store/house.ts'
import { withMerged } from '../store/patient-merges.ts'
import type { FoundRow } from '../store/search/page.ts'
import type { AuditReading } from './audit-column-criteria.ts'
import { auditEventRow } from './audit-event-row.ts'
import { auditIdPattern, auditPage, countOf, positionOf } from './audit-page.ts'
import { type AuditReach, type AuditWanted, auditFilterOf, nothingWanted, readAuditCriterion, recordsOf } from './audit-wanted.ts'

export async function readAuditEvent(house: House, id: string, patient: string | undefined, except?: readonly string[]): Promise<Reply> {
  const filter: AuditFilter | undefined = auditIdPattern.test(id)
    ? { times: [], conditions: [{ any: [{ id }], not: false }], except: await recordsOf(house, except), limit: 1 }
    : undefined
  const own = patient === undefined || !filter ? {} : { patients: await withMerged(house.pool, [patient]) }
  const [row] = filter ? await findAudit(house.pool, { ...filter, ...own }) : []
  if (!row) throw fault('not-found', `There is no AuditEvent/${id}.`)
  return {
    status: 200,
    body: auditEventRow(house, row, patient).body,
    version: '1',
    updated: row.at.toISOString(),
  }
}

type Draft = AuditWanted & {
  limit: number
  before?: AuditFilter['before']
  /** Whether all are counted, where that was said. */
  counted?: boolean
}

/** What includes bring to the events shown; `asked` is said of it in the audit. */
export type Along = (asked: string, query: SearchQuery, rows: readonly FoundRow[]) => Promise<{ entries: string[]; cut: boolean }>

const isBringing = ({ includes, revincludes }: SearchQuery): boolean => includes.length + revincludes.length > 0

/** Also what is refused of any type, such as `_sort:desc`. */
const isOfResult = (name: string): boolean =>
  /^_(summary|elements|filter|query|(rev)?include(:.*)?|(count|sort|total|summary|elements|contained|text|content):.*)$/.test(name)

/** Pages go back in time; `_cursor` is the last one's time and id. */
export async function searchAuditEvents(house: House, request: FhirRequest, reach: AuditReach, along: Along): Promise<Reply> {
  const { compartment, id = '' } = request
  const { patient } = reach
  const draft: Draft = { ...nothingWanted(reach), limit: pageSizeDefault + 1 }
  if (compartment === 'Patient') draft.whose.push([id])
  else if (compartment !== undefined) draft.conditions.push({ any: [{ people: [`${compartment}/${id}`] }], not: false })
  const applied: (readonly [string, string])[] = []
  const unknown: string[] = []
  const reading: AuditReading = { ...house, patient, known: await terminologyFor(house.pool, house, request.query) }
  const result = parseSearch(
    house.definitions,
    'AuditEvent',
    request.query.filter(([name]) => isOfResult(name)),
    house.base,
  )
  for (const [name, value] of request.query) {
    if (value === '' || name === '_format' || name === '_pretty' || isOfResult(name)) continue
    if (name === '_cursor') draft.before = positionOf(value)
    else if (readOne(reading, draft, name, value)) applied.push([name, value])
    else unknown.push(name)
  }
  applied.push(...result.applied)
  unknown.push(...result.unknown)
  assertUnderstood({ unknown }, request)
  const { before, counted } = draft
  const meant = await auditFilterOf(house, reading, draft, reach)
  const filter: AuditFilter = { ...meant, before, limit: result.count === 0 ? 1 : draft.limit }
  const path = compartment === undefined ? 'AuditEvent' : `${compartment}/${id}/AuditEvent`
  return auditPage(house, filter, {
    path,
    applied,
    unknown,
    patient,
    subset: result.subset,
    counted,
    along: isBringing(result) ? (rows) => along(`${path}?${queryText(applied)}`, result, rows) : undefined,
  })
}

/** Newest first is the only order there is, so to ask for it is to be understood. */
function readOne(reading: AuditReading, draft: Draft, name: string, value: string): boolean {
  if (name === '_count') draft.limit = countOf(value) + 1
  else if (name === '_total') draft.counted = readTotal(value) !== 'none'
  else if (name === '_contained') return assertNoneContained(value)
  else if (name === '_sort') return value === '-date' || value === '-_lastUpdated'
  else return readAuditCriterion(reading, draft, name, value)
  return true
}
