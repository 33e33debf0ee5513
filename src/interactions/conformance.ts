/**
 * Our own StructureDefinitions, OperationDefinitions and the rest, served from what was loaded at the start beside those
 * that administrators have added. https://hl7.org/fhir/R4/conformance-module.html
 */
import { fault } from '../base/fault.ts'
import { searchEntry } from '../fhir/bundle.ts'
import { conformanceTypes, type Resource } from '../fhir/resource.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import { subsetOf } from '../fhir/subset.ts'
import { isOurs } from '../store/conformance.ts'
import type { House } from '../store/house.ts'

/** A canonical of ours means what we say: nobody stores another resource under it. */
export function assertOwnCanonical(house: House, { resourceType, url }: Resource): void {
  if (!conformanceTypes.includes(resourceType as never) || !isOurs(house, resourceType, url)) return
  throw fault(
    'business-rule',
    'The url is that of a resource that is part of this server: give yours one of its own.',
    `${resourceType}.url`,
  )
}

/** Ours that match, on the first page only. `_id` and `url` narrow; any other criterion leaves them out. */
export function searchConformance(house: House, type: string, query: SearchQuery): string[] {
  if (query.cursor !== undefined || query.count === 0) return []
  return [...house.conformance].flatMap(([name, body]) => {
    if (!name.startsWith(`${type}/`)) return []
    const id = name.slice(type.length + 1)
    return matches(query, id, body) ? [searchEntry(house.base, type, id, subsetOf(house.definitions, body, query.subset), 'match')] : []
  })
}

/** Says how the result is wanted, and nothing about what is found. */
const shaping = /^_(count|summary|elements|total|sort|include|revinclude|format|pretty)(:|$)/

function matches(query: SearchQuery, id: string, body: string): boolean {
  const url = (JSON.parse(body) as { url?: string }).url
  return query.applied.every(([name, value]) => {
    if (shaping.test(name)) return true
    const values = value.split(',')
    return name === '_id' ? values.includes(id) : name === 'url' && url !== undefined && values.includes(url)
  })
}
