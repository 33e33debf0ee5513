/**
 * The entries of a transaction as what they are to do, judged as far as that can be before the database is asked: their
 * addresses, the scopes that they take, their ids or the criteria that stand for one.
 * https://hl7.org/fhir/R4/http.html#trules
 *
 * Left out: operations, which are no interaction and come in a batch.
 */
import type { Actor } from '../access/actor.ts'
import type { Verb } from '../access/scopes.ts'
import { fault } from '../base/fault.ts'
import { assertNamesItsOwn, type BundleEntry } from '../fhir/bundle-entries.ts'
import { parseQuery } from '../fhir/query-string.ts'
import { servedTypes, storedTypes } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { allowedToWrite } from './allowed.ts'
import { atEntry } from './at-entry.ts'
import { type Criteria, criteriaOf, criteriaOfHeader } from './conditional.ts'
import { assertPatchable } from './patch.ts'
import { assertRemovable } from './remove.ts'
import { assertUpdatable } from './update.ts'

export type Write = {
  readonly entry: BundleEntry
  readonly does: 'delete' | 'create' | 'update' | 'patch'
  readonly type: string
  /** A new one for a create; undefined where criteria stand for it. */
  readonly id?: string
  readonly criteria?: Criteria
}

export type Deed = Write | { readonly entry: BundleEntry; readonly does: 'read' }

const verbs: Readonly<Record<string, readonly [does: Write['does'], verb: Verb]>> = {
  POST: ['create', 'c'],
  PUT: ['update', 'u'],
  PATCH: ['patch', 'u'],
  DELETE: ['delete', 'd'],
}

export const deedsOf = (house: House, actor: Actor, entries: readonly BundleEntry[]): Deed[] =>
  entries.map((entry) => atEntry(entry.index, () => deedOf(house, actor, entry)))

function deedOf(house: House, actor: Actor, entry: BundleEntry): Deed {
  const { method, url } = entry
  if (/(?:^|\/)[$]/.test(url.split('?', 1)[0] ?? ''))
    throw fault('processing', 'An operation is not part of a transaction: send it in a batch, or by itself.', 'Bundle.entry.request.url')
  if (method === 'GET' || method === 'HEAD') return { entry: asRead(entry), does: 'read' }
  const known = verbs[method]
  if (!known) throw fault('processing', `${method} is not part of a transaction here.`, 'Bundle.entry.request.method')
  const [does, verb] = known
  const { type, id, query } = addressOf(entry, does)
  if (does !== 'delete' && entry.resource === undefined) throw fault('required', 'The entry has no resource.', 'Bundle.entry.resource')
  allowedToWrite(actor, verb, type)
  assertNamesItsOwn(entry, house.base)
  return { entry, does, type, ...identityOf(house, actor, entry, does, { type, id, query }) }
}

/** What is read is of a type; the rest of the server is no part of a transaction. */
function asRead(entry: BundleEntry): BundleEntry {
  const [type = ''] = entry.url.split(/[/?]/, 1)
  if (servedTypes.includes(type)) return entry
  throw fault('not-found', 'This server has no such resource type; GET metadata lists those that it has.', 'Bundle.entry.request.url')
}

type Address = { readonly type: string; readonly id?: string; readonly query?: string }

function addressOf({ method, url }: BundleEntry, does: Write['does']): Address {
  const at = 'Bundle.entry.request.url'
  const [, path = '', query] = /^([^?]*)(?:\?(.*))?$/s.exec(url) ?? []
  const [type = '', id, ...further] = path.split('/').filter((step) => step !== '')
  if (type === '') throw fault('structure', 'A Bundle is no part of another: send it by itself.', at)
  if (!servedTypes.includes(type))
    throw fault('not-found', 'This server has no such resource type; GET metadata lists those that it has.', at)
  if (!storedTypes.includes(type)) throw fault('method-not-allowed', `${type} is written by the server alone.`, at)
  if (further.length > 0 || (does === 'create' && (id !== undefined || query !== undefined)))
    throw fault('method-not-allowed', `${method} is not served at this address.`, at)
  if (does !== 'create' && id === undefined && query === undefined)
    throw fault('required', 'Say which resource is meant: Type/id, or search criteria.', at)
  return { type, id, query }
}

function identityOf(
  house: House,
  actor: Actor,
  entry: BundleEntry,
  does: Write['does'],
  { type, id, query = '' }: Address,
): Pick<Write, 'id' | 'criteria'> {
  if (does === 'create') {
    if (entry.ifNoneExist === undefined) return { id: house.ids.next() }
    return { criteria: criteriaOfHeader(house, type, entry.ifNoneExist) }
  }
  if (id === undefined) return { criteria: criteriaOf(house, type, parseQuery(query)) }
  if (does === 'delete') assertRemovable(house, actor, type, id)
  else if (does === 'patch') assertPatchable(house, actor, type, id)
  else assertUpdatable(house, actor, type, id)
  return { id }
}
