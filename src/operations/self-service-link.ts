/**
 * `Appointment/{id}/$self-service-link`: links by which a patient confirms, moves or cancels this one visit without signing
 * in, each for one of these. For staff and systems, who send them.
 * OperationDefinition: fhir-profiles/OperationDefinition-self-service-link.json
 * Left out: sending them, and what a link does (`self-service-visit.ts`).
 */
import { createHash } from 'node:crypto'
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { dayMs } from '../base/durations.ts'
import { deleted, fault } from '../base/fault.ts'
import { newSecret } from '../base/ids.ts'
import { selfServiceDaysDefault, selfServiceDaysMax } from '../base/limits.ts'
import { patientIds } from '../booking/participants.ts'
import { allOf, firstOf, type Inputs, idIn, inputsOf, instantIn, textIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { addLinks, type LinkPurpose, linkPurposes } from '../store/self-service-links.ts'
import { assertMayChange } from './may-change.ts'
import { assertKnown } from './unknown-parameters.ts'

const known: ReadonlySet<string> = new Set(['purpose', 'patient', 'expires'])

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')

export async function selfServiceLink(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  assertStaff(actor)
  const { id = '' } = request
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const visit = await visitFor(house, actor, id)
  const now = house.clock.now()
  assertStillTo(visit, now.getTime())
  const expires = expiryIn(inputs, now.getTime())
  const links = purposesIn(inputs).map((purpose) => ({ id: house.ids.next(), purpose, secret: newSecret() }))
  const hashed = links.map(({ secret, ...link }) => ({ ...link, hash: hashOf(secret) }))
  const patient = patientIn(house, inputs, visit)
  const made = { appointment: id, patient, client: actor.client, at: now.toISOString(), expires, links: hashed }
  await addLinks(house.pool, made, auditOf(house, actor, 'self-service-link'))
  const parameter = links.map((link) => ({
    name: 'link',
    part: [
      { name: 'purpose', valueCode: link.purpose },
      { name: 'url', valueUrl: `${house.base.replace(/\/fhir$/, '')}/a/${link.secret}` },
      { name: 'expires', valueInstant: expires },
      { name: 'id', valueString: link.id },
    ],
  }))
  return { status: 200, body: JSON.stringify({ resourceType: 'Parameters', parameter }) }
}

/** A link opens a visit to whoever has it: nobody makes one who may not change all of them. */
export function assertStaff(actor: Actor): void {
  const permission = may(actor, 'u', 'Appointment')
  if (permission.allowed && permission.patient === undefined && !permission.queries) return
  throw fault('forbidden', 'Links are made by the clinic: this takes a user/ or system/ scope that may change all Appointments.')
}

export async function visitFor(house: House, actor: Actor, id: string): Promise<Resource> {
  const row = await currentResource(house.pool, 'Appointment', id)
  // Of a deleted one nothing tells whose it was.
  if (!row || (row.body === null && actor.keptFrom)) throw fault('not-found', `There is no Appointment/${id}.`, 'Appointment')
  if (row.body === null) throw deleted(`Appointment/${id}`, 'Appointment')
  const visit = JSON.parse(row.body) as Resource
  assertMayChange(house, actor)(visit)
  return visit
}

function assertStillTo({ status, start }: Resource, now: number): void {
  if ((status === 'booked' || status === 'pending') && Date.parse(String(start)) > now) return
  throw fault('business-rule', 'Links are for visits that are booked or asked for and still to come.', 'Appointment.status')
}

function purposesIn(inputs: Inputs): readonly LinkPurpose[] {
  const asked = allOf(inputs, 'purpose').flatMap((one) => textIn(one).split(','))
  const stranger = asked.find((one) => !linkPurposes.includes(one as LinkPurpose))
  if (stranger !== undefined) throw fault('value', `A purpose is one of ${linkPurposes.join(', ')}.`, 'purpose')
  return asked.length > 0 ? linkPurposes.filter((one) => asked.includes(one)) : linkPurposes
}

function patientIn(house: House, inputs: Inputs, visit: Resource): string {
  const patients = patientIds(visit, house.base)
  const named = firstOf(inputs, 'patient')
  const [only, second] = named ? patients.filter((one) => one === idIn(named, 'Patient', house.base)) : patients
  if (only === undefined) throw fault('business-rule', 'No such patient takes part in the visit.', 'patient')
  if (second !== undefined) throw fault('required', 'Several patients take part: say whose link it is.', 'patient')
  return only
}

function expiryIn(inputs: Inputs, now: number): string {
  const given = firstOf(inputs, 'expires')
  if (!given) return instantOf(now + selfServiceDaysDefault * dayMs)
  const expires = instantIn(given)
  if (expires > now && expires <= now + selfServiceDaysMax * dayMs) return instantOf(expires)
  throw fault('value', `A link expires in the future, at most ${selfServiceDaysMax} days from now.`, 'expires')
}
