/**
 * Whether a resource that was sent says what is stored already, so that writing it would change nothing.
 * https://hl7.org/fhir/R4/http.html#update
 *
 * Order of properties and white space do not count, nor do the version and the time that the server gives. The digits of
 * a decimal do: 1.50 is more exact than 1.5 (https://hl7.org/fhir/R4/datatypes.html#decimal).
 */
import { isDeepStrictEqual } from 'node:util'
import type { Resource } from './resource.ts'

export type Told = { readonly resource: Resource; readonly text: string }

/** The second look costs a parse of both, and is only taken where the first found no difference. */
export const sameResource = (stored: Told, sent: Told): boolean =>
  isDeepStrictEqual(bare(stored.resource), bare(sent.resource)) && isDeepStrictEqual(bare(exact(stored.text)), bare(exact(sent.text)))

/** Without what the server puts in by itself. */
function bare({ id: _id, meta, ...rest }: Resource): Record<string, unknown> {
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...kept } = meta ?? {}
  return Object.keys(kept).length > 0 ? { ...rest, meta: kept } : rest
}

type Reviver = (key: string, value: unknown) => unknown

const exact = (text: string): Resource => JSON.parse(text, digits as Reviver) as Resource

/** The database writes an exponent out. */
const digits = (_key: string, value: unknown, { source = '' }: { source?: string }): unknown =>
  typeof value === 'number' ? { digits: /e/i.test(source) ? String(value) : source } : value
