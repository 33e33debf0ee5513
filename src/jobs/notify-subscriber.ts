/**
 * Speaks to one Subscription's endpoint: the handshake, then each event in order, then a heartbeat if one is due. An event
 * counts as told once the endpoint has answered 2xx; killed before that is noted, it is told again with the same number.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#rest-hook
 *
 * R4's own rest-hook has no handshake, and is sent the resource or nothing: it is active at once.
 */
import { createHmac } from 'node:crypto'
import { withPosts } from '../access/masking.ts'
import { auditOf } from '../audit/audit-of.ts'
import { handshakeAttemptsMax } from '../base/subscription-limits.ts'
import { toXml } from '../fhir/xml.ts'
import type { House } from '../store/house.ts'
import { eventsBetween, markTold, type StateRow, subscriptionState } from '../store/subscriptions.ts'
import type { Asked } from '../subscriptions/asked.ts'
import { type Notification, notificationBundle, type ToldEvent } from '../subscriptions/notification.ts'
import { actorOf, type KeptActor, secretsOf } from '../subscriptions/register.ts'
import { toldEvents } from '../subscriptions/told-events.ts'
import { type Call, callOut } from './call-out.ts'
import { setSubscriptionStatus } from './subscription-status.ts'
import { JobFailed, type JobRun } from './work.ts'

export async function notifySubscriber(house: House, payload: Readonly<Record<string, unknown>>, run: JobRun): Promise<void> {
  const state = await subscriptionState(house.pool, String(payload.subscription))
  if (!state || state.phase === 'off' || isOver(house, state)) return
  try {
    await tell(house, state, run)
  } catch (error) {
    const isGivenUp = run.isLast || (state.phase === 'requested' && run.attempt >= handshakeAttemptsMax)
    if (isGivenUp && error instanceof JobFailed) await setSubscriptionStatus(house, state, 'error', sentence(error.message))
    throw error
  }
}

const isOver = (house: House, { ends }: StateRow): boolean => ends !== null && ends <= house.clock.now()
const sentence = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`

async function tell(house: House, first: StateRow, run: JobRun): Promise<void> {
  let state = first.phase === 'active' ? first : await begin(house, first, run)
  while (state && !run.signal.aborted) {
    const told = await tellNext(house, state, run)
    if (!told) return
    // What was asked for may have changed since: a client's write counts from the next notification on.
    const now = await subscriptionState(house.pool, state.subscription)
    state = now && now.phase === 'active' && !isOver(house, now) ? now : undefined
  }
}

/** An endpoint that has failed is asked again like a new one. */
async function begin(house: House, state: StateRow, run: JobRun): Promise<StateRow | undefined> {
  if ((state.asked as Asked).topic !== undefined) await send(house, state, { type: 'handshake', content: 'empty', events: [] }, run)
  if (!(await setSubscriptionStatus(house, state, 'active'))) return undefined
  return subscriptionState(house.pool, state.subscription)
}

/** False where there is nothing more to tell. */
async function tellNext(house: House, state: StateRow, run: JobRun): Promise<boolean> {
  const { content, eventsMax, topic, heartbeatSeconds } = state.asked as Asked
  const from = String(BigInt(state.delivered) + 1n)
  const rows = await eventsBetween(house.pool, state.subscription, from, undefined, eventsMax)
  const last = rows.at(-1)
  if (!last) {
    if (isHeartbeatDue(house, state, heartbeatSeconds)) await send(house, state, { type: 'heartbeat', content: 'empty', events: [] }, run)
    return false
  }
  const { client, user, patient, purpose, masking: kept } = actorOf(state.actor as KeptActor)
  const masking = await withPosts(house, kept, user)
  const shown = { audit: auditOf(house, { client, user, patient, purpose }, 'notify'), entity: `Subscription/${state.subscription}` }
  const events = await toldEvents(house, rows, topic === undefined && payloadless(state) ? 'empty' : content, shown, { masking })
  if (topic === undefined) for (const event of events) await sendResource(house, state, event, run)
  else await send(house, state, { type: 'event-notification', content, events }, run)
  await markTold(house.pool, state.subscription, last.number, house.clock.now().toISOString())
  return true
}

const payloadless = ({ asked }: StateRow): boolean => (asked as Asked).mime === undefined

function isHeartbeatDue(house: House, { toldAt }: StateRow, seconds: number | undefined): boolean {
  return seconds !== undefined && (toldAt === null || house.clock.now().getTime() - toldAt.getTime() >= seconds * 1000)
}

async function send(house: House, state: StateRow, notification: Notification, run: JobRun): Promise<void> {
  await call(house, state, { method: 'POST', body: notificationBundle(house, state, notification) }, run)
  if (notification.events.length === 0) await markTold(house.pool, state.subscription, undefined, house.clock.now().toISOString())
}

/** R4: the resource at its address below the endpoint, or an empty message that says no more than that there is one. */
async function sendResource(house: House, state: StateRow, { type, id, body }: ToldEvent, run: JobRun): Promise<void> {
  if (payloadless(state) || body === null) return call(house, state, { method: 'POST', body: '' }, run)
  const { endpoint } = state.asked as Asked
  await call(house, state, { method: 'PUT', url: `${endpoint.replace(/\/+$/, '')}/${type}/${id}`, body }, run)
}

type Message = Pick<Call, 'method' | 'body'> & { readonly url?: string }

async function call(house: House, state: StateRow, { method, body: json, url }: Message, run: JobRun): Promise<void> {
  const { endpoint, mime, timeoutSeconds } = state.asked as Asked
  const { headers, secret } = secretsOf(house, state)
  const body = json !== '' && mime?.includes('xml') ? await toXml(house.definitions, json) : json
  const status = await callOut(house.outboundHosts, {
    url: url ?? endpoint,
    method,
    headers: {
      ...grouped(headers),
      ...(mime === undefined ? {} : { 'content-type': mime }),
      ...(secret === undefined ? {} : { 'x-slotwise-signature': signature(secret, house.clock.now(), body) }),
    },
    body,
    timeoutMs: timeoutSeconds * 1000,
    signal: run.signal,
  })
  if (status < 200 || status >= 300) throw new JobFailed(`the endpoint answered ${status}`)
}

/** A name that is given twice is sent twice. */
function grouped(headers: Asked['headers']): Record<string, string[]> {
  const byName: Record<string, string[]> = {}
  for (const [name, value] of headers) byName[name] = [...(byName[name] ?? []), value]
  return byName
}

/** `t=<Unix seconds>,v1=<hex>`: HMAC-SHA256 of the seconds, a dot, and the body as it is sent. */
function signature(secret: string, at: Date, body: string): string {
  const seconds = Math.floor(at.getTime() / 1000)
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}
