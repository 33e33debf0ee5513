/**
 * What an Appointment on the waitlist waits for, read from R4's own elements (requestedPeriod, serviceType, priority,
 * minutesDuration, participants who need action) and the extension `waitlist` (days, times of day, expiry).
 * https://hl7.org/fhir/R4/appointment.html; docs/waitlist.md
 * Left out: whether a time can be booked (`booking-rules.ts`), and who comes first (`waitlist-ranking.ts`).
 */
import { fault } from '../base/fault.ts'
import { spanOf } from '../fhir/date-time.ts'
import { localReference, relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import { type DayCode, dayCodes, isDayCode } from './availability-rules.ts'
import { codingsOf, conceptsOf } from './concept.ts'
import { elementsIn, isElement } from './element.ts'
import { extensionsOf, only, type Part, partsOf, readCode, readTime } from './extension-parts.ts'
import { localReading } from './local-time.ts'
import { periodEdge } from './not-available.ts'

export const waitlistUrl = 'https://slotwise.org/fhir/StructureDefinition/waitlist'

/** Words as `find-terms.ts` makes them of Schedules: of each list any one will do, an empty one asks nothing. */
export type WaitlistWish = {
  /** The bare id of the first Patient who takes part. */
  readonly patient?: string
  readonly services: readonly string[]
  readonly practitioners: readonly string[]
  readonly places: readonly string[]
  readonly devices: readonly string[]
  /** Half-open, Unix milliseconds; none: any time. */
  readonly periods: readonly { readonly start: number; readonly end: number }[]
  /** Empty: every day. */
  readonly days: readonly DayCode[]
  /** Minutes of the clinic's day; a visit starts in [from, to), and a `to` at or before `from` is past midnight. */
  readonly timeFrom?: number
  readonly timeTo?: number
  readonly minutes?: number
  /** 0 to 1. */
  readonly urgency: number
  /** Unix milliseconds; the end of the last period, where nothing is said. */
  readonly expires?: number
}

const partNames = ['dayOfWeek', 'timeFrom', 'timeTo', 'expires']

/** Throws `value` where the extension cannot be read. */
export function waitlistWish(resource: Resource, defaults: { readonly base: string; readonly timeZone: string }): WaitlistWish {
  const [whole, second] = extensionsOf(resource, waitlistUrl)
  if (second) throw fault('value', 'An Appointment has one waitlist extension; put all its parts into it.', second.path)
  const parts = whole ? partsOf(whole, partNames) : []
  const [from, to, expires] = [only(parts, 'timeFrom'), only(parts, 'timeTo'), only(parts, 'expires')]
  const periods = periodsOf(resource, defaults.timeZone)
  const last = periods.length > 0 ? Math.max(...periods.map(({ end }) => end)) : undefined
  const { patient, ...actors } = actorsOf(resource, defaults.base)
  return {
    patient,
    ...actors,
    services: [...actors.services, ...serviceTypes(resource)],
    periods,
    days: parts.filter(({ name }) => name === 'dayOfWeek').map(readDay),
    timeFrom: from && readTime(from),
    timeTo: to && readTime(to),
    minutes: typeof resource.minutesDuration === 'number' ? resource.minutesDuration : undefined,
    urgency: urgencyOf(resource.priority),
    expires: expires ? readInstant(expires) : last,
  }
}

/** iCalendar's priorities: 1 is the highest, 9 the lowest, 0 (and none) undefined, which is the middle. RFC 5545 3.8.1.9 */
export const urgencyOf = (priority: unknown): number =>
  typeof priority === 'number' && priority > 0 ? (9 - Math.min(priority, 9)) / 8 : 0.5

function periodsOf(resource: Resource, zone: string): { start: number; end: number }[] {
  return elementsIn(resource.requestedPeriod).map(({ start, end }, index) => {
    const edge = (text: unknown, side: 'lower' | 'upper', open: number) =>
      typeof text === 'string' ? Date.parse(periodEdge(zone, text, side, `Appointment.requestedPeriod[${index}]`)) : open
    return { start: edge(start, 'lower', longAgo), end: edge(end, 'upper', farAway) }
  })
}

const longAgo = Date.UTC(1900, 0)
const farAway = Date.UTC(3000, 0)

function actorsOf(resource: Resource, base: string) {
  const found = elementsIn(resource.participant).flatMap(({ actor, status }) => {
    const reference = isElement(actor) && typeof actor.reference === 'string' ? relativeReference(actor.reference, base) : ''
    return status === 'declined' ? [] : (localReference(reference) ?? [])
  })
  const of = (type: string, word: string) => found.filter((one) => one.type === type).map(({ id }) => `${word}=${type}/${id}`)
  return {
    patient: found.find(({ type }) => type === 'Patient')?.id,
    services: of('HealthcareService', 'healthcare-service'),
    practitioners: [...of('Practitioner', 'practitioner'), ...of('PractitionerRole', 'practitioner-role')],
    places: of('Location', 'location'),
    devices: of('Device', 'actor'),
  }
}

const serviceTypes = (resource: Resource): string[] =>
  codingsOf(conceptsOf(resource.serviceType)).flatMap(({ system, code }) =>
    code === undefined ? [] : [`service-type=${system === undefined ? code : `${system}|${code}`}`],
  )

function readDay(part: Part): DayCode {
  const code = readCode(part)
  if (isDayCode(code)) return code
  throw fault('value', `dayOfWeek is one of ${dayCodes.join(', ')}, one entry for each day.`, part.path)
}

function readInstant({ element, path }: Part): number {
  const text = element.valueInstant ?? element.valueDateTime
  const span = typeof text === 'string' && text.includes('T') ? spanOf(text) : undefined
  if (span) return Number(span.lower)
  throw fault('value', 'expires is an instant such as 2026-12-24T17:00:00Z.', path)
}

/** Whether a visit may start then, as far as the patient's own words go. */
export function wishAllows(wish: WaitlistWish, zone: string, start: number): boolean {
  if (wish.periods.length > 0 && !wish.periods.some((period) => period.start <= start && start < period.end)) return false
  const { weekday, minutes } = localReading(zone, start)
  const day = dayCodes[weekday]
  if (wish.days.length > 0 && !(day && wish.days.includes(day))) return false
  const { timeFrom = 0, timeTo = dayMinutes } = wish
  return timeFrom < timeTo ? minutes >= timeFrom && minutes < timeTo : minutes >= timeFrom || minutes < timeTo
}

const dayMinutes = 24 * 60

/**
 * How narrowly it asks, 0 to 1: a quarter each for one practitioner (of several so much less), one place, few days of the
 * week, few hours of the day.
 */
export function narrowness({ practitioners, places, days, timeFrom = 0, timeTo = dayMinutes }: WaitlistWish): number {
  const one = (list: readonly string[]) => (list.length > 0 ? 1 / list.length : 0)
  const ofWeek = days.length > 0 ? (7 - new Set(days).size) / 7 : 0
  const span = timeFrom < timeTo ? timeTo - timeFrom : dayMinutes - timeFrom + timeTo
  return (one(practitioners) + one(places) + ofWeek + (dayMinutes - span) / dayMinutes) / 4
}

/** Of each kind of actor that it names any one has to be there: who leads first. */
export const kindsNamed = ({ practitioners, places, devices }: WaitlistWish): readonly (readonly string[])[] =>
  [practitioners, places, devices].filter((list) => list.length > 0)

/**
 * The words that an entry is found by: its people, where it names none its places, else its services, else `any`. A time
 * that it could have has one of them.
 */
export function waitlistKeys({ practitioners, places, devices, services }: WaitlistWish): readonly string[] {
  const [keys = [anyTime]] = [practitioners, devices, places, services].filter((list) => list.length > 0)
  return [...new Set(keys)]
}

export const anyTime = 'any'
