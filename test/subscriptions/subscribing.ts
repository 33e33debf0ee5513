/** Subscriptions as a client writes them, and what a test asks of them. */
import { type Body, type Call, eventually, made } from '../support/house.ts'

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-'
export const topic = (name: string): string => `https://slotwise.org/fhir/SubscriptionTopic/${name}`

export type Wanted = {
  readonly endpoint: string
  readonly topic?: string
  readonly filters?: readonly string[]
  readonly content?: string
  readonly headers?: readonly string[]
  readonly heartbeat?: number
  readonly timeout?: number
  readonly maxCount?: number
  readonly secret?: string
  readonly more?: object
}

export const byTopic = (wanted: Wanted) => ({
  resourceType: 'Subscription',
  meta: { profile: [`${backport}subscription`] },
  status: 'requested',
  reason: 'test',
  criteria: topic(wanted.topic ?? 'appointment-changed'),
  ...(wanted.filters
    ? { _criteria: { extension: wanted.filters.map((valueString) => ({ url: `${backport}filter-criteria`, valueString })) } }
    : {}),
  channel: {
    ...extensions([
      ['heartbeat-period', 'valueUnsignedInt', wanted.heartbeat],
      ['timeout', 'valueUnsignedInt', wanted.timeout],
      ['max-count', 'valuePositiveInt', wanted.maxCount],
      ['https://slotwise.org/fhir/StructureDefinition/signing-secret', 'valueString', wanted.secret],
    ]),
    type: 'rest-hook',
    endpoint: wanted.endpoint,
    payload: 'application/fhir+json',
    _payload: { extension: [{ url: `${backport}payload-content`, valueCode: wanted.content ?? 'id-only' }] },
    ...(wanted.headers ? { header: wanted.headers } : {}),
  },
  ...wanted.more,
})

function extensions(said: readonly [string, string, unknown][]): object {
  const given = said.filter(([, , value]) => value !== undefined)
  if (given.length === 0) return {}
  return { extension: given.map(([url, name, value]) => ({ url: url.startsWith('http') ? url : backport + url, [name]: value })) }
}

export const byCriteria = (criteria: string, channel: object, more: object = {}) => ({
  resourceType: 'Subscription',
  status: 'requested',
  reason: 'test',
  criteria,
  channel: { type: 'rest-hook', ...channel },
  ...more,
})

const waitMs = 60_000

export const statusOf = async (call: Call, id: string): Promise<string> => (await call('GET', `Subscription/${id}`)).json.status

/** Waits until the server has set the status; `meanwhile` is done before each look. */
export async function becomes(call: Call, id: string, status: string, meanwhile?: () => Promise<void>): Promise<void> {
  await eventually(waitMs, async () => {
    await meanwhile?.()
    return (await statusOf(call, id)) === status
  })
}

/** Written, and active. */
export async function subscribed(call: Call, subscription: object): Promise<Body> {
  const stored = made(await call('POST', 'Subscription', subscription))
  await becomes(call, stored.id, 'active')
  return stored
}
