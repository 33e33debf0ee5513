/**
 * `Subscription/{id}/$status` and `Subscription/$status`: how Subscriptions stand, as the R5 backport has it.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-status.html
 *
 * A granular scope cannot be asked of a status, and opens none.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { pageSizeMax } from '../base/search-limits.ts'
import { bundle } from '../fhir/bundle.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { subscriptionStates } from '../store/subscriptions.ts'
import { statusParameters } from '../subscriptions/notification.ts'
import { namedValues } from './named-values.ts'

export async function subscriptionStatus(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  assertMayAsk(actor, 'Subscription')
  const named = namedValues(request, ['id', 'status'])
  const ids = request.id === undefined ? named('id') : [request.id]
  const states = await subscriptionStates(house.pool, { ids, statuses: request.id === undefined ? named('status') : [] }, pageSizeMax)
  if (request.id !== undefined && states.length === 0) throw fault('not-found', `There is no Subscription/${request.id}.`)
  const entries = states.map((state) => {
    const parameters = statusParameters(house, state, { type: 'query-status', content: 'empty', events: [] })
    return JSON.stringify({ fullUrl: `urn:uuid:${house.ids.next()}`, resource: parameters, search: { mode: 'match' } })
  })
  return { status: 200, body: bundle('searchset', [{ relation: 'self', url: `${house.base}/${request.url}` }], entries, entries.length) }
}

/** Everything of a type, without confinement. */
export function assertMayAsk(actor: Actor, type: string): void {
  const permission = may(actor, 'r', type)
  if (permission.allowed && permission.patient === undefined && !permission.queries) return
  throw fault('forbidden', `This takes a scope that reads every ${type}.`)
}
