/**
 * What `$hold` and `$book` are asked, in whichever dialect: which time, for whom, and in which shape the answer goes back.
 * docs/operations.md
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { patientsPerVisitMax } from '../base/limits.ts'
import type { NewPatient } from '../booking/new-visit.ts'
import type { Overbooking } from '../booking/overbook.ts'
import type { Override } from '../booking/override.ts'
import { patientIds, patientsNamed, withLocalActors } from '../booking/participants.ts'
import { choiceOf, type ServiceChoice } from '../booking/service-choice.ts'
import { visitLength } from '../booking/visit-length.ts'
import { allOf, firstOf, type Inputs, idIn, inputsOf, tokensIn } from '../fhir/parameters.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { minutesAsked, visitMinutes } from './asked-minutes.ts'
import { eachNamedBy, idNamedBy } from './named-resources.ts'
import { overbookingOf } from './overbook-reason.ts'
import { overrideOf } from './override-reason.ts'
import { type Decided, patientsSent } from './patient-resource.ts'
import { referralNamed } from './referral.ts'
import { commentIn, saidOf } from './said-of-visit.ts'
import { assertSaidOnce } from './said-once.ts'
import { type ClashesAsked, clashesIn, type SeriesAsked, seriesIn } from './series-request.ts'
import { type SlotsAsked, slotsOf, startOf } from './slots-asked.ts'
import { assertKnown } from './unknown-parameters.ts'
import { validateProposal } from './validate-proposal.ts'

const known: ReadonlySet<string> = new Set([
  'slot',
  'schedule',
  'start',
  'patient',
  'patient-resource',
  'healthcare-service',
  'service-type',
  'duration',
  'comment',
  'reason',
  'appointment-type',
  'referral-identifier',
  'coverage',
  'insurance-reference',
  'appointment',
  'appointment-resource',
  'cancelled-appt-id',
  'overbook',
  'overbook-reason',
  'resource-group',
  'override-reason',
  'on-clash',
  'occurrence',
])

/** Of these several values are meant. */
const repeatable: ReadonlySet<string> = new Set([
  'slot',
  'patient',
  'patient-resource',
  'service-type',
  'reason',
  'coverage',
  'insurance-reference',
  'resource-group',
  'occurrence',
])
const single = [...known].filter((name) => !repeatable.has(name))

export type VisitRequest = SlotsAsked & {
  /** Which parameters there were, by their canonical names. */
  readonly named: ReadonlySet<string>
  /** A hold, a proposal or an Appointment named by its id. */
  readonly appointment?: string
  readonly resource?: Resource
  /** More than one visit is asked for. */
  readonly series?: SeriesAsked
  readonly clashes: ClashesAsked
  readonly start?: number
  readonly minutes?: number
  readonly service: ServiceChoice
  /** The bare ids; none where nobody was named and the token has no patient of its own. */
  readonly patients: readonly string[]
  /** Those of them who were sent whole and are not known here. */
  readonly newPatients: readonly NewPatient[]
  /** Elements of the Appointment that parameters said. */
  readonly said: Readonly<Record<string, unknown>>
  readonly comment?: string
  readonly replaces?: string
  readonly overbook?: Overbooking
  /** Staff let it in against the rules. */
  readonly override?: Override
  /** Bundle (Argonaut, IHE, Epic) or the Appointment alone. */
  readonly inBundle: boolean
  readonly online: boolean
}

export async function visitRequest(house: House, actor: Actor, request: FhirRequest): Promise<VisitRequest> {
  const inputs = inputsOf(request, known, { type: 'Appointment', name: 'appointment-resource' })
  assertKnown(inputs, request)
  assertSaidOnce(inputs, single)
  const permission = mayBook(actor)
  const sent = firstOf(inputs, 'appointment-resource')?.resource
  if (sent) await validateProposal(house, sent)
  const resource = sent && withLocalActors(sent, house.base)
  const sentNames = sentNamesOf(request)
  const minutes = minutesOf(inputs, resource)
  const sentWhole = inputs.byName.has('patient-resource') ? await patientsSent(house, actor, inputs, permission.patient) : nobodySent
  return {
    named: new Set(inputs.byName.keys()),
    appointment: await appointmentNamed(house, actor, request, inputs, resource),
    ...(await slotsOf(house, actor, request, inputs, resource)),
    resource,
    series: seriesIn(resource),
    clashes: clashesIn(inputs, house.base),
    start: startOf(inputs, resource),
    minutes,
    service: await serviceOf(house, actor, inputs, resource),
    patients: [...new Set([...(await patientsOf(house, actor, inputs, resource, permission.patient)), ...sentWhole.ids])],
    newPatients: sentWhole.created,
    said: saidOf(house, inputs, (await referralNamed(house, actor, inputs))?.reference),
    comment: commentIn(house, inputs),
    replaces: replacesOf(house, inputs),
    overbook: overbookingOf(house, actor, inputs, permission.patient !== undefined),
    override: overrideOf(house, actor, inputs, permission.patient !== undefined),
    inBundle: (request.type === 'Appointment' && request.id !== undefined) || sentNames.some((name) => bundleNames.has(name)),
    online: permission.patient !== undefined,
  }
}

