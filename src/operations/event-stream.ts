/**
 * `$event-stream`: what happens, as it happens, for pages that stay open: server-sent events of the topics of
 * `subscriptions`, by address and version and not by content. The token travels in the Authorization header, so a page
 * reads the stream with `fetch`. https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { streamBeatSecondsDefault, streamBeatSecondsMax } from '../base/subscription-limits.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { assertUnderstood } from '../subscriptions/asked.ts'
import { type EventStreams, eventStreams, positionOf } from '../subscriptions/event-streams.ts'
import { queryOf } from '../subscriptions/filters.ts'
import type { Wish } from '../subscriptions/matching.ts'
import { type Topic, topics, topicUrl } from '../subscriptions/topics.ts'
import { assertKnown } from './unknown-parameters.ts'

const mediaType = 'text/event-stream; charset=utf-8'
/** For proxies that would keep an answer back until it is whole. */
const headers = { 'X-Accel-Buffering': 'no' }
const known: readonly string[] = ['topic', 'filter', 'heartbeat', '_format', '_pretty']

/** One for a house. */
export function eventStream(house: House): { readonly desk: Desk; readonly close: () => Promise<void> } {
  const streams = eventStreams(house)
  return { desk: (_house, actor, request) => answer(house, streams, actor, request), close: streams.close }
}

type Desk = (house: House, actor: Actor, request: FhirRequest) => Promise<Reply>

async function answer(house: House, streams: EventStreams, actor: Actor, request: FhirRequest): Promise<Reply> {
  assertKnown({ unknown: request.query.flatMap(([name]) => (known.includes(name) ? [] : [name])) }, request)
  const wishes = wishesOf(house, actor, request)
  const beatSeconds = beatOf(request)
  const { stream } = request
  // HEAD asks what a GET would be answered, and would never read it.
  if (!stream) return { status: 200, contentType: mediaType, headers, body: '' }
  const after = stream.lastEventId ? positionOf(stream.lastEventId) : undefined
  const audit = () => auditOf(house, actor, 'notify')
  const live = await streams.follow({ actor, wishes, beatSeconds, after, assertSignedIn: stream.assertSignedIn, audit })
  return { status: 200, contentType: mediaType, headers, live }
}

/** A filter holds commas of its own, so only topics are separated by them. */
const said = ({ query }: FhirRequest, name: string): string[] =>
  query.flatMap(([key, value]) => (key === name && value !== '' ? [value] : []))

function beatOf(request: FhirRequest): number {
  const [text = String(streamBeatSecondsDefault)] = said(request, 'heartbeat')
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= streamBeatSecondsMax) return Number(text)
  throw fault('value', `Say \`heartbeat\` in whole seconds, 1 to ${streamBeatSecondsMax}.`, 'heartbeat')
}

const names = topics.map(({ name }) => name).join(', ')

function wishesOf(house: House, actor: Actor, request: FhirRequest): Wish[] {
  const asked = [...new Set(said(request, 'topic').flatMap((value) => value.split(',')))]
  if (asked.length === 0) throw fault('required', `Say which topics: ${names}.`, 'topic')
  const wanted = asked.map((name) => topics.find((one) => one.name === name || topicUrl(one) === name) ?? noSuchTopic())
  const filters = said(request, 'filter').map((filter) => filterOf(filter, wanted))
  return wanted.map((topic) => wishFor(house, actor, topic, filters))
}

function noSuchTopic(): never {
  throw fault('value', `There is no such topic here; the topics are ${names}.`, 'topic')
}

type Filter = { readonly type: string; readonly search: string }

function filterOf(filter: string, wanted: readonly Topic[]): Filter {
  const type = filter.split('?', 1)[0] ?? ''
  if (filter !== type && wanted.some((topic) => topic.type === type)) return { type, search: filter.slice(type.length + 1) }
  const types = [...new Set(wanted.map((topic) => `${topic.type}?…`))].join(' or ')
  throw fault('value', `A filter is a search of what the topics are about: ${types}.`, 'filter')
}

function wishFor(house: House, actor: Actor, topic: Topic, filters: readonly Filter[]): Wish {
  for (const verb of ['r', 's'] as const)
    if (!boundsFor(house, actor, verb, topic.type))
      throw fault('forbidden', `The token's scopes do not allow to read and search ${topic.type}.`, 'topic')
  const own = filters.filter(({ type }) => type === topic.type).map(({ search }) => search)
  assertUnderstood(house, topic.type, queryOf(house, topic.type, own, topic.aliases), 'filter')
  return { topic: topicUrl(topic), type: topic.type, filters: own, actor }
}
