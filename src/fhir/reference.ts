/**
 * Reference strings: what is ours becomes `Type/id`, what is elsewhere stays the URL it is.
 * https://hl7.org/fhir/R4/references.html#literal
 * Left out: resolving (that is the store's), and conditional references of transactions.
 */

const local = /^([A-Z][A-Za-z]*)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/
const tail = /(?:^|\/)([A-Z][A-Za-z]*)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/

/** Relative and without version where the reference is to a resource of `base` (no slash at its end), else as written. */
export function relativeReference(reference: string, base?: string): string {
  const ours = base !== undefined && reference.startsWith(base) && reference.charCodeAt(base.length) === 47
  const rest = ours ? reference.slice(base.length + 1) : reference
  const history = rest.indexOf('/_history/')
  if (history === -1) return rest
  return local.test(rest) ? rest.slice(0, history) : rest
}

/** `Type/id` taken apart; undefined for anything else, an absolute URL too. */
export function localReference(reference: string): { readonly type: string; readonly id: string } | undefined {
  const parts = local.exec(reference)
  return parts ? { type: parts[1] ?? '', id: parts[2] ?? '' } : undefined
}

/** The resource type that a literal reference names, wherever the resource lives; undefined where the text does not say. */
export const typeOfReference = (reference: string): string | undefined => tail.exec(reference)?.[1]
