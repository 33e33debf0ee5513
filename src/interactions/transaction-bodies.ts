/**
 * The resources of a transaction, ready to be written: references between entries renamed, then judged like any that is
 * sent by itself. One whose references are searches is judged when those are answered, after what it may find is written.
 * https://hl7.org/fhir/R4/http.html#trules
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import { belowBase, conditionalReferences, type Names, relinked, withReferences } from '../fhir/bundle-references.ts'
import { parseQuery } from '../fhir/query-string.ts'
import { type Resource, servedTypes } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { atEntry } from './at-entry.ts'
import { criteriaOf, oneMatch } from './conditional.ts'
import { type Submitted, submittedBody } from './submitted.ts'
import { namesOf, type Target } from './transaction-targets.ts'
import { assertBodyId } from './update.ts'

export type Body = {
  /** Undefined while searches in it wait for their answer. */
  readonly submitted?: Submitted
  readonly resource: Resource
  readonly exact: Resource
  readonly searches: readonly string[]
}

/** By the index of the entry. */
export type Bodies = ReadonlyMap<number, Body>

export function bodiesOf(house: House, targets: readonly Target[]): Bodies {
  const names = namesOf(targets)
  return new Map(
    targets.flatMap((target): [number, Body][] => {
      const { resource, index } = target.entry
      return resource === undefined || target.does === 'delete' || target.does === 'patch'
        ? []
        : [[index, atEntry(index, () => bodyOf(house, target, resource, names))]]
    }),
  )
}

function bodyOf(house: House, target: Target, sent: Resource, names: Names): Body {
  const { definitions } = house
  const { fullUrl, exact: exactlySent = sent } = target.entry
  const text = JSON.stringify(exactlySent)
  const mayRefer = names.size > 0 || text.includes('"urn:')
  const resource = mayRefer ? relinked(definitions, sent, names, fullUrl) : sent
  const exact = exactlySent === sent ? resource : mayRefer ? relinked(definitions, exactlySent, names, fullUrl) : exactlySent
  const searches = text.includes('?') ? conditionalReferences(definitions, resource, house.base) : []
  if (searches.length > 0) return { resource, exact, searches }
  return { resource, exact, searches, submitted: judged(house, target, resource, exact === exactlySent ? text : JSON.stringify(exact)) }
}

function judged(house: House, { does, type, ids, criteria }: Target, resource: Resource, text: string): Submitted {
  const body = submittedBody(house, type, resource)
  const [id = ''] = ids
  if (does === 'update' && (criteria === undefined || body.id !== undefined)) assertBodyId(type, id, body)
  // Written by criteria it may be new, and then it is to have the id that the others know it by.
  return { type, id, text, resource: criteria && does === 'update' ? { ...body, id } : body }
}

/** What is to be written of an entry, its searches answered by what is there now. */
export async function submittedOf(tx: Tx, house: House, actor: Actor, target: Target, body: Body): Promise<Submitted> {
  if (body.submitted) return body.submitted
  const found = new Map<string, string>()
  for (const search of body.searches) found.set(search, await foundBy(tx, house, actor, search))
  const resource = withReferences(house.definitions, body.resource, found)
  const exact = withReferences(house.definitions, body.exact, found)
  return judged(house, target, resource, JSON.stringify(exact))
}

async function foundBy(tx: Tx, house: House, actor: Actor, search: string): Promise<string> {
  const [type = '', query = ''] = belowBase(search, house.base).split(/\?(.*)/s)
  if (!servedTypes.includes(type)) throw fault('not-found', 'A reference names by search a resource type that this server does not have.')
  const match = await oneMatch(tx, house, actor, criteriaOf(house, type, parseQuery(query)))
  if (match) return `${type}/${match.id}`
  throw fault('not-found', `Nothing meets the criteria of a reference to a ${type}.`)
}
