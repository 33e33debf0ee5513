/**
 * What a desk is asked, after HTTP has been taken off it: `http/fhir-request.ts` makes one, and a batch or a command can
 * make one as well. https://hl7.org/fhir/R4/http.html
 *
 * Nothing here is validated beyond its shape: ids, queries and bodies are as they were sent.
 */

/** https://hl7.org/fhir/R4/http.html#return and https://hl7.org/fhir/R4/search.html#errors */
export type Prefer = {
  readonly return?: 'minimal' | 'representation' | 'OperationOutcome'
  readonly handling?: 'strict' | 'lenient'
  /** https://hl7.org/fhir/R4/async.html */
  readonly respondAsync?: boolean
}

export type RequestHeaders = {
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
  readonly ifNoneExist?: string
  readonly ifModifiedSince?: string
  readonly prefer: Prefer
  readonly idempotencyKey?: string
}

export type Format = 'json' | 'xml'

export type FhirRequest = {
  readonly type?: string
  readonly id?: string
  readonly vid?: string
  /** Where the address is of a compartment, the type it is named after; `id` is whose it is. */
  readonly compartment?: string
  /** Without its `$`, for example `find-slots`. */
  readonly operation?: string
  /** In order, decoded, from the URL; the fields of a `POST _search` are appended. */
  readonly query: readonly (readonly [string, string])[]
  /** Parsed JSON. */
  readonly body?: unknown
  /** The JSON text of the body exactly as it was sent, or as its XML says. */
  readonly text?: string
  /** The media type of a patch, without parameters. */
  readonly patchType?: string
  /** A body that is read as it comes (NDJSON), in place of `body` and `text`. */
  readonly bytes?: AsyncIterable<Uint8Array>
  readonly headers: RequestHeaders
  /**
   * At an address whose answer stays open: the last event that the client has, and whether its token is still good (throws
   * `login`).
   */
  readonly stream?: { readonly lastEventId?: string; readonly assertSignedIn: () => unknown }
  readonly method: string
  /** What the answer is to be written in; JSON where it is not said. Desks speak JSON alone. */
  readonly format?: Format
  /** In place of `format` for a Binary, which may go out as what it holds: the media types that the client takes. */
  readonly accept?: string
  /** Path and query relative to the FHIR base, for self links: `Slot?status=free`. */
  readonly url: string
}
