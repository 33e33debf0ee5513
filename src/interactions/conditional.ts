/**
 * Which resource a conditional write means: the one that meets its search criteria.
 * https://hl7.org/fhir/R4/http.html#ccreate, #cond-update and #cdelete
 *
 * Criteria are never guessed at: a part that is not wholly understood is refused, for it would match more than was meant.
 * A writer finds what its scopes let it search, and no more.
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { lockedMatchAttemptsMax } from '../base/limits.ts'
import type { SlotWrite } from '../booking/slots-in-turn.ts'
import { indexValues } from '../fhir/index-values.ts'
import { type Pairs, parseQuery } from '../fhir/query-string.ts'
import type { Resource } from '../fhir/resource.ts'
import { parseSearch, type SearchQuery } from '../fhir/search-query.ts'
import { lockCriteria } from '../store/criteria-locks.ts'
import type { Db, Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'
import { preparedSearch } from '../store/search/prepared-search.ts'
import { assertReach } from './allowed.ts'
import { searchConformance } from './conformance.ts'
import { lockToWrite } from './lock-to-write.ts'

export type Criteria = { readonly type: string; readonly query: SearchQuery }

/** A current resource that meets the criteria; `ours` is part of the server and cannot be changed. */
export type Match = { readonly id: string; readonly version: string; readonly ours: boolean }

/** Say how the answer shall look, and nothing about what is meant. */
const presentation: ReadonlySet<string> = new Set(['_format', '_pretty'])

/** The criteria of `If-None-Exist: identifier=s|1`, also where they are led by `?` or `Patient?`. */
export const criteriaOfHeader = (house: House, type: string, header: string): Criteria =>
  criteriaOf(house, type, parseQuery(header.replace(new RegExp(`^\\s*(?:${type})?\\?`), '').trim()))

/** Throws where there are none, and for each part that is no criterion of the type. */
export function criteriaOf(house: House, type: string, asked: Pairs): Criteria {
  const pairs = asked.filter(([name]) => !presentation.has(name))
  if (pairs.length === 0)
    throw fault('required', 'Say which resource is meant: its id in the address, or search criteria such as identifier=system|value.')
  for (const [name, value] of pairs)
    if (value.replaceAll(',', '') === '')
      throw fault('value', `The criterion ${name.slice(0, 80)} has no value: it would match every ${type}.`, name)
  const query = parseSearch(house.definitions, type, pairs, house.base)
  const [stranger] = query.unknown
  if (stranger !== undefined)
    throw fault(
      'value',
      `${stranger.slice(0, 80)} is no search parameter of ${type} here, so nobody can tell which resource is meant.`,
      stranger.slice(0, 80),
    )
  if (query.criteria.length < pairs.length)
    throw fault('value', 'Criteria say which resource is meant: leave parameters out that only shape a result, such as _count and _sort.')
  return { type, query }
}

/** Throws `forbidden` where the actor may not search what the criteria name. */
function assertMaySearch(actor: Actor, { type, query }: Criteria): void {
  if (!may(actor, 's', type).allowed) throw fault('forbidden', `A conditional write searches: it takes a scope that grants "s" on ${type}.`)
  for (const criterion of query.criteria) assertReach(actor, criterion)
}

/** What meets the criteria, at most `max` and one more. */
export async function matchesOf(db: Db, house: House, actor: Actor, criteria: Criteria, max: number): Promise<Match[]> {
  assertMaySearch(actor, criteria)
  const { type, query } = criteria
  const own = await searchConformance(db, house, type, { ...query, count: max })
  const ours = own.entries.map((entry): Match => {
    const { resource } = JSON.parse(entry) as { resource: Resource }
    return { id: String(resource.id), version: '1', ours: true }
  })
  const prepared = await preparedSearch(db, house.definitions, type, { ...query, count: max }, boundsFor(house, actor, 's', type))
  const rows = await prepared.page()
  const found = rows.map(({ id, body }): Match => ({ id, version: (JSON.parse(body) as Resource).meta?.versionId ?? '', ours: false }))
  return [...ours, ...found]
}

/** Throws `multiple-matches`. */
export async function oneMatch(db: Db, house: House, actor: Actor, criteria: Criteria): Promise<Match | undefined> {
  const [match, another] = await matchesOf(db, house, actor, criteria, 1)
  if (another) throw fault('multiple-matches', `More than one ${criteria.type} meets the criteria: say more about the one that is meant.`)
  return match
}

/** The one that meets the criteria, held until the transaction ends. Looked for again where somebody else wrote it first. */
export async function lockedMatch(
  tx: Tx,
  house: House,
  actor: Actor,
  criteria: Criteria,
  write: Omit<SlotWrite, 'id'>,
): Promise<{ readonly id: string; readonly row: StoredRow } | undefined> {
  for (let attempt = 1; attempt <= lockedMatchAttemptsMax; attempt++) {
    const match = await oneMatch(tx, house, actor, criteria)
    if (!match) return undefined
    assertNotOurs(criteria.type, match)
    const row = await lockToWrite(tx, house, criteria.type, { ...write, id: match.id })
    if (row && !row.deleted && row.version === match.version) return { id: match.id, row }
  }
  throw fault('transient', 'Too much is written here at once just now. Try again in a moment.')
}

export function assertNotOurs(type: string, { id, ours }: Match): void {
  if (ours) throw fault('forbidden', `${type}/${id} is part of this server and cannot be changed.`)
}

/**
 * To be called before the search, by a write that makes `resource` where nothing is found. Of two such writes that would
 * each meet the other's criteria, however differently those are spelt, the second waits for the first and then finds it:
 * where one asks by identifier, both hold that identifier's lock; else both hold the type's.
 * A write without criteria needs no turn: it comes before or after, as if there had been no haste.
 */
export const takeTurn = (tx: Tx, house: House, criteria: Criteria, resource: Resource): Promise<void> =>
  takeTurns(tx, house, [{ criteria, resource }])

/** All the turns that one transaction takes, at once. */
export const takeTurns = (tx: Tx, house: House, writes: readonly { criteria: Criteria; resource: Resource }[]): Promise<void> =>
  lockCriteria(
    tx,
    writes.flatMap(({ criteria, resource }) => locksOf(house, criteria, resource)),
  )

function locksOf(house: House, { type, query }: Criteria, resource: Resource): string[] {
  const own = indexValues(house.definitions, resource, house.base).terms.filter(isIdentifier)
  const asked = query.criteria
    .flatMap((criterion) => (criterion.kind === 'words' && criterion.code === 'identifier' && !criterion.not ? [criterion.words] : []))
    .find((words) => words.length > 0 && words.every(isIdentifier))
  const names = [...own, ...(asked ?? ['*'])]
  return names.map((name) => `conditional ${type} ${name}`)
}

/** `identifier=system|value` and `identifier=value`; not `identifier=system|`, which any number share. */
const isIdentifier = (word: string): boolean => word.startsWith('identifier=') && !word.endsWith('|')
