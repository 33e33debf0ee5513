/**
 * What a clinic asks of a booking: `StructureDefinition/booking-policy` (docs/booking.md) on HealthcareService, then
 * PractitionerRole or Practitioner, then Schedule, the later overriding the earlier field by field (`rule`, being one
 * repeatable field, is overridden as a whole).
 * Left out: obeying it. The switches and times are the booking rules' (`rules/`), caps and seats are counted in the store.
 */
import { fault } from '../base/fault.ts'
import {
  approvalHoursMax,
  bufferMinutesMax,
  dayPlacesMax,
  holdSecondsDefault,
  holdSecondsMax,
  noShowGraceMinutesDefault,
  ownRulesMax,
  seatsMax,
  visitMinutesMax,
} from '../base/limits.ts'
import type { Resource } from '../fhir/resource.ts'
import { bookingPolicyUrl, extensionsOf, only, type Part, partsOf, readBoolean, readInteger, readText } from './extension-parts.ts'
import { assertExpression } from './rule-expression.ts'

/** A condition of the clinic's own: FHIRPath that must be true, and what is said where it is not. */
export type OwnRule = { readonly expression: string; readonly message: string }

export type BookingPolicy = {
  /** How long a visit takes; without it, as long as its Slot. */
  readonly durationMinutes?: number
  readonly bufferBeforeMinutes: number
  readonly bufferAfterMinutes: number
  /** A visit starts at a multiple of this many minutes since local midnight, read off the clinic's clock. */
  readonly alignmentMinutes?: number
  readonly minNoticeMinutes: number
  /** The last local day that may be booked, counted from today. */
  readonly maxAdvanceDays?: number
  readonly maxPerDay?: number
  readonly maxOnlinePerDay?: number
  /** Seats of a group session; 1 is a visit of one's own. */
  readonly capacity: number
  readonly holdSeconds: number
  readonly onlineBooking: boolean
  readonly newPatients: boolean
  readonly referralRequired: boolean
  readonly cancelNoticeMinutes: number
  readonly maxReschedules?: number
  /** After the start, until the patient counts as missed; who comes later than that comes late. */
  readonly noShowGraceMinutes: number
  readonly approvalRequired: boolean
  /** The clinic answers within this time, or the booking is off; without it, it waits. */
  readonly approvalHours?: number
  readonly rules: readonly OwnRule[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The least value of each number. */
const numbers = {
  durationMinutes: 1,
  bufferBeforeMinutes: 0,
  bufferAfterMinutes: 0,
  alignmentMinutes: 1,
  minNoticeMinutes: 0,
  maxAdvanceDays: 0,
  maxPerDay: 0,
  maxOnlinePerDay: 0,
  capacity: 1,
  holdSeconds: 1,
  cancelNoticeMinutes: 0,
  maxReschedules: 0,
  approvalHours: 1,
  noShowGraceMinutes: 0,
} as const

/** The greatest, of those that would count for ever, or lead out of the calendar. */
const greatest: Readonly<Partial<Record<keyof typeof numbers, number>>> = {
  durationMinutes: visitMinutesMax,
  bufferBeforeMinutes: bufferMinutesMax,
  bufferAfterMinutes: bufferMinutesMax,
  alignmentMinutes: 24 * 60,
  maxPerDay: dayPlacesMax,
  maxOnlinePerDay: dayPlacesMax,
  capacity: seatsMax,
  holdSeconds: holdSecondsMax,
  approvalHours: approvalHoursMax,
}

const switches = ['onlineBooking', 'newPatients', 'referralRequired', 'approvalRequired'] as const

const partNames = [...Object.keys(numbers), ...switches, 'rule']

const defaults: BookingPolicy = {
  bufferBeforeMinutes: 0,
  bufferAfterMinutes: 0,
  minNoticeMinutes: 0,
  capacity: 1,
  holdSeconds: holdSecondsDefault,
  onlineBooking: true,
  newPatients: true,
  referralRequired: false,
  cancelNoticeMinutes: 0,
  noShowGraceMinutes: noShowGraceMinutesDefault,
  approvalRequired: false,
  rules: [],
}

/** What the resource itself says; nothing where it has no policy. A malformed part is a Fault that names its element. */
export function readPolicy(resource: Resource): Partial<BookingPolicy> {
  const [whole, second] = extensionsOf(resource, bookingPolicyUrl)
  if (second) throw fault('value', 'A resource has one booking-policy; put all its parts into it.', second.path)
  if (!whole) return {}
  const parts = partsOf(whole, partNames)
  const policy: Partial<Mutable<BookingPolicy>> = {}
  for (const [name, least] of Object.entries(numbers) as [keyof typeof numbers, number][]) {
    const part = only(parts, name)
    if (part) policy[name] = readInteger(part, least)
  }
  for (const name of switches) {
    const part = only(parts, name)
    if (part) policy[name] = readBoolean(part)
  }
  const rules = parts.filter((part) => part.name === 'rule')
  if (rules.length > 0) policy.rules = rules.map(readRule)
  return withinGreatest(policy)
}

/** A policy that was stored, in a resource or a plan, before its numbers had a greatest. */
export const withinGreatest = <Policy extends Partial<BookingPolicy>>(policy: Policy): Policy => ({
  ...policy,
  ...Object.fromEntries(
    Object.entries(greatest).flatMap(([name, most]) => ((policy[name as keyof typeof greatest] ?? 0) > most ? [[name, most]] : [])),
  ),
})

/** Asked before a resource is stored; one that was stored already and cannot be read refuses nothing. */
export function checkPolicy(resource: Resource): void {
  const parts = extensionsOf(resource, bookingPolicyUrl).flatMap((whole) => partsOf(whole, partNames))
  for (const [name, least] of Object.entries(numbers) as [keyof typeof numbers, number][]) {
    const [part, most] = [only(parts, name), greatest[name]]
    if (part && most !== undefined && readInteger(part, least) > most) throw fault('value', `${name} is at most ${most}.`, part.path)
  }
  const rules = parts.filter(({ name }) => name === 'rule')
  const [beyond] = rules.slice(ownRulesMax)
  if (beyond) throw fault('value', `A booking-policy has at most ${ownRulesMax} rules.`, beyond.path)
  for (const rule of rules) {
    const expression = only(partsOf(rule, ['expression', 'message']), 'expression')
    if (expression) assertExpression(readText(expression), expression.path)
  }
}

function readRule(whole: Part): OwnRule {
  const parts = partsOf(whole, ['expression', 'message'])
  const [expression, message] = [only(parts, 'expression'), only(parts, 'message')]
  if (!expression || !message) throw fault('value', 'A rule needs an expression and a message.', whole.path)
  return { expression: readText(expression), message: readText(message) }
}

/** The policy in force: defaults, then each layer over the one before it. */
export const mergePolicies = (...layers: readonly Partial<BookingPolicy>[]): BookingPolicy => Object.assign({}, defaults, ...layers)
