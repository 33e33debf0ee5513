/**
 * What a desk answers, before it is HTTP: `http/fhir-reply.ts` turns it into a status, headers and bytes.
 */
import type { Readable } from 'node:stream'

export type Reply = {
  readonly status: number
  /** JSON text as it will be sent; stored bodies are never parsed on the way. */
  readonly body?: string
  /** Becomes `ETag: W/"3"`. */
  readonly version?: string
  /** ISO 8601; becomes `Last-Modified`. */
  readonly updated?: string
  /** Relative to the FHIR base, for example `Patient/1/_history/2`. */
  readonly location?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Where it is no FHIR resource; it then goes out as it is. */
  readonly contentType?: string
  /** In place of `body`: sent as it comes, so that an answer of any length takes as much memory as one piece of it. */
  readonly pieces?: AsyncIterable<string>
  /** In place of `body`: open until one side ends it, and sent at once, uncompressed. */
  readonly live?: Readable
}
