/**
 * FHIR search of one type, by GET and by `POST _search`, also of what a compartment holds of it.
 * https://hl7.org/fhir/R4/http.html#search and https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 *
 * A page is one statement, its audit row in it. `total` is said where it is known without counting, or was asked for.
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { searchAuditEvents } from '../audit/audit-events.ts'
import { auditOf } from '../audit/audit-of.ts'
import { bundle, type Link, queryText } from '../fhir/bundle.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { cursorParameter, parseSearch, type SearchQuery } from '../fhir/search-query.ts'
import { assertUnderstood, remarks } from '../fhir/search-remarks.ts'
import { terminologyFor } from '../store/conformance.ts'
import type { House } from '../store/house.ts'
import { encodeCursor } from '../store/search/cursor.ts'
import { type PreparedSearch, preparedSearch } from '../store/search/prepared-search.ts'
import type { Bounds } from '../store/search/scope.ts'
import { allowed, assertReach } from './allowed.ts'
import { auditReach } from './audit-reach.ts'
import { searchConformance } from './conformance.ts'
import { compartmentOf, pathOf, placed } from './in-compartment.ts'
import { included } from './included.ts'
import { holdsPatientData } from './read.ts'
import { searchAsked } from './search-asked.ts'
import { type SearchPage, searchPage } from './search-page.ts'
import { searchTypes } from './search-types.ts'
import { throughAudit } from './through-audit.ts'

export async function search(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '' } = request
  if (type === '' || type === '*') return searchTypes(house, actor, request)
  allowed(actor, 's', type)
  const compartment = compartmentOf(house, request)
  if (type === 'AuditEvent') return ofAudit(house, actor, request)
  const known = await terminologyFor(house.pool, house, request.query)
  const ofOnePatient = compartment?.type === 'Patient'
  const asked = known
    ? parseSearch(house.definitions, type, request.query, house.base, { known, ofOnePatient, audited: true })
    : searchAsked(house, type, request.query, ofOnePatient)
  assertUnderstood(asked, request)
  for (const criterion of asked.criteria) assertReach(actor, criterion)
  const looked = asked.audited ? await throughAudit(house, actor, asked, known) : asked
  const { query, within } = placed(house, compartment, type, looked)
  const bounds: Bounds = { ...boundsFor(house, actor, 's', type), ...within }
  const prepared = await preparedSearch(house.pool, house.definitions, type, query, bounds)
  const path = pathOf(compartment, type)
  const page = await searchPage(house, type, query, prepared, auditFor(house, actor, type, query, path))
  const own = await searchConformance(house.pool, house, type, query, bounds)
  const auditOf = (reached: string) => auditFor(house, actor, reached, query, path)
  const along = await included(house, { type, query, rows: page.rows, bounds, actor, auditOf })
  const total = await totalOf(prepared, query, page.fetched)
  const entries = [...own.entries, ...page.entries, ...along.entries, ...remarks(query, along.cut)]
  return {
    status: 200,
    body: bundle('searchset', linksOf(house, path, query, page), entries, total === undefined ? undefined : total + own.total),
  }
}

function ofAudit(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const reach = auditReach(house, actor)
  return searchAuditEvents(house, request, reach, (asked, query, rows) =>
    included(house, {
      type: 'AuditEvent',
      query,
      rows,
      bounds: { of: reach.boundsOf },
      actor,
      auditOf: (reached) => (holdsPatientData(house, reached) ? auditOf(house, actor, 'search-type', asked) : undefined),
    }),
  )
}

const auditFor = (house: House, actor: Actor, type: string, query: SearchQuery, path: string) =>
  holdsPatientData(house, type) ? auditOf(house, actor, 'search-type', `${path}?${appliedText(query)}`) : undefined

async function totalOf(prepared: PreparedSearch, query: SearchQuery, fetched: number): Promise<number | undefined> {
  if (query.total === 'none' && query.count > 0) return undefined
  if (query.count > 0 && query.cursor === undefined && fetched <= query.count) return fetched
  return query.count > 0 && query.total === undefined ? undefined : prepared.total()
}

function linksOf(house: House, path: string, query: SearchQuery, { sort }: SearchPage): Link[] {
  const asked = appliedText(query)
  const self = `${house.base}/${path}${asked === '' ? '' : `?${asked}`}`
  if (!sort) return [{ relation: 'self', url: self }]
  const cursor = queryText([[cursorParameter, encodeCursor(sort)]])
  return [
    { relation: 'self', url: self },
    { relation: 'next', url: `${house.base}/${path}?${asked === '' ? '' : `${asked}&`}${cursor}` },
  ]
}

const appliedTexts = new WeakMap<SearchQuery, string>()

/** What was understood of a query, as an address says it. */
function appliedText(query: SearchQuery): string {
  const known = appliedTexts.get(query) ?? queryText(query.applied)
  appliedTexts.set(query, known)
  return known
}
