/**
 * What each entry of a batch or a transaction came to, as the Bundle that answers it. Stored bodies are put in as they are.
 * https://hl7.org/fhir/R4/bundle.html#transaction-response
 */
import { etagOf } from './etag.ts'

export type EntryReply = {
  readonly status: number
  /** JSON text. */
  readonly resource?: string
  /** JSON text of an OperationOutcome: why it was refused, or the one that was preferred to the resource. */
  readonly outcome?: string
  readonly version?: string
  /** ISO 8601. */
  readonly updated?: string
  /** Relative to the base. */
  readonly location?: string
}

export function bundleResponse(base: string, type: 'batch-response' | 'transaction-response', replies: readonly EntryReply[]): string {
  const entries = replies.map((reply) => entryText(base, reply))
  const listed = entries.length > 0 ? `,"entry":[${entries.join(',')}]` : ''
  return `{"resourceType":"Bundle","type":"${type}"${listed}}`
}

function entryText(base: string, { status, resource, outcome, version, updated, location }: EntryReply): string {
  const said = JSON.stringify({
    status: String(status),
    location: location === undefined ? undefined : `${base}/${location}`,
    etag: version === undefined ? undefined : etagOf(version),
    lastModified: updated,
  })
  const told = outcome === undefined ? said : `${said.slice(0, -1)},"outcome":${outcome}}`
  const fullUrl = location === undefined ? '' : `"fullUrl":${JSON.stringify(`${base}/${location.replace(/\/_history\/.*$/, '')}`)},`
  return resource === undefined ? `{${fullUrl}"response":${told}}` : `{${fullUrl}"resource":${resource},"response":${told}}`
}
