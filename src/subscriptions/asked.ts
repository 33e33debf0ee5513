/**
 * What the elements of a Subscription come to: R4's own (criteria are a search, a rest-hook is sent the resource or
 * nothing), or the R5 backport's (criteria are a topic). What this server cannot do is refused when it is written.
 * https://hl7.org/fhir/R4/subscription.html
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html
 */
import { signingSecretUrl } from '../access/channel-secrets.ts'
import { fault } from '../base/fault.ts'
import { whyNotCalled } from '../base/outbound.ts'
import {
  notificationEventsMax,
  notificationSecondsDefault,
  notificationSecondsMax,
  signingSecretCharsMin,
} from '../base/subscription-limits.ts'
import { spanOf } from '../fhir/date-time.ts'
import { type Resource, storedTypes } from '../fhir/resource.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import type { House } from '../store/house.ts'
import { assertAskable } from '../store/search/judge.ts'
import { headersOf } from './channel-headers.ts'
import { queryOf } from './filters.ts'
import { topicNamed, topics } from './topics.ts'

export type Content = 'empty' | 'id-only' | 'full-resource'

export type Asked = {
  /** The topic's canonical; absent where the criteria are a search. */
  readonly topic?: string
  /** The type whose changes are judged. */
  readonly type: string
  /** Searches without their type, which all must hold. */
  readonly filters: readonly string[]
  readonly endpoint: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The MIME type of what is sent; absent in R4: nothing is. */
  readonly mime?: string
  readonly content: Content
  readonly heartbeatSeconds?: number
  readonly timeoutSeconds: number
  readonly eventsMax: number
  /** Signs what is sent. */
  readonly secret?: string
}

type Extended = { readonly extension?: readonly Extension[] }
type Extension = Extended & { readonly url?: string; readonly [value: string]: unknown }
type Channel = Extended & {
  readonly type?: string
  readonly endpoint?: string
  readonly payload?: string
  readonly _payload?: Extended
  readonly header?: readonly string[]
}
export type Subscription = Resource & {
  readonly status?: string
  readonly end?: string
  readonly criteria?: string
  readonly _criteria?: Extended
  readonly channel?: Channel
}

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-'

const valueIn = (within: Extended | undefined, url: string, value: string): unknown =>
  within?.extension?.find((extension) => extension.url === url)?.[value]

/** ISO 8601, of an `end` that is said to whatever precision: its first instant. */
export function endOf({ end }: Subscription): string | undefined {
  const span = end === undefined ? undefined : spanOf(end)
  return span && new Date(Number(span.lower)).toISOString()
}

/** Undefined: stored as it was sent, and never active. Throws what is wrong with one that could be, element by element. */
export function askedOf(house: House, subscription: Subscription): Asked | undefined {
  const { criteria = '', channel = {}, status } = subscription
  if (status !== 'requested' && status !== 'active') return undefined
  const end = endOf(subscription)
  if (end !== undefined && Date.parse(end) <= house.clock.now().getTime()) return undefined
  if (/^https?:|^urn:/.test(criteria)) return byTopic(house, subscription, criteria, channel)
  const type = criteria.split('?', 1)[0] ?? ''
  if (!storedTypes.includes(type)) return undefined
  const filter = criteria.slice(type.length + 1)
  assertUnderstood(house, type, queryOf(house, type, [filter], {}), 'Subscription.criteria')
  return { type, filters: [filter], ...channelOf(house, channel), content: 'full-resource', mime: mimeOf(channel), eventsMax: 1 }
}

