/**
 * Reference strings: what is ours becomes `Type/id`, what is elsewhere stays the URL it is.
 * https://hl7.org/fhir/R4/references.html#literal
 * Left out: resolving (that is the store's), and conditional references of transactions.
 */

const local = /^([A-Z][A-Za-z]*)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/
const tail = /(?:^|\/)([A-Z][A-Za-z]*)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/

/** Relative and without version where the reference is to a resource of `base` (no slash at its end), else as written. */
export function relativeReference(reference: string, base?: string): string {
  const length = base === undefined ? 0 : lengthOfBase(reference, base)
  const rest = length > 0 ? reference.slice(length + 1) : reference
  const history = rest.indexOf('/_history/')
  if (history === -1) return rest
  return local.test(rest) ? rest.slice(0, history) : rest
}

const origin = /^https?:\/\/[^/?#\s]+/i
const defaultPort = /^(http:.*):80$|^(https:.*):443$/

const originOf = (url: string): string | undefined => origin.exec(url)?.[0].toLowerCase().replace(defaultPort, '$1$2')

/**
 * How much of the reference is `base` itself; 0 where it is elsewhere. Scheme and host may be in capitals, and a default port
 * be said: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.1
 */
function lengthOfBase(reference: string, base: string): number {
  if (reference.startsWith(base)) return reference.charCodeAt(base.length) === 47 ? base.length : 0
  const said = originOf(reference)
  if (said === undefined || said !== originOf(base)) return 0
  const path = base.replace(origin, '')
  const start = reference.indexOf('/', said.indexOf('//') + 2)
  return reference.startsWith(`${path}/`, start) ? start + path.length : 0
}

/** `Type/id` taken apart; undefined for anything else, an absolute URL too. */
export function localReference(reference: string): { readonly type: string; readonly id: string } | undefined {
  const parts = local.exec(reference)
  return parts ? { type: parts[1] ?? '', id: parts[2] ?? '' } : undefined
}

/** The resource type that a literal reference names, wherever the resource lives; undefined where the text does not say. */
export const typeOfReference = (reference: string): string | undefined => tail.exec(reference)?.[1]
