/**
 * Which URLs a URL is below, as `:above` and `:below` mean it: by whole segments of its path.
 * https://hl7.org/fhir/R4/search.html#uri
 */

export const withoutSlash = (uri: string): string => (uri.endsWith('/') ? uri.slice(0, -1) : uri)

/** A URL and every URL that it is below, by whole path segments; what is no URL (`urn:`) is below nothing but itself. */
export function uriAndAbove(uri: string): string[] {
  const whole = withoutSlash(uri)
  const [lead] = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(whole) ?? []
  if (lead === undefined) return [whole]
  const above: string[] = []
  for (let end = whole.length; end >= lead.length; end = whole.lastIndexOf('/', end - 1)) above.push(whole.slice(0, end))
  return above
}
