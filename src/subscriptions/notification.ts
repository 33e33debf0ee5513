/**
 * What a subscriber is sent, and what `$status` and `$events` answer: a Bundle whose first entry says how the
 * Subscription stands, then the resources that the events are about, as much of them as was asked for.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html
 */
import type { House } from '../store/house.ts'
import type { EventRow, StateRow } from '../store/subscriptions.ts'
import type { Asked, Content } from './asked.ts'

export type NotificationType = 'handshake' | 'heartbeat' | 'event-notification' | 'query-status' | 'query-event'

/** An event with the resource as it was then; null where it was deleted, or may not be shown. */
export type ToldEvent = EventRow & { readonly body: string | null }

export type Notification = {
  readonly type: NotificationType
  readonly content: Content
  readonly events: readonly ToldEvent[]
}

const guide = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-'

export function statusParameters(house: House, state: StateRow, { type, content, events }: Notification): object {
  const { topic } = state.asked as Asked
  return {
    resourceType: 'Parameters',
    id: house.ids.next(),
    meta: { profile: [`${guide}status-r4`] },
    parameter: [
      { name: 'subscription', valueReference: { reference: `${house.base}/Subscription/${state.subscription}` } },
      ...(topic === undefined ? [] : [{ name: 'topic', valueCanonical: topic }]),
      { name: 'status', valueCode: state.phase },
      { name: 'type', valueCode: type },
      { name: 'events-since-subscription-start', valueString: state.lastNumber },
      ...events.map((event) => ({ name: 'notification-event', part: eventParts(house, content, event) })),
      ...(state.phase === 'error' && state.error !== null ? [{ name: 'error', valueCodeableConcept: { text: state.error } }] : []),
    ],
  }
}

const eventParts = (house: House, content: Content, { number, at, type, id }: ToldEvent): object[] => [
  { name: 'event-number', valueString: number },
  { name: 'timestamp', valueInstant: at.toISOString() },
  ...(content === 'empty' ? [] : [{ name: 'focus', valueReference: { reference: `${house.base}/${type}/${id}` } }]),
]

/** JSON text. Stored bodies are put in as they are. */
export function notificationBundle(house: House, state: StateRow, notification: Notification): string {
  const status = JSON.stringify({
    fullUrl: `urn:uuid:${house.ids.next()}`,
    resource: statusParameters(house, state, notification),
    request: { method: 'GET', url: `${house.base}/Subscription/${state.subscription}/$status` },
    response: { status: '200' },
  })
  const entries = notification.content === 'empty' ? [] : notification.events.map((event) => eventEntry(house, notification.content, event))
  const head = {
    resourceType: 'Bundle',
    id: house.ids.next(),
    meta: { profile: [`${guide}notification-r4`] },
    type: 'history',
    timestamp: house.clock.now().toISOString(),
  }
  return `${JSON.stringify(head).slice(0, -1)},"entry":[${[status, ...entries].join(',')}]}`
}

const requests: Readonly<Record<string, readonly [method: string, status: string]>> = {
  create: ['POST', '201'],
  delete: ['DELETE', '204'],
}

function eventEntry(house: House, content: Content, { type, id, version, kind, body }: ToldEvent): string {
  const [method, status] = requests[kind] ?? ['PUT', '200']
  const resource = content === 'full-resource' && body !== null ? `"resource":${body},` : ''
  const request = JSON.stringify({ method, url: method === 'POST' ? type : `${type}/${id}` })
  const response = JSON.stringify({ status, ...(version === '0' || method === 'DELETE' ? {} : { etag: `W/"${version}"` }) })
  return `{"fullUrl":"${house.base}/${type}/${id}",${resource}"request":${request},"response":${response}}`
}
