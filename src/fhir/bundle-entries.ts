/**
 * A Bundle that was sent as a batch or a transaction, taken apart: its envelope judged, each entry as the request that it
 * stands for. https://hl7.org/fhir/R4/bundle.html#bdl and https://hl7.org/fhir/R4/http.html#transaction
 *
 * Left out: the entries' resources, which are judged like those that are sent by themselves.
 */
import { fault } from '../base/fault.ts'
import { bundleEntriesMax } from '../base/limits.ts'
import type { Definitions } from './definitions/types.ts'
import { exactJson } from './json.ts'
import type { Resource } from './resource.ts'
import { assertValid } from './validate/validate.ts'

export type BundleEntry = {
  /** From 0, as in `Bundle.entry[0]`. */
  readonly index: number
  readonly fullUrl?: string
  readonly method: string
  /** Below the FHIR base, without a slash before it: `Patient/1`, `Slot?status=free`. */
  readonly url: string
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
  readonly ifModifiedSince?: string
  readonly ifNoneExist?: string
  readonly resource?: Resource
  /** The resource again, with numbers that keep the digits they came with: for the text that is stored. */
  readonly exact?: Resource
}

export type SubmittedBundle = { readonly type: 'batch' | 'transaction'; readonly entries: readonly BundleEntry[] }

type SentEntry = { fullUrl?: string; resource?: Resource; request: Record<string, string> }

/** `base`: our own address, under which an entry may name itself wholly. */
export function bundleEntries(definitions: Definitions, body: unknown, text: string, base: string): SubmittedBundle {
  const sent = body as { resourceType?: unknown; type?: unknown; entry?: SentEntry[] } | null
  if (sent?.resourceType !== 'Bundle')
    throw fault('structure', 'What is sent to the base is a Bundle, a batch or a transaction.', 'Bundle.resourceType')
  if (Array.isArray(sent.entry) && sent.entry.length > bundleEntriesMax)
    throw fault('too-costly', `A Bundle may have at most ${bundleEntriesMax} entries: divide it.`, 'Bundle.entry')
  assertAllAsk(sent)
  assertValid(definitions, envelope(sent), 'Bundle')
  const { type, entry = [] } = sent
  if (type !== 'batch' && type !== 'transaction')
    throw fault('value', 'A Bundle that is sent to the base is of type batch or transaction.', 'Bundle.type')
  const exact = (exactJson(text) ?? sent) as { entry?: SentEntry[] }
  return { type, entries: entry.map((one, index) => entryOf(one, exact.entry?.[index], index, base)) }
}

/** Said here: without its resource such an entry is an empty element, of which another rule speaks. */
function assertAllAsk({ type, entry }: { type?: unknown; entry?: unknown }): void {
  if ((type !== 'batch' && type !== 'transaction') || !Array.isArray(entry)) return
  const bare = entry.findIndex((one) => isBare(withoutResource(one)))
  if (bare !== -1)
    throw fault('required', 'The entry has no request: it says what is done, by a method and a url (bdl-3).', `Bundle.entry[${bare}]`)
}

const isBare = (entry: unknown): boolean => typeof entry === 'object' && entry !== null && Object.keys(entry).length === 0

/** R4 has a `fullUrl` agree with the resource's id where it is no `urn:`; read of our own addresses alone. */
export function assertNamesItsOwn({ fullUrl, method, resource }: BundleEntry, base: string): void {
  if (resource?.id === undefined || !fullUrl?.startsWith(`${base}/`) || (method !== 'PUT' && method !== 'POST')) return
  if (fullUrl.slice(base.length + 1) !== `${resource.resourceType}/${resource.id}`)
    throw fault('value', 'The fullUrl is the address of another resource than the one in the entry.', 'Bundle.entry.fullUrl')
}

/** What is inside an entry stands and falls by itself: in a batch one that is broken spoils no other. */
const envelope = (sent: { entry?: unknown }): unknown =>
  Array.isArray(sent.entry) ? { ...sent, entry: sent.entry.map(withoutResource) } : sent

function withoutResource(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null) return entry
  const { resource: _resource, ...rest } = entry as { resource?: unknown }
  return rest
}

function entryOf({ fullUrl, resource, request }: SentEntry, exact: SentEntry | undefined, index: number, base: string): BundleEntry {
  const { method = '', url = '', ifMatch, ifNoneMatch, ifModifiedSince, ifNoneExist } = request
  return {
    index,
    fullUrl,
    method,
    url: belowBase(url, base),
    ifMatch,
    ifNoneMatch,
    ifModifiedSince,
    ifNoneExist,
    resource,
    exact: exact?.resource,
  }
}

function belowBase(url: string, base: string): string {
  if (url.startsWith(`${base}/`)) return url.slice(base.length + 1)
  return url.startsWith('/') ? url.slice(1) : url
}

/** Where an entry, or something in its resource, is told of: `Slot.start` becomes `Bundle.entry[2].resource.start`. */
export function placeInBundle(index: number, expression?: string): string {
  const entry = `Bundle.entry[${index}]`
  if (expression?.startsWith('Bundle.entry')) return expression.replace(/^Bundle\.entry(?:\[\d+\])?/, entry)
  const element = /^[A-Z][A-Za-z]*((?:\.|\[).*)?$/.exec(expression ?? '')
  return element ? `${entry}.resource${element[1] ?? ''}` : entry
}
