/**
 * Search of several types in one answer: `GET [base]?_type=Appointment,Slot`, and all of a compartment by
 * `GET Patient/{id}/*`. https://hl7.org/fhir/R4/http.html#search
 *
 * One type after the other, each as a search of its own within what the token may search, so nothing is seen that a search
 * would not show; with `_sort` in one order over all (sorted-types.ts). Only what every type has is applied, a `_sort` too;
 * the rest is named as unknown.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { bundle, type Link, queryText } from '../fhir/bundle.ts'
import { typesPlacedIn } from '../fhir/compartments.ts'
import type { Pairs } from '../fhir/query-string.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { storedTypes } from '../fhir/resource.ts'
import { cursorParameter, type SearchQuery } from '../fhir/search-query.ts'
import { assertUnderstood, remarks } from '../fhir/search-remarks.ts'
import { terminologyFor } from '../store/conformance.ts'
import type { House } from '../store/house.ts'
import { sortsAlike } from '../store/search/across-types.ts'
import { encodeCursor } from '../store/search/cursor.ts'
import { includedMost } from '../store/search/include.ts'
import { shownRows } from '../store/search/page.ts'
import { preparedSearch } from '../store/search/prepared-search.ts'
import { allowed } from './allowed.ts'
import { searchConformance } from './conformance.ts'
import { compartmentOf, pathOf } from './in-compartment.ts'
import {
  alongWith,
  fresh,
  matchEntry,
  nameOf,
  ownEntries,
  type Page,
  queryOf,
  recordOf,
  room,
  type Several,
  searchOf,
} from './several-types.ts'
import { sortedTypes } from './sorted-types.ts'

export async function searchTypes(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { query } = request
  const compartment = compartmentOf(house, request)
  const named = typesNamed(query)
  if (compartment === undefined && named.length === 0)
    throw fault('required', 'Say which types to search: _type=Appointment,Slot.', '_type')
  if (compartment === undefined) for (const type of named) allowed(actor, 's', type)
  const all = compartment === undefined ? named : typesPlacedIn(house.definitions, compartment.type)
  const open = all.filter((type) => named.length === 0 || named.includes(type))
  const types = open.filter((type) => may(actor, 's', type).allowed)
  if (types.length === 0) throw fault('forbidden', "The token's scopes allow a search of nothing here.")
  const pairs = query.filter(([name, value]) => name !== '_type' && value !== '')
  const links = named.length > 0 ? [['_type', named.join(',')] as const] : []
  const known = await terminologyFor(house.pool, house, pairs)
  return answer(
    house,
    actor,
    {
      types,
      pairs,
      known,
      links,
      path: pathOf(compartment, compartment === undefined ? '' : '*'),
      compartment,
      interaction: 'search-system',
      first: [],
    },
    request,
  )
}

export function typesNamed(query: Pairs): string[] {
  const named = query.flatMap(([name, value]) => (name === '_type' ? value.split(',').filter(Boolean) : []))
  const unknown = named.find((type) => !storedTypes.includes(type))
  if (unknown === undefined) return [...new Set(named)]
  throw fault('value', `\`_type\` names types that are stored here; ${unknown.slice(0, 64).replace(/[^\w-]/g, '')} is none.`, '_type')
}

type Place = { readonly from: number; readonly cursor?: string }

export async function answer(house: House, actor: Actor, several: Several, request: FhirRequest): Promise<Reply> {
  const { common, unknown } = commonPairs(house, several)
  assertUnderstood({ unknown }, request)
  const sample = queryOf(house, several, several.types[0] ?? '', common)
  const cursor = several.pairs.find(([name]) => name === cursorParameter)?.[1]
  const page =
    sample.sort.length > 0
      ? await sortedTypes(house, actor, several, common, { count: sample.count, cursor })
      : await pageOf(house, actor, several, common, placeOf(several, cursor), sample.count)
  const isFirst = cursor === undefined
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

/** The pairs that every type understands, a `_sort` in one way, and the names of the others. */
function commonPairs(house: House, several: Several): { common: Pairs; unknown: string[] } {
  const { types, pairs } = several
  const asked = pairs.filter(([name]) => name !== cursorParameter)
  const queries = types.map((type) => ({ type, query: queryOf(house, several, type, asked) }))
  const isSorted = sortsAlike(house.definitions, queries)
  const common = asked.filter((pair) => (isSorted || pair[0] !== '_sort') && queries.every(({ query }) => query.applied.includes(pair)))
  return { common, unknown: [...new Set(asked.filter((pair) => !common.includes(pair)).map(([name]) => name))] }
}

/** `Slot` or `Slot.` and where the page of Slots ended. */
function placeOf({ types }: Several, word: string | undefined): Place {
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

async function pageOf(house: House, actor: Actor, several: Several, common: Pairs, { from, cursor }: Place, count: number): Promise<Page> {
  const page = { matches: [] as string[], along: [] as string[] }
  if (count === 0) return page
  const shown = new Set(several.first.map(nameOf))
  for (const [at, type] of several.types.slice(from).entries()) {
    const left = count - page.matches.length
    const bytes = Math.min(room(page.matches), room(page.along))
    if (left === 0 || bytes <= 0) return { ...page, along: fresh(page.along, shown), next: type }
    const more: Pairs = [...(several.more?.(type) ?? []), ['_count', String(left)]]
    const query = queryOf(
      house,
      several,
      type,
      at === 0 && cursor !== undefined ? [...common, ...more, [cursorParameter, cursor]] : [...common, ...more],
    )
    const { matches, along, next } = await pageOfType(
      house,
      actor,
      several,
      type,
      { ...query, count: Math.min(left, includedMost(type)) },
      bytes,
    )
    for (const entry of matches) shown.add(nameOf(entry))
    page.matches.push(...matches)
    page.along.push(...along)
    if (next !== undefined) return { ...page, along: fresh(page.along, shown), next: `${type}.${next}` }
  }
  return { ...page, along: fresh(page.along, shown) }
}

async function pageOfType(house: House, actor: Actor, several: Several, type: string, query: SearchQuery, bytes: number): Promise<Page> {
  const one = searchOf(house, actor, several, type, query)
  const prepared = await preparedSearch(house.pool, house.definitions, type, one.query, one.bounds)
  const found = await prepared.page(recordOf(house, actor, several, type), bytes)
  const { rows, more } = shownRows(found, query.count)
  const own = await ownEntries(house, several, one)
  const last = more ? rows.at(-1)?.sort : undefined
  return {
    matches: [...own, ...rows.map((row) => matchEntry(house, one, row))],
    along: await alongWith(house, actor, several, one, rows),
    next: last ? encodeCursor(last) : undefined,
  }
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
    const asked = queryOf(house, several, type, [...common, ...(several.more?.(type) ?? [])])
    const { query, bounds } = searchOf(house, actor, several, type, asked)
    const prepared = await preparedSearch(house.pool, house.definitions, type, query, bounds)
    const own = several.compartment === undefined ? (await searchConformance(house.pool, house, type, query, bounds)).total : 0
    return (await prepared.total()) + own
  })
  return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0)
}

function linksOf(house: House, path: string, applied: Pairs, next: string | undefined): Link[] {
  const address = path === '' ? house.base : `${house.base}/${path}`
  const self: Link = { relation: 'self', url: applied.length > 0 ? `${address}?${queryText(applied)}` : address }
  return next === undefined ? [self] : [self, { relation: 'next', url: `${address}?${queryText([...applied, [cursorParameter, next]])}` }]
}