/** By the address or a parameter. Throws `value` where these, or the Appointment that is sent along, are not one. */
async function appointmentNamed(
  house: House,
  actor: Actor,
  request: FhirRequest,
  inputs: Inputs,
  resource: Resource | undefined,
): Promise<string | undefined> {
  const named = firstOf(inputs, 'appointment')
  const asked = named && (await idNamedBy(house, actor, named, 'Appointment'))
  const id = (request.type === 'Appointment' ? request.id : undefined) ?? asked
  const other = [asked, resource?.id].some((one) => one !== undefined && one !== id)
  if (id !== undefined && other) throw fault('value', 'Two Appointments are named: one is meant.', 'appt-id')
  return id
}

/** These names, and an id in the address, are answered with a Bundle. */
const bundleNames: ReadonlySet<string> = new Set([
  'appt-id',
  'appointment-reference',
  'appointment-resource',
  'patient-id',
  'patient-resource',
  'appointment',
])

const nobodySent: Decided = { ids: [], created: [] }

const sentNamesOf = ({ body }: FhirRequest): string[] => {
  const list = (body as { resourceType?: string; parameter?: { name?: unknown }[] } | undefined)?.parameter
  return Array.isArray(list) ? list.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])) : []
}

/** A new visit is `Appointment.c`. */
export function mayBook(actor: Actor): { readonly patient?: string } {
  const permission = may(actor, 'c', 'Appointment')
  if (!permission.allowed || permission.queries) throw fault('forbidden', "The token's scopes do not allow booking.")
  return permission
}

/** The Appointment's own, or what was said beside a Slot. Throws `value` where they are two. */
function minutesOf(inputs: Inputs, resource: Resource | undefined): number | undefined {
  const own = visitLength(resource) ?? (resource?.minutesDuration as number | undefined)
  const asked = minutesAsked(inputs)
  if (own !== undefined && asked !== undefined && own !== asked) throw fault('value', 'The Appointment says another length.', 'duration')
  const minutes = own ?? asked
  return minutes === undefined ? undefined : visitMinutes(minutes, 'duration')
}

async function serviceOf(house: House, actor: Actor, inputs: Inputs, resource: Resource | undefined): Promise<ServiceChoice> {
  const reference = firstOf(inputs, 'healthcare-service')
  const types = allOf(inputs, 'service-type').flatMap(tokensIn)
  if (!reference && types.length === 0 && resource) return choiceOf(resource, house.base)
  return { reference: reference && `HealthcareService/${await idNamedBy(house, actor, reference, 'HealthcareService')}`, types }
}

/** From a parameter, from the Appointment's participants, or the token's own patient. A patient books for themself. */
async function patientsOf(
  house: House,
  actor: Actor,
  inputs: Inputs,
  resource: Resource | undefined,
  own: string | undefined,
): Promise<string[]> {
  const asked = await eachNamedBy(house, actor, inputs, 'patient', 'Patient')
  const named = asked.length > 0 ? [...new Set(asked)] : patientIds(resource, house.base)
  if (named.length > patientsPerVisitMax) throw fault('too-costly', `A visit is for at most ${patientsPerVisitMax} patients.`, 'patient')
  if (own === undefined) return named
  const others = patientsNamed(resource, house.base).some((patient) => patient !== `Patient/${own}`)
  if (others || named.some((patient) => patient !== own))
    throw fault('forbidden', 'Under a patient scope a visit is booked for that patient alone.', 'patient')
  return [own]
}

const replacesOf = (house: House, inputs: Inputs): string | undefined => {
  const asked = firstOf(inputs, 'cancelled-appt-id')
  return asked && idIn(asked, 'Appointment', house.base)
}
