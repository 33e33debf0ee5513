/**
 * `If-Match`: a write is only made over the version that its writer has seen. A stale one is 412 in R4.
 * https://hl7.org/fhir/R4/http.html#concurrency
 */
import { fault } from '../base/fault.ts'
import { namesVersion } from '../fhir/etag.ts'
import type { StoredRow } from '../store/resources.ts'

const etagPattern = /^(?:W\/)?"?([^"]*)"?$/

/** Throws `stale`. No header: no condition. */
export function assertVersion(ifMatch: string | undefined, row: StoredRow | undefined): void {
  if (ifMatch === undefined) return
  const current = row && !row.deleted ? row.version : undefined
  const named = ifMatch.split(',').map((tag) => etagPattern.exec(tag.trim())?.[1])
  if (current !== undefined && (named.includes(current) || ifMatch.trim() === '*')) return
  throw fault(
    'stale',
    current === undefined
      ? 'If-Match names a version, but the resource is not there.'
      : `If-Match names another version: the current one is ${current}. Read it again and repeat the change.`,
  )
}

/** `If-None-Match: *` on a write: only where there is nothing yet (RFC 9110 13.1.2). Throws `stale`. */
export function assertAbsent(ifNoneMatch: string | undefined, row: StoredRow | undefined): void {
  if (ifNoneMatch === undefined || !row || row.deleted || !namesVersion(ifNoneMatch, row.version)) return
  throw fault('stale', `If-None-Match names what is there: the current version is ${row.version}.`)
}
