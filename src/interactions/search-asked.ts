/**
 * A search as it was asked, read once however often it is asked: whoever waits for a free time asks the same again and
 * again, and reading a search costs the server as much as running it. A query is never changed once it is read.
 * Left out: what names a ValueSet or a CodeSystem, whose content may change.
 */

import { type Recent, recent } from '../base/recent.ts'
import { rememberedSearchCharsMax, rememberedSearchesMax } from '../base/search-limits.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import type { Pairs } from '../fhir/query-string.ts'
import { parseSearch, type SearchQuery } from '../fhir/search-query.ts'
import type { House } from '../store/house.ts'

/** The definitions are others once a SearchParameter is added. */
const read = new WeakMap<Definitions, Recent<SearchQuery>>()

export function searchAsked({ definitions, base }: House, type: string, pairs: Pairs, ofOnePatient = false): SearchQuery {
  const asked = JSON.stringify([base, type, pairs, ofOnePatient])
  if (asked.length > rememberedSearchCharsMax) return parseSearch(definitions, type, pairs, base, { ofOnePatient, audited: true })
  const known = read.get(definitions) ?? recent<SearchQuery>(rememberedSearchesMax)
  read.set(definitions, known)
  return known.get(asked) ?? known.put(asked, parseSearch(definitions, type, pairs, base, { ofOnePatient, audited: true }))
}
