/**
 * Search of several types in one answer: `GET [base]?_type=Appointment,Slot`, and all of a patient's compartment by
 * `GET Patient/{id}/*`. https://hl7.org/fhir/R4/http.html#search
 *
 * One type after the other, each as a search of its own within what the token may search, so nothing is seen that a search
 * would not show. Only criteria that every type has are applied; the rest are named as unknown, and so is `_sort`.
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { may } from '../access/may.ts'
import { type AuditInteraction, auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { bundle, type Link, queryText, searchEntry } from '../fhir/bundle.ts'
import { compartmentParameters } from '../fhir/patient-compartment.ts'
import type { Pairs } from '../fhir/query-string.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { storedTypes } from '../fhir/resource.ts'
import { cursorParameter, parseSearch, type SearchQuery } from '../fhir/search-query.ts'
import { assertUnderstood, remarks } from '../fhir/search-remarks.ts'
import { subsetOf } from '../fhir/subset.ts'
import type { House } from '../store/house.ts'
import { encodeCursor } from '../store/search/cursor.ts'
import { preparedSearch } from '../store/search/prepared-search.ts'
import type { Bounds } from '../store/search/scope.ts'
import { allowed, assertReach } from './bounds.ts'
import { searchConformance } from './conformance.ts'
import { included } from './included.ts'
import { holdsPatientData } from './read.ts'

/** The types whose resources belong to a patient, beside the Patient. */
export const compartmentTypes = (house: House): string[] =>
  storedTypes.filter((type) => type !== 'Patient' && compartmentParameters(house.definitions, type).length > 0)

export async function searchTypes(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id, query } = request
  const named = typesNamed(query)
  if (id === undefined && named.length === 0) throw fault('required', 'Say which types to search: _type=Appointment,Slot.', '_type')
  if (id === undefined) for (const type of named) allowed(actor, 's', type)
  const open = id === undefined ? named : compartmentTypes(house).filter((type) => named.length === 0 || named.includes(type))
  const types = open.filter((type) => may(actor, 's', type).allowed)
  if (types.length === 0) throw fault('forbidden', "The token's scopes allow a search of nothing here.")
  const pairs = query.filter(([name, value]) => name !== '_type' && value !== '')
  const links = named.length > 0 ? [['_type', named.join(',')] as const] : []
  return answer(
    house,
    actor,
    { types, pairs, links, path: id === undefined ? '' : `Patient/${id}/*`, within: id, interaction: 'search-system', first: [] },
    request,
  )
}

export function typesNamed(query: Pairs): string[] {
  const named = query.flatMap(([name, value]) => (name === '_type' ? value.split(',').filter(Boolean) : []))
  const unknown = named.find((type) => !storedTypes.includes(type))
  if (unknown === undefined) return [...new Set(named)]
  throw fault('value', `\`_type\` names types that are stored here; ${unknown.slice(0, 64).replace(/[^\w-]/g, '')} is none.`, '_type')
}

export type Several = {
  readonly types: readonly string[]
  readonly pairs: Pairs
  /** What is asked of one type beside; a name that the type does not have is passed over. */
  readonly more?: (type: string) => Pairs
  /** Said again in links, before the pairs that were applied. */
  readonly links: Pairs
  /** Below the base. */
  readonly path: string
  readonly within?: string
  readonly interaction: AuditInteraction
  /** Entries that stand before all others, on the first page alone. */
  readonly first: readonly string[]
  /** Resources of this type do not come along by an include. */
  readonly notAlong?: string
}

type Place = { readonly from: number; readonly cursor?: string }

export async function answer(house: House, actor: Actor, several: Several, request: FhirRequest): Promise<Reply> {
  const { common, unknown } = commonPairs(house, several)
  assertUnderstood({ unknown }, request)
  const sample = parseSearch(house.definitions, several.types[0] ?? '', common, house.base)
  const place = placeOf(several)
  const page = await pageOf(house, actor, several, common, place, sample.count)
  const isFirst = place.from === 0 && place.cursor === undefined
  const total = await totalOf(house, actor, several, common, sample, isFirst && page.next === undefined ? page.matches.length : undefined)
  const first = isFirst && sample.count > 0 ? several.first : []
  const entries = [...first, ...page.matches, ...page.along, ...remarks({ unknown })]
  const applied = [...several.links, ...common]
  return {
    status: 200,
    body: bundle(
      'searchset',
      linksOf(house, several.path, applied, page.next),
      entries,
      total === undefined ? undefined : total + several.first.length,
    ),
  }
}

/** The pairs that every type understands, and the names of the others. */
function commonPairs(house: House, { types, pairs }: Several): { common: Pairs; unknown: string[] } {
  const asked = pairs.filter(([name]) => name !== cursorParameter)
  const queries = types.map((type) => parseSearch(house.definitions, type, asked, house.base))
  const common = asked.filter((pair) => pair[0] !== '_sort' && queries.every((query) => query.applied.includes(pair)))
  return { common, unknown: [...new Set(asked.filter((pair) => !common.includes(pair)).map(([name]) => name))] }
}

