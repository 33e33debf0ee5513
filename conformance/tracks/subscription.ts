/** Subscriptions: R4's own rest-hook, and the backport of R5's by topic. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/ */
import type { Track } from '../check.ts'
import type { Loose } from '../client.ts'
import { hold, same, searchset, status, until } from '../expect.ts'
import { given, keeps, type Need, operates } from '../needs.ts'
import { heard, receiver, type Told } from '../receiver.ts'
import { patient, type Resource } from '../resources.ts'
import type { Site } from '../site.ts'
import { becomes, declined, subscription } from '../subscribing.ts'
import { byCriteria } from './subscription-criteria.ts'

const backport = (page: string): string => `https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/${page}.html`
const definition = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition'
const json = 'application/fhir+json'

/** A topic about Appointments: any suite can make one, and no more is known of what others' topics are about. */
const topicOf = (site: Pick<Site, 'can'>): string | undefined =>
  (site.can.of('Subscription')?.extension ?? [])
    .filter(({ url }: Loose) => url === `${definition}/capabilitystatement-subscriptiontopic-canonical`)
    .map(({ valueUri, valueCanonical }: Loose) => valueUri ?? valueCanonical)
    .find((one: string) => /appointment/i.test(one))

const hasTopic: Need = (can) => (topicOf({ can }) ? undefined : 'a topic about Appointments is not declared')
const byTopic = [keeps('Subscription', 'Patient', 'Appointment'), given('receiver', '--receiver'), hasTopic]

/** Of a topic, about one patient's Appointments, and active. */
async function onTopic(
  site: Site,
  content: string,
): Promise<{ id: string; path: string; who: string; messages: (count: number, kind: string) => Promise<Told[]> }> {
  const hook = await site.shared(receiver)
  const path = `/${site.tag}`
  const { id: who } = await site.make(patient(site.tag))
  const filter = { url: `${definition}/backport-filter-criteria`, valueString: `Appointment?patient=Patient/${who}` }
  const payload = { payload: json, _payload: { extension: [{ url: `${definition}/backport-payload-content`, valueCode: content }] } }
  const { id } = await site.make(
    subscription(
      topicOf(site) ?? '',
      { endpoint: hook.url + path, header: [`X-Conformance: ${site.tag}`], ...payload },
      {
        meta: { profile: [`${definition}/backport-subscription`] },
        _criteria: { extension: [filter] },
      },
    ),
  )
  await becomes(site, id, 'active')
  return {
    id,
    path,
    who,
    messages: (count, kind) => heard(hook, path, count, `a message ${kind}`, (one) => valueIn(one.json, 'type') === kind),
  }
}

/** A parameter of the status that a notification begins with. */
function valueIn(bundle: Loose, name: string): Loose {
  const { name: _, ...value } = bundle?.entry?.[0]?.resource?.parameter?.find((one: Loose) => one.name === name) ?? {}
  return Object.values(value)[0]
}

const eventsIn = (bundle: Loose): Loose[] =>
  (bundle?.entry?.[0]?.resource?.parameter ?? []).filter(({ name }: Loose) => name === 'notification-event')
const partOf = ({ part = [] }: Loose, name: string): Loose => part.find((one: Loose) => one.name === name)

const proposed = (who: string): Resource => ({
  resourceType: 'Appointment',
  status: 'proposed',
  participant: [{ actor: { reference: `Patient/${who}` }, status: 'needs-action' }],
})

/** What any notification has to be. */
function wellFormed({ json: bundle, headers }: Told, site: Site, id: string): void {
  same(
    [bundle?.resourceType, bundle?.type, bundle?.entry?.[0]?.resource?.resourceType],
    ['Bundle', 'history', 'Parameters'],
    'notification',
  )
  hold(headers['content-type']?.startsWith(json), `Content-Type: ${headers['content-type']}`)
  same(headers['x-conformance'], site.tag, 'the header that the channel asks for')
  hold(valueIn(bundle, 'subscription')?.reference?.endsWith(`Subscription/${id}`), 'the parameter subscription')
  same(valueIn(bundle, 'topic'), topicOf(site), 'the parameter topic')
  hold(
    bundle.entry.every(({ request, response }: Loose) => request?.method && response?.status),
    'an entry without request or response',
  )
}

