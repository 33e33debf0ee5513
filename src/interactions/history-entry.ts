/**
 * One version as an entry of a history: how it came about, and the resource unless it was a deletion.
 * https://hl7.org/fhir/R4/bundle.html#history
 */
import type { Definitions } from '../fhir/definitions/types.ts'
import { type Subset, subsetOf } from '../fhir/subset.ts'
import type { StoredRow } from '../store/resources.ts'

type Base = { readonly base: string; readonly definitions: Definitions }

/** The text of the entry, its resource with the elements that are wanted. */
export function historyEntry({ base, definitions }: Base, type: string, id: string, row: StoredRow, subset?: Subset): string {
  const isFirst = row.version === '1'
  const method = row.deleted ? 'DELETE' : isFirst && isOfOurMaking(id, row.updated) ? 'POST' : 'PUT'
  const status = row.deleted ? '204' : isFirst ? '201' : '200'
  const request = JSON.stringify({ method, url: method === 'POST' ? type : `${type}/${id}` })
  const response = JSON.stringify({ status, etag: `W/"${row.version}"`, lastModified: row.updated.toISOString() })
  const resource = row.body === null ? '' : `"resource":${subsetOf(definitions, row.body, subset)},`
  return `{"fullUrl":"${base}/${type}/${id}",${resource}"request":${request},"response":${response}}`
}

const uuidOfTime = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** Between an id being drawn and the row being stamped lie a transaction's tries at most. */
const makingMsMax = 60_000

/**
 * Whether we gave the id, and so were sent a POST. Our ids tell the time at which they were drawn (`base/ids.ts`): one that a
 * client chose for its PUT is another kind of text, or tells another time.
 */
function isOfOurMaking(id: string, made: Date): boolean {
  const [, high, low] = uuidOfTime.exec(id) ?? []
  return high !== undefined && Math.abs(Number.parseInt(high + low, 16) - made.getTime()) < makingMsMax
}