function byTopic(house: House, subscription: Subscription, url: string, channel: Channel): Asked {
  const topic = topicNamed(url)
  if (!topic)
    throw fault(
      'business-rule',
      `There is no such topic here; the topics are ${topics.map(({ name }) => name).join(', ')}.`,
      'Subscription.criteria',
    )
  const filters = filtersOf(subscription, topic.type)
  assertUnderstood(house, topic.type, queryOf(house, topic.type, filters, topic.aliases), 'Subscription.criteria.extension')
  if (channel.payload === undefined) throw fault('required', 'Say the MIME type of what is to be sent.', 'Subscription.channel.payload')
  return {
    topic: url.split('|')[0],
    type: topic.type,
    filters,
    ...channelOf(house, channel),
    content: contentOf(channel),
    mime: mimeOf(channel),
    heartbeatSeconds: numberIn(channel, 'heartbeat-period', 'valueUnsignedInt'),
    eventsMax: Math.min(
      Number(valueIn(channel, `${backport}max-count`, 'valuePositiveInt') ?? notificationEventsMax),
      notificationEventsMax,
    ),
  }
}

function filtersOf({ _criteria }: Subscription, type: string): string[] {
  const said = _criteria?.extension?.filter(({ url }) => url === `${backport}filter-criteria`) ?? []
  return said.map(({ valueString }) => {
    const filter = String(valueString ?? '')
    const named = /^([A-Z][A-Za-z]+)\?/.exec(filter)?.[1]
    if (named !== undefined && named !== type)
      throw fault('business-rule', `This topic is about ${type}: filter by ${type}?….`, 'Subscription.criteria.extension')
    return named === undefined ? filter : filter.slice(type.length + 1)
  })
}

/** Throws what nothing can be filtered by. */
export function assertUnderstood({ definitions }: House, type: string, { unknown, criteria }: SearchQuery, expression: string): void {
  if (unknown.length > 0) throw fault('business-rule', `Nothing can be filtered by ${unknown.join(', ').slice(0, 200)}.`, expression)
  if (criteria.some(({ kind }) => kind === 'near')) throw fault('business-rule', 'Nothing can be filtered by near.', expression)
  assertAskable(definitions, type, criteria)
}

function channelOf(house: House, channel: Channel): Pick<Asked, 'endpoint' | 'headers' | 'timeoutSeconds' | 'secret'> {
  if (channel.type !== 'rest-hook') throw fault('business-rule', 'This server tells by rest-hook only.', 'Subscription.channel.type')
  const { endpoint = '' } = channel
  const why = whyNotCalled(endpoint, house.outboundHosts)
  if (why !== undefined) throw fault('business-rule', `The endpoint ${why}.`, 'Subscription.channel.endpoint')
  const secret = valueIn(channel, signingSecretUrl, 'valueString')
  if (secret !== undefined && String(secret).length < signingSecretCharsMin)
    throw fault('business-rule', `A signing secret has at least ${signingSecretCharsMin} characters.`, 'Subscription.channel.extension')
  const timeout = numberIn(channel, 'timeout', 'valueUnsignedInt') ?? notificationSecondsDefault
  return {
    endpoint,
    headers: headersOf(channel.header ?? []),
    timeoutSeconds: Math.min(Math.max(timeout, 1), notificationSecondsMax),
    ...(secret === undefined ? {} : { secret: String(secret) }),
  }
}

/** 0 means the same as none. */
const numberIn = (channel: Channel, name: string, value: string): number | undefined =>
  Number(valueIn(channel, backport + name, value) ?? 0) || undefined

const mimes: ReadonlySet<string> = new Set(['application/fhir+json', 'application/json', 'application/fhir+xml', 'application/xml'])

function mimeOf({ payload }: Channel): string | undefined {
  if (payload === undefined || mimes.has(payload.split(';', 1)[0]?.trim() ?? '')) return payload
  throw fault(
    'business-rule',
    'What is sent is JSON or XML: say application/fhir+json or application/fhir+xml.',
    'Subscription.channel.payload',
  )
}

const contents: readonly string[] = ['empty', 'id-only', 'full-resource'] satisfies readonly Content[]

function contentOf(channel: Channel): Content {
  const said = valueIn(channel._payload, `${backport}payload-content`, 'valueCode') ?? 'empty'
  if (contents.includes(String(said))) return said as Content
  throw fault('business-rule', 'The content is empty, id-only or full-resource.', 'Subscription.channel.payload.extension')
}
