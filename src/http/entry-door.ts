/**
 * The way in for an entry of a Bundle: the same table of routes, the same check of scopes, the same desks, the same words
 * for a refusal; only that nothing of it is HTTP. https://hl7.org/fhir/R4/http.html#transaction
 */
import { type Refusals, refusalOf } from '../auth/refusals.ts'
import { Fault, fault } from '../base/fault.ts'
import type { BundleEntry } from '../fhir/bundle-entries.ts'
import type { EntryReply } from '../fhir/bundle-response.ts'
import { refusalText } from '../fhir/operation-outcome.ts'
import { parseQuery } from '../fhir/query-string.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest, Prefer } from '../fhir/request.ts'
import type { Desk } from '../interactions/desk.ts'
import type { Doors } from '../interactions/doors.ts'
import { assertMay } from './assert-may.ts'
import type { Desks } from './desks.ts'
import { faultOf, statusOf } from './error-handler.ts'
import { asPreferred, isNotModified } from './fhir-reply.ts'
import { type Address, assertAddress } from './fhir-request.ts'
import { type DeskName, named, openPaths, type Route, routeTo, strayAddress } from './routes.ts'
import { assertNoStrangers } from './strict-query.ts'

/** Their answers are no FHIR resources, or come later. */
const notInBundles: ReadonlySet<DeskName> = new Set<DeskName>([
  'exportResources',
  'exportStatus',
  'exportFile',
  'importResources',
  'importStatus',
  'importErrors',
])

/** `statement`: answers `GET metadata`, which has a door of its own. */
export function entryDoors(desks: Desks, statement: Desk, refusals?: Refusals): Doors {
  return {
    answer: async (house, actor, entry, prefer) => {
      if (asksForStatement(entry)) {
        const request = { query: parseQuery(cut(entry.url)[1]), headers: headersOf(entry, prefer), method: 'GET', url: entry.url }
        return answered('capabilities', request, await statement(house, actor, request), entry.method)
      }
      const { route, request } = entryRequest(entry, prefer)
      const [, , verb, desk] = route
      assertMay(actor, verb, request)
      assertNoStrangers(desk, request)
      if (desk === 'bundle') throw fault('structure', 'A Bundle is no part of another: send it by itself.', 'Bundle')
      if (desk === 'eventStream' || notInBundles.has(desk))
        throw fault('processing', 'Exports, imports and streams are asked for and fetched by themselves, not in a Bundle.')
      return answered(desk, request, await desks[desk](house, actor, request), entry.method)
    },
    refused: (house, error, { client, user: person, address }) => {
      const noted = refusals && refusalOf(error, { client, person, address })
      if (noted) refusals?.note(noted)
      const refusal = error instanceof Fault ? error : faultOf(house, error, { reference: house.ids.next(), route: 'an entry of a batch' })
      return { status: statusOf(refusal), outcome: refusalText(refusal) }
    },
  }
}

const asksForStatement = ({ method, url }: BundleEntry): boolean =>
  (method === 'GET' || method === 'HEAD') && `/${cut(url)[0].replace(/\/$/, '')}` === openPaths.metadata

const headersOf = ({ ifMatch, ifNoneMatch, ifModifiedSince, ifNoneExist }: BundleEntry, prefer: Prefer): FhirRequest['headers'] => ({
  ifMatch,
  ifNoneMatch,
  ifModifiedSince,
  ifNoneExist,
  prefer,
})

function answered(desk: Address['desk'], request: FhirRequest, reply: Reply, method: string): EntryReply {
  if (isNotModified(request, reply)) return { status: 304, version: reply.version, updated: reply.updated }
  return entryReply(desk, request, { ...reply, resource: asPreferred(desk, request, reply) }, method)
}

/** An OperationOutcome that was preferred to what was written is told beside the answer; any other is the answer. */
const writes: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'remove'])

function entryReply(desk: Address['desk'], { headers }: FhirRequest, reply: EntryReply, method: string): EntryReply {
  const { status, resource, version, updated, location } = reply
  if (headers.prefer.return === 'OperationOutcome' && writes.has(desk)) return { status, outcome: resource, version, updated, location }
  return { status, resource: method === 'HEAD' ? undefined : resource, version, updated, location }
}

function entryRequest(entry: BundleEntry, prefer: Prefer): { route: Route; request: FhirRequest } {
  const { method, url, resource, exact } = entry
  const [path = '', search = ''] = cut(url)
  const asked = method === 'HEAD' ? 'GET' : method
  const found = routeTo(asked, path)
  if (!found) throw strayAddress(url)
  const { route, params } = found
  const address = { ...named(route[1]), desk: route[3] }
  const { type = address.type, id, vid } = params
  assertAddress({ type, id, vid }, address.desk, url)
  if (resource === undefined && writes.has(address.desk) && address.desk !== 'remove')
    throw fault('required', 'The entry has no resource.', 'Bundle.entry.resource')
  const sent = asked === 'GET' || resource === undefined ? {} : { body: resource, text: JSON.stringify(exact) }
  return {
    route,
    request: {
      type,
      id,
      vid,
      compartment: address.compartment,
      operation: address.operation,
      query: parseQuery(search),
      ...sent,
      headers: headersOf(entry, prefer),
      method: asked,
      url,
    },
  }
}

function cut(url: string): [path: string, query: string] {
  const query = url.indexOf('?')
  return query === -1 ? [url, ''] : [url.slice(0, query), url.slice(query + 1)]
}
