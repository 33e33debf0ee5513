/** What a server can do wrong when it tells others. */
import type { Asked, Loose, Mutation } from '../../support/spoiling-proxy.ts'
import { at, json, madeUp, parameter, sent } from '../spoil.ts'

const created = ({ method, path }: Asked): boolean => method === 'POST' && path.endsWith('/Subscription')

/** Another body, where it is a notification by topic. */
const notification =
  (edit: (bundle: Loose) => void): Mutation['told'] =>
  (told) => {
    const body = told.body.startsWith('{') ? JSON.parse(told.body) : undefined
    if (body?.resourceType !== 'Bundle') return told
    edit(body)
    return { ...told, body: JSON.stringify(body) }
  }

export const subscription: readonly Mutation[] = [
  {
    loses: 'refusals of Subscriptions that cannot be served',
    noticed: ['subscription.refuses', 'backport-subscription.refuses'],
    answered: (answer, asked, again) =>
      asked.path.endsWith('/Subscription/made-up')
        ? { ...answer, status: 200, body: JSON.stringify({ resourceType: 'Subscription', status: 'active' }) }
        : (madeUp(created)?.(answer, asked, again) ?? answer),
  },
  {
    loses: 'the address below the endpoint',
    noticed: ['channels.rest-hook'],
    told: (told) => ({ ...told, path: told.path.replace(/\/Patient\/.*/, '') }),
  },
  {
    loses: 'the criteria of a Subscription, and tells of every Patient',
    noticed: ['channels.rest-hook'],
    asked: sent(/"criteria":"Patient\?family=([^"]*)"/, '"criteria":"Patient?family:contains=$1"'),
  },
  {
    loses: 'the headers of a channel',
    noticed: ['channels.ping', 'notifications.handshake', 'notifications.numbers'],
    told: ({ headers: { 'x-conformance': _, ...headers }, ...told }) => ({ ...told, headers }),
  },
  {
    loses: 'the topic of a notification',
    noticed: ['notifications.handshake'],
    told: notification((bundle) => {
      const topic = parameter(bundle, 'topic')
      if (topic) topic.name = 'subject'
    }),
  },
  {
    loses: 'the count of events',
    noticed: ['notifications.numbers'],
    told: (told) => ({ ...told, body: told.body.replace(/("name":"event-number","valueString":)"\d+"/g, '$1"1"') }),
  },
  {
    loses: 'id-only, and sends the resource',
    noticed: ['payloads.id-only'],
    asked: sent('"valueCode":"id-only"', '"valueCode":"full-resource"'),
  },
  {
    loses: 'full-resource, and sends no resource',
    noticed: ['payloads.full-resource'],
    asked: sent('"valueCode":"full-resource"', '"valueCode":"id-only"'),
  },
  { loses: 'empty, and says what it is about', noticed: ['payloads.empty'], asked: sent('"valueCode":"empty"', '"valueCode":"id-only"') },
  {
    loses: 'the count of events of $status',
    noticed: ['operations.status'],
    answered: at(/\$status/, (answer) =>
      json(answer, (body) => {
        const count = parameter(body, 'events-since-subscription-start')
        if (count) count.name = 'events'
      }),
    ),
  },
  {
    loses: 'the events of $events',
    noticed: ['operations.events'],
    answered: at(/\$events/, (answer) =>
      json(answer, (body) => {
        for (const one of body.entry?.[0]?.resource?.parameter ?? []) if (one.name === 'notification-event') one.part = []
      }),
    ),
  },
]
