/**
 * `$export` at the system, at Patient and at a Group: takes the order and says where its progress can be asked for.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-kick-off-request
 *
 * What goes into the files is listed by `jobs/list-exports.ts`; what is in them is read when they are fetched.
 */
import type { Actor } from '../access/actor.ts'
import { isKeptFrom } from '../access/compartment.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { exportPatientsMax, exportsUnderWayMax } from '../base/bulk-limits.ts'
import { fault } from '../base/fault.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import { startExport } from '../store/bulk-exports.ts'
import type { House } from '../store/house.ts'
import { readResource } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { bulkOrder, tooManyUnderWay, underWay } from './bulk-order.ts'
import { exportWish, type Reach } from './export-wish.ts'

export async function exportResources(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  if (request.headers.prefer.respondAsync !== true)
    throw fault('required', 'An export is answered later: send the header Prefer: respond-async.', 'Prefer')
  const wish = exportWish(house, actor, request, await reachOf(house, actor, request))
  const order = { ...bulkOrder(house, actor, request), wish: JSON.stringify(wish) }
  if (!(await inTransaction(house.pool, (tx) => startExport(tx, order, exportsUnderWayMax))))
    throw tooManyUnderWay('export', exportsUnderWayMax)
  return underWay(house, 'export', order.id)
}

async function reachOf(house: House, actor: Actor, { type, id = '' }: FhirRequest): Promise<Reach> {
  if (type === undefined) return {}
  if (type === 'Patient') return { patients: 'any' }
  const permission = may(actor, 'r', 'Group')
  if (!permission.allowed || permission.patient !== undefined || permission.queries)
    throw fault('forbidden', "The token does not allow this: to export a Group's patients takes a scope such as system/Group.r.")
  const row = await readResource(house.pool, 'Group', id, auditOf(house, actor, 'read'))
  const isKept =
    actor.keptFrom !== undefined && (!row?.body || isKeptFrom(house.definitions, actor, JSON.parse(row.body) as Resource, house.base))
  if (!row || isKept) throw fault('not-found', `There is no Group/${id}.`)
  if (row.body === null) throw fault('gone', `Group/${id} was deleted.`)
  return { patients: membersOf(house, JSON.parse(row.body) as GroupBody) }
}

type GroupBody = { readonly member?: readonly { readonly entity?: { readonly reference?: string }; readonly inactive?: boolean }[] }

/** Those who are members now. */
function membersOf(house: House, { member = [] }: GroupBody): string[] {
  const references = member
    .filter(({ inactive }) => inactive !== true)
    .map(({ entity }) => relativeReference(entity?.reference ?? '', house.base))
  const ids = references.flatMap((reference) => /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(reference)?.[1] ?? [])
  if (ids.length > exportPatientsMax) throw fault('too-costly', `The Group has more than ${exportPatientsMax} patients.`)
  return [...new Set(ids)]
}
