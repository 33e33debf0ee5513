/**
 * What a Subscription says for its endpoint alone: `channel.header`, mostly tokens, and the secret that signs. In the
 * database they are sealed, in one text beside `channel.type`; whoever may write the Subscription is shown it as it was
 * written, anybody else that something was left out. https://hl7.org/fhir/R4/subscription.html#safety
 *
 * A Subscription that was read without them and is written back means what was kept, as long as the endpoint is the same.
 */
import { fault } from '../base/fault.ts'
import type { Secrets } from '../base/sealed.ts'
import { digitsOf, parseExact } from '../fhir/json.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Actor } from './actor.ts'
import { may } from './may.ts'

type Fields = Readonly<Record<string, unknown>>

/** Where something was left out: on the channel, with this code. In the database: on its type, with what is sealed. */
export const channelSecretsUrl = 'https://slotwise.org/fhir/StructureDefinition/channel-secrets'
export const signingSecretUrl = 'https://slotwise.org/fhir/StructureDefinition/signing-secret'

const leftOut = { url: channelSecretsUrl, valueCode: 'left-out' }
const observation = 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue'
const redacted = { system: observation, code: 'REDACTED' }
const subsetted = { system: observation, code: 'SUBSETTED' }

/** As `store/secrets.ts` names places: of every version of the one Subscription. */
export const channelPlace = (id: string): string => `subscription/${id}/channel`

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : [])
const isOf =
  (url: string) =>
  (extension: Fields): boolean =>
    extension.url === url

/** The secrets of a channel: those of its elements that hold one, and where among its extensions the signing ones stand. */
type Parts = {
  readonly header?: unknown
  readonly _header?: unknown
  readonly signing: readonly (readonly [at: number, extension: Fields])[]
}

function partsOf({ header, _header, extension }: Fields): Parts {
  const signing = listOf(extension).flatMap((one, at): [number, Fields][] => (isOf(signingSecretUrl)(one) ? [[at, one]] : []))
  return { header, _header, signing }
}

const isEmpty = ({ header, _header, signing }: Parts): boolean => header === undefined && _header === undefined && signing.length === 0

function channelWithout(channel: Fields): Fields {
  const { header: _lines, _header: _more, extension, ...rest } = channel
  return withExtension(
    rest,
    'extension',
    listOf(extension).filter((one) => !isOf(signingSecretUrl)(one)),
  )
}

function channelWith(channel: Fields, { header, _header, signing }: Parts): Fields {
  const extension = [...listOf(channel.extension)]
  for (const [at, one] of signing) extension.splice(Number(digitsOf(at) ?? at), 0, one)
  return withExtension(
    { ...channel, ...(header !== undefined && { header }), ...(_header !== undefined && { _header }) },
    'extension',
    extension,
  )
}

/** An empty list is none. */
function withExtension(fields: Fields, name: string, list: readonly Fields[]): Fields {
  const { [name]: _before, ...rest } = fields
  return list.length > 0 ? { ...rest, [name]: list } : rest
}

function withoutKept(channel: Fields): Fields {
  const { extension, ...type } = fieldsOf(channel._type)
  const kept = withExtension(
    type,
    'extension',
    listOf(extension).filter((one) => !isOf(channelSecretsUrl)(one)),
  )
  const { _type: _before, ...rest } = channel
  return Object.keys(kept).length > 0 ? { ...rest, _type: kept } : rest
}

const keptIn = (channel: Fields): unknown => listOf(fieldsOf(channel._type).extension).find(isOf(channelSecretsUrl))?.valueString

/** Where there is no key nothing is sealed: then at least no word of it is found by `_content`. */
const packed = (parts: Parts): string => Buffer.from(JSON.stringify(parts)).toString('base64url')
/** What earlier builds sealed is the JSON itself; `{` is no letter of base64url. */
const unpacked = (text: string): Parts => parseExact(text.startsWith('{') ? text : Buffer.from(text, 'base64url').toString()) as Parts

/** JSON text of a Subscription as it stands in the database. */
export function sealedSubscription(secrets: Secrets, id: string, text: string): string {
  const subscription = parseExact(text) as Fields
  const channel = withoutKept(fieldsOf(subscription.channel))
  const parts = partsOf(channel)
  if (isEmpty(parts)) return text
  const { extension, ...type } = fieldsOf(channel._type)
  const kept = { url: channelSecretsUrl, valueString: secrets.seal(packed(parts), channelPlace(id)) }
  const shown = channelWithout(channel)
  // The first of its list: there `store/secrets.ts` finds it.
  return JSON.stringify({ ...subscription, channel: { ...shown, _type: { ...type, extension: [kept, ...listOf(extension)] } } })
}

/** JSON text of a stored Subscription as it was written. Throws where the key that sealed it is not at hand. */
export const openedSubscription = (secrets: Secrets, id: string, text: string): string =>
  text.includes(channelSecretsUrl) ? JSON.stringify(openedValue(secrets, { ...fieldsOf(parseExact(text)), id })) : text

function openedValue(secrets: Secrets, subscription: Fields): Fields {
  const channel = fieldsOf(subscription.channel)
  const kept = keptIn(channel)
  if (typeof kept !== 'string') return subscription
  const parts = unpacked(secrets.open(kept, channelPlace(String(subscription.id))))
  return { ...subscription, channel: channelWith(withoutKept(channel), parts) }
}