export const subscriptions: Track = {
  name: 'subscription',
  checks: [
    ...byCriteria,
    {
      name: 'notifications.handshake',
      clause: backport('notifications'),
      ids: ['handshake_conformance_test'],
      requirement: 'a handshake comes to the endpoint, well formed and with the headers asked for, before the Subscription is active',
      needs: byTopic,
      run: async (site) => {
        const { id, messages } = await onTopic(site, 'id-only')
        const [handshake] = (await messages(1, 'handshake')) as [Told]
        wellFormed(handshake, site, id)
        same([handshake.json.entry.length, eventsIn(handshake.json).length], [1, 0], 'entries and events of a handshake')
      },
    },
    {
      name: 'notifications.numbers',
      clause: backport('notifications'),
      requirement: 'events are told in order, each with the next number from 1',
      needs: byTopic,
      run: async (site) => {
        const { id, who, messages } = await onTopic(site, 'id-only')
        for (let made = 0; made < 3; made++) await site.make(proposed(who))
        const events = await until('three events', async () => {
          const all = (await messages(1, 'event-notification')).flatMap((one) => eventsIn(one.json))
          return all.length >= 3 ? all : undefined
        })
        const numbers = events.map((one) => partOf(one, 'event-number')?.valueString)
        same([...new Set(numbers)], ['1', '2', '3'], 'event-number')
        for (const message of await messages(1, 'event-notification')) wellFormed(message, site, id)
      },
    },
    {
      name: 'payloads.id-only',
      clause: backport('payloads'),
      ids: ['id_only_conformance_test'],
      requirement: 'id-only: entries have fullUrl and request and no resource; the focus is named',
      needs: byTopic,
      run: async (site) => {
        const { who, messages } = await onTopic(site, 'id-only')
        const { id } = await site.make(proposed(who))
        const [{ json: bundle }] = (await messages(1, 'event-notification')) as [Told]
        const [, entry] = bundle.entry
        same(
          [entry?.resource, entry?.fullUrl?.endsWith(`Appointment/${id}`), Boolean(entry?.request?.url)],
          [undefined, true, true],
          'entry',
        )
        hold(partOf(eventsIn(bundle)[0], 'focus')?.valueReference?.reference?.endsWith(`Appointment/${id}`), 'focus')
      },
    },
    {
      name: 'payloads.full-resource',
      clause: backport('payloads'),
      ids: ['full_resource_conformance_test'],
      requirement: 'full-resource: the resource is there as it was written',
      needs: byTopic,
      run: async (site) => {
        const { who, messages } = await onTopic(site, 'full-resource')
        const { id, meta } = await site.make(proposed(who))
        const [{ json: bundle }] = (await messages(1, 'event-notification')) as [Told]
        same([bundle.entry[1]?.resource?.id, bundle.entry[1]?.resource?.meta?.versionId], [id, meta.versionId], 'resource')
      },
    },
    {
      name: 'payloads.empty',
      clause: backport('payloads'),
      ids: ['empty_conformance_test'],
      requirement: 'empty: nothing says what the event is about',
      needs: byTopic,
      run: async (site) => {
        const { who, messages } = await onTopic(site, 'empty')
        const { id } = await site.make(proposed(who))
        const [{ json: bundle, body }] = (await messages(1, 'event-notification')) as [Told]
        same([bundle.entry.length, body.includes(id)], [1, false], 'entries, and whether the id is there')
      },
    },
    {
      name: 'operations.status',
      ids: ['status_invocation_test'],
      clause: backport('operations'),
      requirement: '$status gives a searchset of the Subscription’s status, with the count of its events',
      needs: [...byTopic, operates('Subscription', 'status')],
      run: async (site) => {
        const { id, who, messages } = await onTopic(site, 'id-only')
        await site.make(proposed(who))
        await messages(1, 'event-notification')
        const answer = await site.get(`Subscription/${id}/$status`)
        const [entry] = searchset(answer, '$status')
        same([entry?.resource?.resourceType, valueIn(answer.json, 'status')], ['Parameters', 'active'], 'answer')
        same(Number(valueIn(answer.json, 'events-since-subscription-start')), 1, 'events-since-subscription-start')
      },
    },
    {
      name: 'operations.events',
      clause: backport('operations'),
      requirement: '$events gives again what was told, by its numbers',
      needs: [...byTopic, operates('Subscription', 'events')],
      run: async (site) => {
        const { id, who, messages } = await onTopic(site, 'id-only')
        const { id: about } = await site.make(proposed(who))
        await messages(1, 'event-notification')
        const answer = status(await site.get(`Subscription/${id}/$events?eventsSinceNumber=1&eventsUntilNumber=1`), 200, '$events')
        const [event, ...others] = eventsIn(answer.json)
        same([partOf(event, 'event-number')?.valueString, others.length], ['1', 0], 'events')
        hold(partOf(event, 'focus')?.valueReference?.reference?.endsWith(`Appointment/${about}`), 'focus')
      },
    },
    {
      name: 'backport-subscription.refuses',
      clause: `${definition}/backport-subscription`,
      ids: ['reject_subscription_topic_test', 'reject_subscription_payload_type_test', 'reject_subscription_channel_endpoint_test'],
      requirement: 'a topic that is not there, a payload and an endpoint that cannot be served are refused or never active',
      needs: byTopic,
      run: async (site) => {
        const { url } = await site.shared(receiver)
        const profile = { meta: { profile: [`${definition}/backport-subscription`] } }
        const asked = (what: string, criteria: string, channel: object): Promise<void> =>
          declined(site, subscription(criteria, { endpoint: `${url}/x`, payload: json, ...channel }, profile), what)
        await asked('an unknown topic', 'https://conformance.example/SubscriptionTopic/none', {})
        await asked('an unknown payload', topicOf(site) ?? '', { payload: 'image/png' })
        await asked('an endpoint that is none', topicOf(site) ?? '', { endpoint: 'ftp://127.0.0.1/x' })
      },
    },
  ],
}
