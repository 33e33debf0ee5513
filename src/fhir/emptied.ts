/**
 * What a patch has left empty: a list or an element without content is no FHIR (https://hl7.org/fhir/R4/json.html#null),
 * so whoever takes the last thing out of one takes it away as well. What was sent empty stays, and is refused later.
 */

/** Those that something was taken out of. */
export type Emptied = Set<object>

/** Takes away what is in `emptied`, has nothing in it any more, and whatever holds nothing but that. */
export function withoutEmptied(value: unknown, emptied: Emptied): void {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value).reverse()) {
    const held = (value as Record<string, unknown>)[key]
    withoutEmptied(held, emptied)
    if (typeof held !== 'object' || held === null || !emptied.has(held) || Object.keys(held).length > 0) continue
    emptied.add(value)
    if (Array.isArray(value)) value.splice(Number(key), 1)
    else delete (value as Record<string, unknown>)[key]
  }
}