function leftOutValue(subscription: Fields): Fields {
  const channel = fieldsOf(subscription.channel)
  if (keptIn(channel) === undefined) return subscription
  const { security, tag, ...meta } = fieldsOf(subscription.meta)
  const labels = { security: labelled(security, redacted), tag: labelled(tag, subsetted) }
  const shown = withoutKept(channel)
  return { ...subscription, meta: { ...meta, ...labels }, channel: { ...shown, extension: [...listOf(shown.extension), leftOut] } }
}

const isLabel =
  ({ system, code }: Fields) =>
  (one: Fields): boolean =>
    one.system === system && one.code === code

const labelled = (list: unknown, label: Fields): readonly Fields[] =>
  listOf(list).some(isLabel(label)) ? listOf(list) : [...listOf(list), label]

/** Who reads them as they were written: whoever may write any Subscription. Nobody may write only some. */
export function seesChannelSecrets(actor: Actor): boolean {
  const permission = may(actor, 'u', 'Subscription')
  return permission.allowed && permission.queries === undefined && permission.patient === undefined
}

/** JSON text with the Subscriptions in it, wherever they stand, as the actor may see them; `undefined`: whoever it is. */
export function asChannelsShown(secrets: Secrets, actor: Actor | undefined, text: string): string {
  if (!text.includes(channelSecretsUrl)) return text
  const show = actor && seesChannelSecrets(actor) ? (one: Fields) => openedOrLeftOut(secrets, one) : leftOutValue
  return JSON.stringify(shownIn(parseExact(text), show))
}

/** One that does not open is shown without: the key is gone, or it is no Subscription of ours but part of something else. */
function openedOrLeftOut(secrets: Secrets, subscription: Fields): Fields {
  try {
    return openedValue(secrets, subscription)
  } catch {
    return leftOutValue(subscription)
  }
}

function shownIn(value: unknown, show: (subscription: Fields) => Fields): unknown {
  if (Array.isArray(value)) return value.map((one) => shownIn(one, show))
  // Numbers are objects here, which JSON.stringify alone can write.
  if (typeof value !== 'object' || value === null || digitsOf(value) !== undefined) return value
  if ((value as Fields).resourceType === 'Subscription') return show(value as Fields)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shownIn(one, show)]))
}

type Told = { readonly resource: Resource; readonly text: string }

/**
 * A Subscription as its writer means it: where it comes back as somebody saw it who was shown no secrets, they are put
 * in again. `before`: as it is stored, opened. Throws `business-rule` where there is nothing to put in, or another endpoint.
 */
export function withKeptSecrets(sent: Told, before: Resource | undefined): Told {
  const isMarked = JSON.stringify(sent.resource.channel ?? null).includes(channelSecretsUrl)
  if (!isMarked && !isCut(sent.resource, before)) return sent
  const subscription = parseExact(sent.text) as Fields
  const [channel, kept] = [unmarked(fieldsOf(subscription.channel)), fieldsOf(before?.channel)]
  const parts = partsOf(kept)
  const own = partsOf(channel)
  if (isEmpty(parts) && !isMarked) return sent
  if (isEmpty(parts)) throw sayAnew('There are no secrets of this Subscription to put in where they were left out')
  if (channel.endpoint !== kept.endpoint)
    throw sayAnew('The headers and the signing secret are kept for the endpoint that they were written for')
  const header = own.header === undefined && own._header === undefined ? parts : own
  const whole = channelWith(channel, {
    header: header.header,
    _header: header._header,
    signing: own.signing.length > 0 ? [] : parts.signing,
  })
  const meta = unlabelled(fieldsOf(subscription.meta), fieldsOf(before?.meta))
  const { meta: _meta, ...rest } = subscription
  const text = JSON.stringify({ ...rest, ...(Object.keys(meta).length > 0 && { meta }), channel: whole })
  return { text, resource: { ...(JSON.parse(text) as Resource), id: sent.resource.id } }
}

const sayAnew = (why: string): Error =>
  fault('business-rule', `${why}: say them anew, or take the extension channel-secrets away.`, 'Subscription.channel')

function unmarked(channel: Fields): Fields {
  const shown = withoutKept(channel)
  return withExtension(
    shown,
    'extension',
    listOf(shown.extension).filter((one) => !isOf(channelSecretsUrl)(one)),
  )
}

/** By a program that keeps no extension that it does not know: it says of itself that it is not the whole. */
const isCut = ({ meta }: Resource, before: Resource | undefined): boolean =>
  (listOf(fieldsOf(meta).security).some(isLabel(redacted)) && !listOf(fieldsOf(before?.meta).security).some(isLabel(redacted))) ||
  (listOf(fieldsOf(meta).tag).some(isLabel(subsetted)) && !listOf(fieldsOf(before?.meta).tag).some(isLabel(subsetted)))

/** Without the labels that were put on when it was shown. */
function unlabelled(meta: Fields, before: Fields): Fields {
  const own = (name: 'security' | 'tag', label: Fields) =>
    listOf(before[name]).some(isLabel(label)) ? listOf(meta[name]) : listOf(meta[name]).filter((one) => !isLabel(label)(one))
  return withExtension(withExtension(meta, 'security', own('security', redacted)), 'tag', own('tag', subsetted))
}
