/**
 * A page of AuditEvents, newest first, as a searchset; `_cursor` of the next is the last one's time and id.
 * https://hl7.org/fhir/R4/search.html
 */
import { fault } from '../base/fault.ts'
import { pageSizeMax } from '../base/search-limits.ts'
import { bundle, type Link, queryText, searchEntry } from '../fhir/bundle.ts'
import { spanOf } from '../fhir/date-time.ts'
import type { Reply } from '../fhir/reply.ts'
import { remarks } from '../fhir/search-remarks.ts'
import { type Subset, subsetOf } from '../fhir/subset.ts'
import { type AuditFilter, type AuditFound, countAudit, findAudit } from '../store/audit-search.ts'
import type { House } from '../store/house.ts'
import { withMerged } from '../store/patient-merges.ts'
import type { FoundRow } from '../store/search/page.ts'
import { auditEventRow } from './audit-event-row.ts'

/** A UUIDv7; something of the patient's behind it where a row is an event for each of several. */
export const auditIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(\.[0-9a-f]{12})?$/

export type AuditAsked = {
  /** Below the base, for the links. */
  readonly path: string
  /** What was asked for and understood. */
  readonly applied: readonly (readonly [string, string])[]
  readonly unknown: readonly string[]
  /** To whom alone it is shown. */
  readonly patient: string | undefined
  readonly subset?: Subset
  /** Whether all are counted, where that was said. */
  readonly counted?: boolean
  /** What comes along with those on the page. */
  readonly along?: (rows: readonly FoundRow[]) => Promise<{ entries: string[]; cut: boolean }>
}

/** `limit`: one more than the page holds, to see whether there is a next. Patients stand for the records merged into them too. */
export async function auditPage(house: House, filter: AuditFilter, asked: AuditAsked): Promise<Reply> {
  const wholly = filter.patients ? { ...filter, patients: await withMerged(house.pool, filter.patients) } : filter
  const rows = filter.limit > 1 ? await findAudit(house.pool, wholly) : []
  const page = rows.slice(0, filter.limit - 1)
  const shown = page.map((row) => auditEventRow(house, row, asked.patient))
  const entries = shown.map(({ id, body }) =>
    searchEntry(house.base, 'AuditEvent', id, subsetOf(house.definitions, body, asked.subset), 'match'),
  )
  const along = await asked.along?.(shown)
  const last = rows.length === page.length ? undefined : page.at(-1)
  return {
    status: 200,
    body: bundle(
      'searchset',
      linksOf(house, asked, last),
      [...entries, ...(along?.entries ?? []), ...remarks(asked, along?.cut)],
      await totalOf(house, wholly, asked, rows.length),
    ),
  }
}

/** As of any search: said where it is known without counting, where it was asked for, and where nothing else is. */
async function totalOf({ pool }: House, filter: AuditFilter, { counted }: AuditAsked, found: number): Promise<number | undefined> {
  if (filter.limit > 1 && counted === false) return undefined
  if (filter.limit > 1 && filter.before === undefined && found < filter.limit) return found
  return filter.limit > 1 && !counted ? undefined : countAudit(pool, filter)
}

function linksOf(house: House, { path, applied }: AuditAsked, last: AuditFound | undefined): Link[] {
  const address = `${house.base}/${path}`
  const self: Link = { relation: 'self', url: applied.length > 0 ? `${address}?${queryText(applied)}` : address }
  if (!last) return [self]
  return [self, { relation: 'next', url: `${address}?${queryText([...applied, ['_cursor', `${last.at.toISOString()}_${last.id}`]])}` }]
}

export function countOf(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw fault('value', 'Say `_count` as a whole number, 0 or more.', '_count')
  return Math.min(Number(value), pageSizeMax)
}

export function positionOf(cursor: string): { at: string; id: string } {
  const [at = '', id = ''] = cursor.split('_')
  if (!spanOf(at) || !auditIdPattern.test(id))
    throw fault('value', '`_cursor` is not the end of a page; follow the `next` link as it was given.', '_cursor')
  return { at, id }
}
