/**
 * What a Subscription says for its endpoint alone: the values of `channel.header`, which are mostly tokens, and the secret
 * that signs. They are kept sealed and shown to nobody again, whoever wrote them: in the resource stars stand in their place.
 * https://hl7.org/fhir/R4/subscription.html#safety
 *
 * Stars that are sent back mean what was there, as long as the endpoint is the same: else whoever may write a Subscription
 * could have its secrets sent to themselves.
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { type Channel, type Extension, type Subscription, signingSecretUrl } from './asked.ts'

export const stars = '********'

/** In the order in which they were sent. */
export type ChannelSecrets = {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly signing?: string
}

const parts = (line: string): readonly [name: string, value: string] => {
  const colon = line.indexOf(':')
  return colon === -1 ? ['', line] : [line.slice(0, colon), line.slice(colon + 1).trim()]
}

/** A line that is no header is nobody's business either. */
function starred(line: unknown): string {
  const [name] = parts(String(line))
  return name === '' ? stars : `${name}: ${stars}`
}

const isSigning = ({ url }: Extension): boolean => url === signingSecretUrl

/** The Subscription as it is stored and shown. */
export function withoutSecrets<Value extends object>(subscription: Value): Value {
  const { channel } = subscription as { channel?: Channel }
  if (typeof channel !== 'object' || channel === null) return subscription
  const { header, extension } = channel
  const hidden = {
    ...(Array.isArray(header) && { header: header.map(starred) }),
    ...(Array.isArray(extension) && { extension: extension.map((one) => (isSigning(one) ? { ...one, valueString: stars } : one)) }),
  }
  return { ...subscription, channel: { ...channel, ...hidden } }
}

/** Whether a Subscription says a secret, and not only that there was one. */
export function saysSecrets({ channel }: Subscription): boolean {
  const header = channel?.header ?? []
  const signing = channel?.extension?.find(isSigning)?.valueString
  return header.some((line) => parts(String(line))[1] !== stars) || (signing !== undefined && signing !== stars)
}

/** As it was meant. `earlier`: what was kept for this endpoint; absent where it is another, or there was none. */
export function withSecrets(subscription: Subscription, earlier: ChannelSecrets | undefined): Subscription {
  const { channel } = subscription
  if (!channel) return subscription
  const left = [...(earlier?.headers ?? [])]
  const header = channel.header?.map((line, at) => {
    const [name, value] = parts(String(line))
    if (value !== stars) return line
    const place = left.findIndex(([known]) => known.toLowerCase() === name.toLowerCase())
    const [kept] = place === -1 ? [] : left.splice(place, 1)
    if (!kept) throw unknown(`Subscription.channel.header[${at}]`)
    return `${name}: ${kept[1]}`
  })
  const extension = channel.extension?.map((one) => {
    if (!isSigning(one) || one.valueString !== stars) return one
    if (earlier?.signing === undefined) throw unknown('Subscription.channel.extension')
    return { ...one, valueString: earlier.signing }
  })
  return { ...subscription, channel: { ...channel, ...(header && { header }), ...(extension && { extension }) } } as Subscription & Resource
}

const unknown = (expression: string): Error =>
  fault('business-rule', 'Stars stand for what was kept, as long as the endpoint is the same: say the value itself.', expression)
