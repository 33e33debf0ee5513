/**
 * A query string as pairs, in order, repeats kept: of an address, of a form, of `If-None-Exist`, of a Bundle's entry.
 * https://url.spec.whatwg.org/#urlencoded-parsing, but a broken escape is refused.
 */
import { fault } from '../base/fault.ts'
import { queryPartsMax } from '../base/limits.ts'

export type Pairs = readonly (readonly [string, string])[]

const none: Pairs = []

export function parseQuery(raw: string): Pairs {
  if (raw === '') return none
  const parts = raw.split('&', queryPartsMax + 1)
  if (parts.length > queryPartsMax) throw fault('too-costly', `A query may have at most ${queryPartsMax} parts.`)
  return parts.filter((part) => part !== '').map(pairOf)
}

function pairOf(part: string): readonly [string, string] {
  const equals = part.indexOf('=')
  return equals === -1 ? [decoded(part), ''] : [decoded(part.slice(0, equals)), decoded(part.slice(equals + 1))]
}

function decoded(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    throw fault(
      'malformed',
      'The query holds a percent sign that is not followed by the two hexadecimal digits of a UTF-8 byte. Write %25 for a percent sign.',
    )
  }
}
