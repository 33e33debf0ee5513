/**
 * Bundles as text: stored bodies are put in as they are, so a page of resources is never parsed on its way out.
 * https://hl7.org/fhir/R4/bundle.html
 */

export type Link = { readonly relation: 'self' | 'next' | 'previous' | 'first'; readonly url: string }

/** One search entry. `id` undefined: the entry has no fullUrl (an OperationOutcome). */
export const searchEntry = (
  base: string,
  type: string,
  id: string | undefined,
  body: string,
  mode: 'match' | 'include' | 'outcome',
): string => `{${id === undefined ? '' : `"fullUrl":"${base}/${type}/${id}",`}"resource":${body},"search":{"mode":"${mode}"}}`

export function bundle(
  type: 'searchset' | 'history',
  links: readonly Link[],
  entries: readonly string[],
  total: number | undefined,
): string {
  const said = total === undefined ? '' : `,"total":${total}`
  const head = `{"resourceType":"Bundle","type":"${type}"${said},"link":${JSON.stringify(links)}`
  if (entries.length === 0) return `${head}}`
  // Put together at once: a page is long enough for another copy of it to be felt.
  const last = entries.length - 1
  return entries.map((entry, at) => `${at === 0 ? `${head},"entry":[` : ''}${entry}${at === last ? ']}' : ''}`).join(',')
}

/** `name=value&…`, encoded, for links. */
export const queryText = (pairs: readonly (readonly [string, string])[]): string =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString()
