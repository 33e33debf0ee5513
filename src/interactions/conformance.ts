/**
 * Our own StructureDefinitions, OperationDefinitions and the rest, served from what was loaded at the start beside those
 * that administrators have added. https://hl7.org/fhir/R4/conformance-module.html
 */
import { fault } from '../base/fault.ts'
import { searchEntry } from '../fhir/bundle.ts'
import { indexValues } from '../fhir/index-values.ts'
import { conformanceTypes, type Resource } from '../fhir/resource.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import { subsetOf } from '../fhir/subset.ts'
import { isOurs } from '../store/conformance.ts'
import type { Db, Pool } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { type JudgedVersion, versionsThatMatch } from '../store/search/judge.ts'
import type { Bounds } from '../store/search/scope.ts'

/** A canonical of ours means what we say: nobody stores another resource under it. */
export function assertOwnCanonical(house: House, { resourceType, url }: Resource): void {
  if (!conformanceTypes.includes(resourceType as never) || !isOurs(house, resourceType, url)) return
  throw fault(
    'business-rule',
    'The url is that of a resource that is part of this server: give yours one of its own.',
    `${resourceType}.url`,
  )
}

export type OwnMatches = {
  /** On the first page alone, before what is stored, whatever the order. */
  readonly entries: readonly string[]
  readonly total: number
}

const nothing: OwnMatches = { entries: [], total: 0 }

/** Ours that meet all criteria within the bounds, as the store would judge them were they its own. */
export async function searchConformance(
  db: Db | Pool,
  house: House,
  type: string,
  query: SearchQuery,
  bounds: Bounds = {},
): Promise<OwnMatches> {
  const ours = ownOf(house).get(type)
  if (!ours) return nothing
  const { definitions, base } = house
  const isNarrowed = query.criteria.length > 0 || bounds.anyOf !== undefined
  const places = isNarrowed ? await versionsThatMatch(db, { definitions, type, criteria: query.criteria, bounds }, ours) : undefined
  const met = places ? ours.filter((_, place) => places.has(place)) : ours
  if (query.cursor !== undefined || query.count === 0) return { entries: [], total: met.length }
  const entries = met.map(({ id, text }) => searchEntry(base, type, id, subsetOf(definitions, text, query.subset), 'match'))
  return { entries, total: met.length }
}

type Own = JudgedVersion & { readonly text: string }

const known = new WeakMap<House['conformance'], ReadonlyMap<string, readonly Own[]>>()

function ownOf(house: House): ReadonlyMap<string, readonly Own[]> {
  const found =
    known.get(house.conformance) ??
    Map.groupBy(
      [...house.conformance.values()].map((text) => ownFrom(house, text)),
      (one) => one.type,
    )
  known.set(house.conformance, found)
  return found
}

function ownFrom({ definitions, base }: House, text: string): Own & { readonly type: string } {
  const resource = JSON.parse(text) as Resource
  const updated = resource.meta?.lastUpdated ?? (typeof resource.date === 'string' ? resource.date : '2026-01-01')
  return { type: resource.resourceType, id: String(resource.id), updated, resource, index: indexValues(definitions, resource, base), text }
}
