/**
 * The topics that can be subscribed to beside R4's own criteria: what happens, on which type, told by the version before
 * and the version after. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html#subscription-topics
 *
 * A filter is a search of the topic's type; `aliases` are names that people expect and that FHIR has no parameter for.
 */
import type { Resource } from '../fhir/resource.ts'
import type { ChangeKind } from '../store/changes.ts'

/** `before` of a creation and `after` of a deletion are undefined. */
export type Happened = { readonly kind: ChangeKind; readonly before?: Resource; readonly after?: Resource }

export type Topic = {
  readonly name: string
  readonly type: 'Slot' | 'Appointment' | 'Communication'
  readonly fires: (happened: Happened) => boolean
  /** Whether Slots that are made from rules, many at once, are told as one event on their Schedule. */
  readonly inBulk?: boolean
  readonly aliases: Readonly<Record<string, (value: string) => readonly [name: string, value: string]>>
}

const throughSchedule = (type: string) => (value: string) =>
  [
    'schedule.actor',
    value
      .split(',')
      .map((one) => (one.includes('/') ? one : `${type}/${one}`))
      .join(','),
  ] as const

const ofSlots: Topic['aliases'] = {
  practitioner: throughSchedule('Practitioner'),
  location: throughSchedule('Location'),
  'practitioner-role': throughSchedule('PractitionerRole'),
  'healthcare-service': throughSchedule('HealthcareService'),
}

const isWaitlistOffer = ({ category }: Resource): boolean =>
  ((category ?? []) as { coding?: { system?: string; code?: string }[] }[]).some(({ coding = [] }) =>
    coding.some(({ system, code }) => system === 'https://slotwise.org/fhir/CodeSystem/communication' && code === 'waitlist-offer'),
  )

export const topics: readonly Topic[] = [
  {
    name: 'slot-freed',
    type: 'Slot',
    fires: ({ before, after }) => after?.status === 'free' && before !== undefined && before.status !== 'free',
    aliases: ofSlots,
  },
  { name: 'slot-changed', type: 'Slot', fires: () => true, inBulk: true, aliases: ofSlots },
  { name: 'appointment-changed', type: 'Appointment', fires: () => true, aliases: {} },
  {
    name: 'waitlist-offer',
    type: 'Communication',
    fires: ({ before, after }) => before === undefined && after !== undefined && isWaitlistOffer(after),
    aliases: {},
  },
]

export const topicBase = 'https://slotwise.org/fhir/SubscriptionTopic/'

export const topicUrl = ({ name }: Pick<Topic, 'name'>): string => topicBase + name

export const topicNamed = (url: string): Topic | undefined => topics.find((topic) => topicUrl(topic) === url.split('|')[0])
