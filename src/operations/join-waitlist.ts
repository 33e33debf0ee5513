/**
 * `Appointment/$join-waitlist`: a patient waits for a time, of which some words say what would do. The same as a POST of the
 * Appointment with status `waitlist`. OperationDefinition: fhir-profiles/OperationDefinition-join-waitlist.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { visitMinutesMax } from '../base/limits.ts'
import { patientIds, patientsNamed, withLocalActors } from '../booking/participants.ts'
import { writeResource } from '../booking/write-resource.ts'
import { allOf, conceptIn, firstOf, type Inputs, inputsOf, instantIn, textIn, tokensIn, wholeNumberIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { waitlistUrl } from '../scheduling/waitlist-wish.ts'
import type { House } from '../store/house.ts'
import { claimKey, type IdempotencyKey, remember } from '../store/idempotency.ts'
import { currentResource } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { daysOf, timeOf } from './find-criteria.ts'
import { eachNamedBy } from './named-resources.ts'
import { type Done, once } from './once.ts'
import { assertKnown } from './unknown-parameters.ts'
import { validateProposal } from './validate-proposal.ts'
import { createdReply } from './visit-reply.ts'
import { mayBook } from './visit-request.ts'

const actorTypes = {
  practitioner: 'Practitioner',
  'practitioner-role': 'PractitionerRole',
  location: 'Location',
  'healthcare-service': 'HealthcareService',
} as const

const known: ReadonlySet<string> = new Set([
  'patient',
  ...Object.keys(actorTypes),
  'service-type',
  'start',
  'end',
  'day-of-week',
  'time-from',
  'time-to',
  'duration',
  'priority',
  'expires',
  'reason',
  'comment',
  'appointment-resource',
])

export async function joinWaitlist(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const inputs = inputsOf(request, known, { type: 'Appointment', name: 'appointment-resource' })
  assertKnown(inputs, request)
  const { patient: own } = mayBook(actor)
  const sent = firstOf(inputs, 'appointment-resource')?.resource
  const asked: Resource = { ...(sent ?? (await entryFrom(house, actor, inputs, own))), status: 'waitlist' }
  await validateProposal(house, asked)
  const entry = withLocalActors(asked, house.base)
  await assertPatient(house, actor, entry, own)
  return once(house, actor, request, (key) => join(house, actor, entry, key), createdReply)
}

function join(house: House, actor: Actor, entry: Resource, key: IdempotencyKey | undefined): Promise<Done> {
  return inTransaction(house.pool, async (tx) => {
    if (key) await claimKey(tx, key)
    const at = house.clock.now().toISOString()
    const id = house.ids.next()
    const resource = { ...entry, id, created: entry.created ?? at }
    const audit = auditOf(house, actor, 'create')
    const text = JSON.stringify(resource)
    const { written } = await writeResource(tx, house, {
      type: 'Appointment',
      id,
      isNew: true,
      resource,
      text,
      at,
      client: actor.client,
      audit,
    })
    if (key) await remember(tx, key, { appointment: id, version: written.version }, at)
    return { id, version: written.version, text: written.body }
  })
}

async function assertPatient(house: House, actor: Actor, entry: Resource, own: string | undefined): Promise<void> {
  const [patient] = patientIds(entry, house.base)
  if (patient === undefined) throw fault('required', 'Say which patient waits.', 'patient')
  if (own !== undefined && patientsNamed(entry, house.base).some((one) => one !== `Patient/${own}`))
    throw fault('forbidden', 'Under a patient scope that patient alone can join the waitlist.', 'patient')
  const isKept = patientsNamed(entry, house.base).some((one) => actor.keptFrom?.includes(one.slice('Patient/'.length)))
  const row = await currentResource(house.pool, 'Patient', patient)
  if (!row?.body || isKept) throw fault('not-found', `There is no Patient/${patient}.`, 'patient')
}

async function entryFrom(house: House, actor: Actor, inputs: Inputs, own: string | undefined): Promise<Resource> {
  const named = await eachNamedBy(house, actor, inputs, 'patient', 'Patient')
  const patients = named.length > 0 || own === undefined ? named : [own]
  const actors = await Promise.all(
    Object.entries(actorTypes).map(async ([name, type]) =>
      (await eachNamedBy(house, actor, inputs, name, type)).map((id) => `${type}/${id}`),
    ),
  )
  const participant = [...patients.map((id) => `Patient/${id}`), ...actors.flat()].map((reference) => ({
    actor: { reference },
    status: reference.startsWith('Patient/') ? 'accepted' : 'needs-action',
  }))
  const extension = wishExtension(inputs)
  return {
    resourceType: 'Appointment',
    participant,
    ...(extension.length > 0 && { extension: [{ url: waitlistUrl, extension }] }),
    ...elementsOf(inputs),
  }
}

function wishExtension(inputs: Inputs): object[] {
  const clock = (minutes: number): string => new Date(minutes * 60_000).toISOString().slice(11, 19)
  const [from, to, expires] = [timeOf(inputs, 'time-from'), timeOf(inputs, 'time-to'), firstOf(inputs, 'expires')]
  return [
    ...(daysOf(inputs) ?? []).map((valueCode) => ({ url: 'dayOfWeek', valueCode })),
    ...(from === undefined ? [] : [{ url: 'timeFrom', valueTime: clock(from) }]),
    ...(to === undefined || to >= 24 * 60 ? [] : [{ url: 'timeTo', valueTime: clock(to) }]),
    ...(expires ? [{ url: 'expires', valueInstant: instantOf(instantIn(expires)) }] : []),
  ]
}

const prioritiesMax = 9

function elementsOf(inputs: Inputs): Readonly<Record<string, unknown>> {
  const [start, end] = [firstOf(inputs, 'start'), firstOf(inputs, 'end')]
  const [minutes, priority, comment] = [firstOf(inputs, 'duration'), firstOf(inputs, 'priority'), firstOf(inputs, 'comment')]
  const types = allOf(inputs, 'service-type').flatMap(tokensIn)
  const reasons = allOf(inputs, 'reason').map(conceptIn)
  return {
    ...(types.length > 0 && { serviceType: types.map((coding) => ({ coding: [coding] })) }),
    ...((start || end) && {
      requestedPeriod: [{ ...(start && { start: instantOf(instantIn(start)) }), ...(end && { end: instantOf(instantIn(end)) }) }],
    }),
    ...(minutes && { minutesDuration: wholeNumberIn(minutes, visitMinutesMax) }),
    ...(priority && { priority: wholeNumberIn(priority, prioritiesMax) }),
    ...(reasons.length > 0 && { reasonCode: reasons }),
    ...(comment && { comment: textIn(comment) }),
  }
}
