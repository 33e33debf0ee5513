/**
 * What `$hold` and `$book` are asked, in whichever dialect: which time, for whom, and in which shape the answer goes back.
 * CONTRACT §4; dialects in standards A.1 to A.6.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { visitMinutesMax } from '../base/limits.ts'
import { idNamed, patientsNamed, withLocalActors } from '../booking/participants.ts'
import { choiceOf, type ServiceChoice } from '../booking/service-choice.ts'
import { allOf, firstOf, type Inputs, idIn, inputsOf, textIn, tokensIn, wholeNumberIn } from '../fhir/parameters.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { slotAt } from './named-time.ts'
import { assertKnown } from './unknown-parameters.ts'
import { validateProposal } from './validate-proposal.ts'

const known: ReadonlySet<string> = new Set([
  'slot',
  'schedule',
  'start',
  'patient',
  'healthcare-service',
  'service-type',
  'duration',
  'comment',
  'appointment',
  'appointment-resource',
  'cancelled-appt-id',
])

export type VisitRequest = {
  /** A hold, a proposal or an Appointment named by its id. */
  readonly appointment?: string
  /** The Slot that the visit starts in; found by Schedule and start where those were given. */
  readonly slot?: string
  readonly resource?: Resource
  readonly start?: number
  readonly minutes?: number
  readonly service: ServiceChoice
  /** The bare id. */
  readonly patient?: string
  readonly comment?: string
  readonly replaces?: string
  /** Bundle (Argonaut, IHE, Epic) or the Appointment alone. */
  readonly inBundle: boolean
  readonly online: boolean
}

export async function visitRequest(house: House, actor: Actor, request: FhirRequest): Promise<VisitRequest> {
  const inputs = inputsOf(request, known, { type: 'Appointment', name: 'appointment-resource' })
  assertKnown(inputs, request)
  const permission = mayBook(actor)
  const sent = firstOf(inputs, 'appointment-resource')?.resource
  if (sent) await validateProposal(house, sent)
  const resource = sent && withLocalActors(sent, house.base)
  const named = firstOf(inputs, 'appointment')
  const sentNames = sentNamesOf(request)
  const minutes = minutesOf(inputs, resource)
  return {
    appointment: request.type === 'Appointment' && request.id ? request.id : named && idIn(named, 'Appointment', house.base),
    slot: await slotOf(house, request, inputs, resource),
    resource,
    start: typeof resource?.start === 'string' ? Date.parse(resource.start) : undefined,
    minutes,
    service: serviceOf(house, inputs, resource),
    patient: patientOf(house, inputs, resource, permission.patient),
    comment: textOf(inputs, 'comment'),
    replaces: replacesOf(house, inputs),
    inBundle: (request.type === 'Appointment' && request.id !== undefined) || sentNames.some((name) => bundleNames.has(name)),
    online: permission.patient !== undefined,
  }
}

/** CONTRACT §4: these names, and an id in the address, are answered with a Bundle. */
const bundleNames: ReadonlySet<string> = new Set(['appt-id', 'appointment-reference', 'appointment-resource', 'patient-id', 'appointment'])

const sentNamesOf = ({ body }: FhirRequest): string[] => {
  const list = (body as { resourceType?: string; parameter?: { name?: unknown }[] } | undefined)?.parameter
  return Array.isArray(list) ? list.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])) : []
}

/** Standards A.6: a new visit is `Appointment.c`. */
export function mayBook(actor: Actor): { readonly patient?: string } {
  const permission = may(actor, 'c', 'Appointment')
  if (!permission.allowed || permission.queries) throw fault('forbidden', "The token's scopes do not allow booking.")
  return permission
}

function minutesOf(inputs: Inputs, resource: Resource | undefined): number | undefined {
  const asked = firstOf(inputs, 'duration')
  const minutes = asked ? wholeNumberIn(asked, visitMinutesMax + 1) : minutesBetween(resource)
  if (minutes === undefined) return undefined
  if (minutes < 1 || minutes > visitMinutesMax) throw fault('value', `A visit lasts 1 to ${visitMinutesMax} minutes.`, 'duration')
  return minutes
}

function minutesBetween(resource: Resource | undefined): number | undefined {
  if (typeof resource?.start !== 'string' || typeof resource.end !== 'string') return undefined
  return (Date.parse(resource.end) - Date.parse(resource.start)) / 60_000
}

function serviceOf(house: House, inputs: Inputs, resource: Resource | undefined): ServiceChoice {
  const reference = firstOf(inputs, 'healthcare-service')
  const types = allOf(inputs, 'service-type').flatMap(tokensIn)
  if (!reference && types.length === 0 && resource) return choiceOf(resource, house.base)
  return { reference: reference && `HealthcareService/${idIn(reference, 'HealthcareService', house.base)}`, types }
}

/** From a parameter, from the Appointment's participants, or the token's own patient. A patient books for themself. */
function patientOf(house: House, inputs: Inputs, resource: Resource | undefined, own: string | undefined): string | undefined {
  const asked = firstOf(inputs, 'patient')
  const named = asked ? idIn(asked, 'Patient', house.base) : patientIn(resource, house.base)
  if (own === undefined) return named
  const others = patientsNamed(resource, house.base).some((patient) => patient !== `Patient/${own}`)
  if (others || (named !== undefined && named !== own))
    throw fault('forbidden', 'Under a patient scope a visit is booked for that patient alone.', 'patient')
  return own
}

/** The bare id of the first patient who takes part. */
export function patientIn(resource: Resource | undefined, base: string): string | undefined {
  const [id] = patientsNamed(resource, base).flatMap((patient) => idNamed(patient, 'Patient', base) ?? [])
  return id
}

const textOf = (inputs: Inputs, name: string): string | undefined => {
  const asked = firstOf(inputs, name)
  return asked && textIn(asked)
}

const replacesOf = (house: House, inputs: Inputs): string | undefined => {
  const asked = firstOf(inputs, 'cancelled-appt-id')
  return asked && idIn(asked, 'Appointment', house.base)
}

async function slotOf(house: House, request: FhirRequest, inputs: Inputs, resource: Resource | undefined): Promise<string | undefined> {
  if (request.type === 'Slot' && request.id) return request.id
  const asked = firstOf(inputs, 'slot')
  if (asked) return idIn(asked, 'Slot', house.base)
  const [first] = ((resource?.slot ?? []) as { reference?: string }[]).flatMap(({ reference }) => reference ?? [])
  if (first !== undefined) return idIn({ name: 'Appointment.slot', value: first }, 'Slot', house.base)
  const schedule = firstOf(inputs, 'schedule')
  const start = firstOf(inputs, 'start')?.value ?? resource?.start
  if (!schedule || typeof start !== 'string') return undefined
  return slotAt(house, idIn(schedule, 'Schedule', house.base), start)
}
