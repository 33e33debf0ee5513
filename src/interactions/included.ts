/**
 * What comes with a page by `_include` and `_revinclude`, round after round where they iterate: each resource once.
 * https://hl7.org/fhir/R4/search.html#include
 * Every round is confined to what the caller may search of the types it reaches, so nobody's data leaks by a detour.
 */

import type { Actor } from '../access/actor.ts'
import { mayWhole } from '../access/may.ts'
import { auditEventsNaming } from '../audit/audit-events-along.ts'
import { includedResourcesMax, searchStepsMax, takenApartBytesMax } from '../base/search-limits.ts'
import { searchEntry } from '../fhir/bundle.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import { subsetOf } from '../fhir/subset.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { House } from '../store/house.ts'
import { auditCodes, compileIncludes, includedMost } from '../store/search/include.ts'
import type { FoundRow } from '../store/search/page.ts'
import { runSearch } from '../store/search/run.ts'
import type { Bounds } from '../store/search/scope.ts'
import { auditReach } from './audit-reach.ts'

type Found = { readonly type: string; readonly rows: readonly FoundRow[] }

export type Page = {
  readonly type: string
  readonly query: SearchQuery
  readonly rows: readonly FoundRow[]
  readonly bounds: Bounds
  readonly auditOf: (type: string) => AuditRow | undefined
  readonly actor: Actor
}

/** The entries, and whether there was more than one answer holds. */
export async function included(house: House, page: Page): Promise<{ entries: string[]; cut: boolean }> {
  const { query } = page
  if (query.includes.length + query.revincludes.length === 0) return { entries: [], cut: false }
  const shown = new Set(page.rows.map((row) => `${page.type}/${row.id}`))
  const entries: string[] = []
  let cut = false
  const left = { bytes: takenApartBytesMax }
  let reached: Found[] = [{ type: page.type, rows: page.rows }]
  for (let round = 0; reached.length > 0 && round < searchStepsMax && entries.length < includedResourcesMax; round++) {
    const brought = await oneRound(house, page, reached, round > 0, { shown, left })
    reached = brought.found
    cut ||= brought.cut
    for (const { type, rows } of reached)
      entries.push(
        ...rows.map(({ id, body }) => searchEntry(house.base, type, id, subsetOf(house.definitions, body, query.subset), 'include')),
      )
  }
  return { entries: entries.slice(0, includedResourcesMax), cut: cut || entries.length >= includedResourcesMax }
}

/** What stands in the answer, and how much more text has room in it: both learn of what is found. */
type Answer = { readonly shown: Set<string>; readonly left: { bytes: number } }

/** What is found that was not shown yet, and whether there may be more. */
async function oneRound(
  house: House,
  page: Page,
  from: readonly Found[],
  again: boolean,
  { shown, left }: Answer,
): Promise<{ found: Found[]; cut: boolean }> {
  const found: Found[] = []
  let cut = false
  const keep = (reached: string, all: readonly FoundRow[]): void => {
    left.bytes -= all.reduce((sum, { body }) => sum + body.length, 0)
    const fresh = all.filter(({ id }) => {
      const known = shown.has(`${reached}/${id}`)
      shown.add(`${reached}/${id}`)
      return !known
    })
    if (fresh.length > 0) found.push({ type: reached, rows: fresh })
  }
  for (const { type, rows } of from) {
    for (const { type: reached, statement } of compileIncludes(
      house.definitions,
      type,
      page.query,
      rows,
      page.bounds,
      { patients: true, bytes: Math.max(left.bytes, 1) },
      again,
    )) {
      if (left.bytes <= 0) return { found, cut: true }
      const some = await runSearch(house.pool, statement, page.auditOf(reached))
      const all = some.filter((row) => !row.cut)
      cut ||= all.length < some.length || all.length >= includedMost(reached)
      keep(reached, all)
    }
    const codes = auditCodes(house.definitions, type, page.query, again)
    if (rows.length === 0 || codes.length === 0 || !mayWhole(page.actor, 's', 'AuditEvent').allowed) continue
    if (left.bytes <= 0) return { found, cut: true }
    const named = { type, ids: rows.map(({ id }) => id), codes }
    const events = await auditEventsNaming(house, auditReach(house, page.actor), named, includedResourcesMax)
    cut ||= events.length >= includedResourcesMax
    keep('AuditEvent', events)
  }
  return { found, cut }
}
