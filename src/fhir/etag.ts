/**
 * Versions as entity tags: `W/"3"`. https://hl7.org/fhir/R4/http.html#versioning
 */

export const etagOf = (version: string): string => `W/"${version}"`

/** The version that an `If-Match` names, read kindly: `W/"3"`, `"3"` and `3` are one. Undefined where it names none. */
export function versionOfEtag(header: string): string | undefined {
  return /^\s*(?:W\/)?"?([A-Za-z0-9.-]{1,64})"?\s*$/.exec(header)?.[1]
}

/** Whether an `If-None-Match` (a list, or `*`) names this version. Weak comparison, RFC 9110 8.8.3.2. */
export function namesVersion(ifNoneMatch: string, version: string): boolean {
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || versionOfEtag(tag) === version)
}
