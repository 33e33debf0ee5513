/** Subscriptions as checks write them, and how long until they are active or seen not to be. */
import { hold, refused, until } from './expect.ts'
import { receiver } from './receiver.ts'
import type { Resource } from './resources.ts'
import type { Site } from './site.ts'

export const subscription = (criteria: string, channel: object, more: object = {}): Resource => ({
  resourceType: 'Subscription',
  status: 'requested',
  reason: 'conformance',
  criteria,
  channel: { type: 'rest-hook', ...channel },
  ...more,
})

export const becomes = (site: Site, id: string, state: string): Promise<true> =>
  until(`Subscription.status ${state}`, async () => ((await site.get(`Subscription/${id}`)).json?.status === state ? true : undefined))

/** Refused, or never active: a good Subscription that was written later is, and this one still is not. */
export async function declined(site: Site, wrong: Resource, what: string): Promise<void> {
  const answer = await site.post('Subscription', wrong)
  if (answer.status !== 201) {
    refused(answer, [400, 422], what)
    return
  }
  site.keep(`Subscription/${answer.json?.id}`)
  const { url } = await site.shared(receiver)
  const good = await site.make(subscription(`Patient?family=${site.tag}`, { endpoint: `${url}/${site.tag}` }))
  await becomes(site, good.id, 'active')
  hold((await site.get(`Subscription/${answer.json?.id}`)).json?.status !== 'active', `${what} is active`)
}
