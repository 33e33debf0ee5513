/**
 * A sensitive visit as those see it who may not know why: that the time is taken, when, where and whose of the clinic's.
 * https://hl7.org/fhir/R4/security-labels.html#redacted
 *
 * Kept is what is named here; whatever else there is, an extension or an element of a later version, is left out. The label
 * that told why it is sensitive is replaced by REDACTED.
 */
import { parseExact } from '../fhir/json.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Actor } from './actor.ts'
import { isMasked, maskedTypes } from './masking.ts'

type Fields = Record<string, unknown>

const observation = 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue'
const absent = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }] }

const keptOf: Readonly<Record<string, readonly string[]>> = {
  Appointment: ['resourceType', 'id', 'status', 'start', 'end', 'minutesDuration'],
  Encounter: ['resourceType', 'id', 'status'],
}

/** Whose time and which places are taken. A HealthcareService would say what for. */
const oursOnly = /^(?:Practitioner|PractitionerRole|Location|Device)\/[A-Za-z0-9\-.]{1,64}$/

/** Whether whoever is so named may be told in it. */
export const isShownInBusyTime = (reference: string, base: string): boolean => oursOnly.test(relativeReference(reference, base))

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : [])

/** The resource without anything that tells why. */
export function busyTime(resource: Resource, base: string): Resource {
  const { versionId, lastUpdated } = fieldsOf(resource.meta)
  const kept = Object.fromEntries(
    (keptOf[resource.resourceType] ?? ['resourceType', 'id']).flatMap((name) =>
      resource[name] === undefined ? [] : [[name, resource[name]]],
    ),
  )
  const label = { security: [{ system: observation, code: 'REDACTED' }], tag: [{ system: observation, code: 'SUBSETTED' }] }
  const meta = { ...(versionId !== undefined && { versionId }), ...(lastUpdated !== undefined && { lastUpdated }), ...label }
  return { ...(kept as Resource), meta, ...partsOf(resource, base) } as Resource
}

function partsOf(resource: Resource, base: string): Fields {
  if (resource.resourceType === 'Appointment') {
    const participant = listOf(resource.participant).flatMap(({ actor, status }) => named('actor', actor, base, { status }))
    const slot = listOf(resource.slot).flatMap((one) => referenceTo(one, /^Slot\//, base) ?? [])
    // There is always one, and a status always says something: that of nobody is as good as any.
    return { ...(slot.length > 0 && { slot }), participant: participant.length > 0 ? participant : [{ actor: absent, status: 'accepted' }] }
  }
  const [kind, period] = [only(resource.class, ['system', 'code']), only(resource.period, ['start', 'end'])]
  const participant = listOf(resource.participant).flatMap(({ individual }) => named('individual', individual, base))
  const location = listOf(resource.location).flatMap((one) => named('location', one.location, base))
  const appointment = listOf(resource.appointment).flatMap((one) => referenceTo(one, /^Appointment\//, base) ?? [])
  return {
    ...(kind && { class: kind }),
    ...(period && { period }),
    ...(participant.length > 0 && { participant }),
    ...(location.length > 0 && { location }),
    ...(appointment.length > 0 && { appointment }),
  }
}

/** A value without what else is written in it: a display and an extension may say anything. */
function only(value: unknown, names: readonly string[]): Fields | undefined {
  const kept = Object.entries(fieldsOf(value)).filter(([name]) => names.includes(name))
  return kept.length > 0 ? Object.fromEntries(kept) : undefined
}

function named(name: string, value: unknown, base: string, more: Fields = {}): Fields[] {
  const reference = referenceTo(fieldsOf(value), oursOnly, base)
  return reference ? [{ [name]: reference, ...more }] : []
}

/** The reference alone: what is written beside it may say anything. */
function referenceTo({ reference }: Fields, pattern: RegExp, base: string): Fields | undefined {
  return typeof reference === 'string' && pattern.test(relativeReference(reference, base)) ? { reference } : undefined
}

/** JSON text with the visits in it, wherever they stand, as the actor may see them; as it is, unread, where no label is. */
export function asBusyTime(actor: Pick<Actor, 'masking'>, body: string, base: string): string {
  if (!actor.masking || !body.includes('"security"')) return body
  const value = parseExact(body)
  const shown = shownIn(actor, value, base)
  return shown === value ? body : JSON.stringify(shown)
}

/** The same value where nothing in it is masked. */
function shownIn(actor: Pick<Actor, 'masking'>, value: unknown, base: string): unknown {
  if (Array.isArray(value)) {
    const shown = value.map((one) => shownIn(actor, one, base))
    return shown.some((one, at) => one !== value[at]) ? shown : value
  }
  if (typeof value !== 'object' || value === null) return value
  const { resourceType } = value as Fields
  if (typeof resourceType === 'string' && maskedTypes.has(resourceType) && isMasked(actor, value as Resource, base))
    return busyTime(value as Resource, base)
  const changed = Object.entries(value).flatMap(([name, one]): [string, unknown][] => {
    const shown = shownIn(actor, one, base)
    return shown === one ? [] : [[name, shown]]
  })
  return changed.length > 0 ? { ...value, ...Object.fromEntries(changed) } : value
}

/** JSON text of one visit, whatever the text itself says of its sensitivity. */
export const textAsBusyTime = (body: string, base: string): string => JSON.stringify(busyTime(parseExact(body) as Resource, base))