/** `Slot` or `Slot.` and where the page of Slots ended. */
function placeOf({ types, pairs }: Several): Place {
  const word = pairs.find(([name]) => name === cursorParameter)?.[1]
  if (word === undefined) return { from: 0 }
  const dot = word.indexOf('.')
  const from = types.indexOf(dot === -1 ? word : word.slice(0, dot))
  if (from === -1)
    throw fault(
      'value',
      `\`${cursorParameter}\` is not the end of a page of this search; follow the \`next\` link as it was given.`,
      cursorParameter,
    )
  return dot === -1 ? { from } : { from, cursor: word.slice(dot + 1) }
}

type Page = { readonly matches: string[]; readonly along: string[]; readonly next?: string }

async function pageOf(house: House, actor: Actor, several: Several, common: Pairs, { from, cursor }: Place, count: number): Promise<Page> {
  const page = { matches: [] as string[], along: [] as string[] }
  if (count === 0) return page
  const shown = new Set(several.first.map(nameOf))
  for (const [at, type] of several.types.slice(from).entries()) {
    const left = count - page.matches.length
    if (left === 0) return { ...page, along: fresh(page.along, shown), next: type }
    const more: Pairs = [...(several.more?.(type) ?? []), ['_count', String(left)]]
    const query = parseSearch(
      house.definitions,
      type,
      at === 0 && cursor !== undefined ? [...common, ...more, [cursorParameter, cursor]] : [...common, ...more],
      house.base,
    )
    const { matches, along, next } = await pageOfType(house, actor, several, type, { ...query, count: left })
    for (const entry of matches) shown.add(nameOf(entry))
    page.matches.push(...matches)
    page.along.push(...along)
    if (next !== undefined) return { ...page, along: fresh(page.along, shown), next: `${type}.${next}` }
  }
  return { ...page, along: fresh(page.along, shown) }
}

async function pageOfType(house: House, actor: Actor, several: Several, type: string, query: SearchQuery): Promise<Page> {
  for (const criterion of query.criteria) assertReach(actor, criterion)
  const bounds = boundsOf(house, actor, several, type)
  const audit = (reached: string) =>
    holdsPatientData(house, reached)
      ? auditOf(house, actor, several.interaction, `${several.path}?${queryText([...several.links, ...several.pairs])}`)
      : undefined
  const record = audit(type)
  const prepared = await preparedSearch(house.pool, house.definitions, type, query, bounds)
  const found = await prepared.page(record)
  const rows = found.slice(0, query.count)
  const along = await included(house, { type, query, rows, bounds, auditOf: audit })
  const own = several.within === undefined ? (await searchConformance(house.pool, house, type, query, bounds)).entries : []
  const matches = rows.map((row) => searchEntry(house.base, type, row.id, subsetOf(house.definitions, row.body, query.subset), 'match'))
  const last = found.length > query.count ? rows.at(-1)?.sort : undefined
  const theirs = `{"fullUrl":"${house.base}/${several.notAlong}/`
  return {
    matches: [...own, ...matches],
    along: along.entries.filter((entry) => !entry.startsWith(theirs)),
    next: last ? encodeCursor(last) : undefined,
  }
}

const boundsOf = (house: House, actor: Actor, { within }: Several, type: string): Bounds => ({
  ...boundsFor(house, actor, 's', type),
  ...(within !== undefined && { within }),
})

/** An entry's fullUrl. */
const nameOf = (entry: string): string => /^\{"fullUrl":"([^"]*)"/.exec(entry)?.[1] ?? ''

/** Each resource once; `shown` are those that stand on the page already. */
function fresh(along: readonly string[], shown: ReadonlySet<string>): string[] {
  const seen = new Set(shown)
  return along.filter((entry) => {
    const name = nameOf(entry)
    const isKnown = seen.has(name)
    seen.add(name)
    return !isKnown
  })
}

async function totalOf(
  house: House,
  actor: Actor,
  several: Several,
  common: Pairs,
  sample: SearchQuery,
  known: number | undefined,
): Promise<number | undefined> {
  if (sample.total === 'none' && sample.count > 0) return undefined
  if (sample.count > 0 && known !== undefined) return known
  if (sample.count > 0 && sample.total === undefined) return undefined
  const counts = several.types.map(async (type) => {
    const query = parseSearch(house.definitions, type, [...common, ...(several.more?.(type) ?? [])], house.base)
    const prepared = await preparedSearch(house.pool, house.definitions, type, query, boundsOf(house, actor, several, type))
    return prepared.total()
  })
  return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0)
}

function linksOf(house: House, path: string, applied: Pairs, next: string | undefined): Link[] {
  const address = path === '' ? house.base : `${house.base}/${path}`
  const self: Link = { relation: 'self', url: applied.length > 0 ? `${address}?${queryText(applied)}` : address }
  return next === undefined ? [self] : [self, { relation: 'next', url: `${address}?${queryText([...applied, [cursorParameter, next]])}` }]
}
