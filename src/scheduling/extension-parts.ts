/**
 * Reads our complex extensions (docs/booking.md) part by part: every number as positiveInt, unsignedInt or integer, switches
 * as boolean, times as `time`. https://hl7.org/fhir/R4/extensibility.html
 * A part that cannot be read is refused by its element, and so is one we do not know: a misspelt `minNotice` that was
 * skipped would let patients book what the clinic meant to forbid. Parts under a full URL are other people's: skipped.
 */
import { dayMs } from '../base/durations.ts'
import { type Fault, fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { type CodeableConcept, conceptsOf } from './concept.ts'
import { type Element, isElement } from './element.ts'

const base = 'https://slotwise.org/fhir/StructureDefinition'
export const availabilityUrl = `${base}/availability`
export const notAvailableUrl = `${base}/not-available`
export const bookingPolicyUrl = `${base}/booking-policy`
export const heldUntilUrl = `${base}/held-until`
export const approvalUrl = `${base}/approval`
export const proposedTimeUrl = `${base}/proposed-time`
export const timeZoneUrl = 'http://hl7.org/fhir/StructureDefinition/timezone'

export type Period = { readonly start?: string; readonly end?: string }

/** An extension and the FHIRPath where it stands, for example `Schedule.extension[1].extension[0]`. */
export type Part = { readonly name: string; readonly path: string; readonly element: Element }

const int32Max = 2_147_483_647

function partsIn(holder: Element, path: string): Part[] {
  const list = Array.isArray(holder.extension) ? holder.extension : []
  return list.flatMap((element: unknown, index) =>
    isElement(element) && typeof element.url === 'string' ? [{ name: element.url, path: `${path}.extension[${index}]`, element }] : [],
  )
}

const refuse = (part: Part, diagnostics: string): Fault => fault('value', diagnostics, part.path)

/** The extensions of a resource that have this URL. */
export const extensionsOf = (resource: Resource, url: string): Part[] =>
  partsIn(resource, resource.resourceType).filter((part) => part.name === url)

/** The parts of one extension, by name; each name must be one of `known`. */
export function partsOf(whole: Part, known: readonly string[]): Part[] {
  const parts = partsIn(whole.element, whole.path).filter((part) => !part.name.includes(':'))
  const stranger = parts.find((part) => !known.includes(part.name))
  if (stranger) throw refuse(stranger, `${shortName(whole)} has no part ${JSON.stringify(stranger.name)}; it has ${known.join(', ')}.`)
  return parts
}

/** The one part of that name; two are refused. */
export function only(parts: readonly Part[], name: string): Part | undefined {
  const [first, second] = parts.filter((part) => part.name === name)
  if (second) throw refuse(second, `${name} may be given once.`)
  return first
}

const shortName = (part: Part): string => part.name.slice(part.name.lastIndexOf('/') + 1)

function valueIn(part: Part, kinds: readonly string[]): unknown {
  const kind = kinds.find((name) => part.element[name] !== undefined)
  if (kind === undefined) throw refuse(part, `${shortName(part)} needs a ${kinds.join(' or ')}.`)
  return part.element[kind]
}

export function readInteger(part: Part, least: number): number {
  const value = valueIn(part, ['valuePositiveInt', 'valueUnsignedInt', 'valueInteger'])
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= int32Max) return value
  throw refuse(part, `${shortName(part)} must be a whole number, ${least} or more.`)
}

export function readBoolean(part: Part): boolean {
  const value = valueIn(part, ['valueBoolean'])
  if (typeof value === 'boolean') return value
  throw refuse(part, `${shortName(part)} must be true or false.`)
}

export function readText(part: Part): string {
  const value = valueIn(part, ['valueString', 'valueMarkdown'])
  if (typeof value === 'string' && value.trim() !== '') return value
  throw refuse(part, `${shortName(part)} must be a text.`)
}

export function readCode(part: Part): string {
  const value = valueIn(part, ['valueCode', 'valueString'])
  if (typeof value === 'string' && value !== '') return value
  throw refuse(part, `${shortName(part)} must be a code.`)
}

export function readConcept(part: Part): CodeableConcept {
  const concept = conceptsOf(valueIn(part, ['valueCodeableConcept']))[0]
  if (concept) return concept
  throw refuse(part, `${shortName(part)} must be a CodeableConcept.`)
}

export function readPeriod(part: Part): Period {
  const value = valueIn(part, ['valuePeriod'])
  if (isElement(value) && (typeof value.start === 'string' || typeof value.end === 'string')) return value as Period
  throw refuse(part, `${shortName(part)} must be a Period with a start or an end.`)
}

export function readTime(part: Part): number {
  const minutes = minutesOf(valueIn(part, ['valueTime']))
  if (minutes !== undefined) return minutes
  throw refuse(part, `${shortName(part)} must be a time such as 09:30:00.`)
}

/** A whole `date` as days since 1970-01-01. */
export function readDay(part: Part): number {
  const value = valueIn(part, ['valueDate'])
  const day = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) / dayMs : Number.NaN
  if (Number.isInteger(day)) return day
  throw refuse(part, `${shortName(part)} must be a date such as 2026-11-23.`)
}

/** The one code of a Coding, a CodeableConcept or a code, out of those that are understood. */
export function readCoded<Code extends string>(part: Part, understood: readonly Code[]): Code {
  const value = valueIn(part, ['valueCoding', 'valueCodeableConcept', 'valueCode'])
  const codings = isElement(value) ? (Array.isArray(value.coding) ? value.coding : [value]) : [{ code: value }]
  const found = understood.find((code) => codings.some((coding) => isElement(coding) && coding.code === code))
  if (found) return found
  throw refuse(part, `${shortName(part)} is one of ${understood.join(', ')}.`)
}

const timePattern = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:\.\d+)?)?$/

/** A FHIR `time` as minutes since midnight; seconds are a fraction. Undefined for what is no time. */
export function minutesOf(time: unknown): number | undefined {
  const parts = typeof time === 'string' ? timePattern.exec(time) : null
  return parts ? Number(parts[1]) * 60 + Number(parts[2]) + Number(parts[3] ?? 0) / 60 : undefined
}
