/**
 * `Subscription/{id}/$events`: events again, by their numbers, for a subscriber that has missed some.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-events.html
 *
 * A page is as long as the limit says; what is left has higher numbers than the last that was shown.
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { pageSizeMax } from '../base/search-limits.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { eventsBetween, subscriptionState } from '../store/subscriptions.ts'
import type { Asked, Content } from '../subscriptions/asked.ts'
import { notificationBundle } from '../subscriptions/notification.ts'
import { toldEvents } from '../subscriptions/told-events.ts'
import { namedValues } from './named-values.ts'
import { assertMayAsk } from './subscription-status.ts'

const contents: readonly string[] = ['empty', 'id-only', 'full-resource'] satisfies readonly Content[]

export async function subscriptionEvents(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id = '' } = request
  assertMayAsk(actor, 'Subscription')
  const state = await subscriptionState(house.pool, id)
  if (!state) throw fault('not-found', `There is no Subscription/${id} that was ever asked to be active.`)
  const asked = state.asked as Asked
  assertMayAsk(actor, asked.type)
  const named = namedValues(request, ['eventsSinceNumber', 'eventsUntilNumber', 'content'])
  const [said = asked.content] = named('content')
  if (!contents.includes(said)) throw fault('value', 'The content is empty, id-only or full-resource.', 'content')
  const content = said as Content
  const [from = '1'] = named('eventsSinceNumber').map(numberOf('eventsSinceNumber'))
  const [until] = named('eventsUntilNumber').map(numberOf('eventsUntilNumber'))
  const rows = await eventsBetween(house.pool, id, from, until, pageSizeMax)
  const shown = { audit: auditOf(house, actor, 'notify'), entity: `Subscription/${id}` }
  // They were matched for whoever made the Subscription; whoever asks may be somebody else.
  const events = await toldEvents(house, rows, content, shown, actor)
  return { status: 200, body: notificationBundle(house, state, { type: 'query-event', content, events }) }
}

const numberOf =
  (name: string) =>
  (text: string): string => {
    if (/^\d{1,18}$/.test(text)) return text
    throw fault('value', `Say \`${name}\` as the number of an event.`, name)
  }
