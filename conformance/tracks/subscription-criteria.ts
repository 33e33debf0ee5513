/** R4's own rest-hook with criteria. https://hl7.org/fhir/R4/subscription.html */
import { type Check, r4 } from '../check.ts'
import { same } from '../expect.ts'
import { given, keeps } from '../needs.ts'
import { heard, type Receiver, receiver } from '../receiver.ts'
import { patient } from '../resources.ts'
import type { Site } from '../site.ts'
import { becomes, declined, subscription } from '../subscribing.ts'

const r4Channels = r4('subscription', 'channels')
const json = 'application/fhir+json'
const told = [keeps('Subscription', 'Patient'), given('receiver', '--receiver')]

/** An active Subscription to Patients of this check's family, and where it is told. */
async function following(site: Site, channel: object): Promise<{ hook: Receiver; path: string }> {
  const hook = await site.shared(receiver)
  const path = `/${site.tag}`
  const { id } = await site.make(subscription(`Patient?family=${site.tag}`, { endpoint: hook.url + path, ...channel }))
  await becomes(site, id, 'active')
  return { hook, path }
}

export const byCriteria: readonly Check[] = [
  {
    name: 'channels.rest-hook',
    clause: r4Channels,
    requirement: 'a Subscription becomes active; what meets its criteria is sent as PUT below the endpoint, and nothing else',
    needs: told,
    run: async (site) => {
      const { hook, path } = await following(site, { payload: json })
      await site.make(patient(`other${site.tag}`))
      const { id } = await site.make(patient(site.tag))
      const [message] = await heard(hook, path, 1, 'the Patient')
      same([message?.method, message?.path, message?.json?.id], ['PUT', `${path}/Patient/${id}`, id], 'message')
    },
  },
  {
    name: 'channels.ping',
    clause: r4Channels,
    requirement: 'without a payload an empty POST says that there is something, with the headers asked for',
    needs: told,
    run: async (site) => {
      const { hook, path } = await following(site, { header: [`X-Conformance: ${site.tag}`] })
      await site.make(patient(site.tag))
      const [message] = await heard(hook, path, 1, 'the message')
      same([message?.method, message?.path, message?.body, message?.headers['x-conformance']], ['POST', path, '', site.tag], 'message')
    },
  },
  {
    name: 'subscription.refuses',
    clause: r4('subscription', 'definitions'),
    requirement: 'criteria that cannot be read and a channel that is not served are refused or never active',
    needs: told,
    run: async (site) => {
      const { url } = await site.shared(receiver)
      const wrong = {
        'criteria that are none': ['???', 'rest-hook'],
        'an unknown parameter': ['Patient?no-such-parameter=1', 'rest-hook'],
        sms: ['Patient?active=true', 'sms'],
      }
      for (const [what, [criteria = '', type]] of Object.entries(wrong))
        await declined(site, subscription(criteria, { type, endpoint: `${url}/x` }), what)
    },
  },
]
