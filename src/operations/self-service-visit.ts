/**
 * What a self-service link shows, and what it does: one visit, and the one thing that the link is for. Whoever has the link
 * acts as the patient it was made for: the same operations, rules, notice and AuditEvents as under a `patient/` scope.
 * Looking changes nothing, since mail programs follow links. The patient's name is not shown: a link may be passed on.
 * Left out: HTTP and the page (`http/self-service.ts`).
 */
import type { Actor } from '../access/actor.ts'
import { inCompartment } from '../access/compartment.ts'
import { parseScopes } from '../access/scopes.ts'
import { auditOf } from '../audit/audit-of.ts'
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { selfServiceTimesMax, selfServiceWindowDays } from '../base/limits.ts'
import { confirmComing } from '../booking/confirm-coming.ts'
import { findJointVisits } from '../booking/find-joint.ts'
import { schedulesIn } from '../booking/joint-calendars.ts'
import { jointOfSlots } from '../booking/joint-of-slots.ts'
import { idsNamed } from '../booking/participants.ts'
import { planFrom } from '../booking/plans.ts'
import { scheduleOfVisit } from '../booking/schedule-of-visit.ts'
import { choiceOf } from '../booking/service-choice.ts'
import { visitLength } from '../booking/visit-length.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { House } from '../store/house.ts'
import { plansOf } from '../store/plans.ts'
import { readResource } from '../store/resources.ts'
import { firstUse, type LinkPurpose, type LinkRow, linkOf } from '../store/self-service-links.ts'
import { patientTime } from '../store/visit-context.ts'
import { cancel } from './cancel.ts'
import { findSlots } from './find-slots.ts'
import { reschedule } from './reschedule.ts'
import { hashOf } from './self-service-link.ts'
import { partiesOf } from './visit-parties.ts'

export type SelfServiceVisit = {
  readonly purpose: LinkPurpose
  readonly expires: string
  readonly status: string
  readonly start?: string
  readonly end?: string
  readonly timeZone: string
  readonly service?: string
  readonly with: readonly string[]
  readonly where: readonly string[]
  /** The link can do what it is for, as far as the visit's status goes. */
  readonly open: boolean
  /** Free times that the visit can be moved to. */
  readonly times: readonly { readonly slot: string; readonly start: string }[]
}

export type Asking = { readonly secret: string; readonly address?: string }

type Opened = { readonly link: LinkRow; readonly actor: Actor; readonly visit: Resource }

/** Throws: not-found, expired. */
export async function selfServiceVisit(house: House, asking: Asking): Promise<SelfServiceVisit> {
  const { link, actor, visit } = await opened(house, asking)
  const now = house.clock.now().getTime()
  const schedule = await scheduleOfVisit(house, visit)
  const [row] = schedule === undefined ? [] : await plansOf(house.pool, [schedule])
  const plan = row && planFrom(house, row.schedule, row.version, row.plan)
  const isToCome = Date.parse(String(visit.start)) > now
  const open = isToCome && (visit.status === 'booked' || (visit.status === 'pending' && link.purpose !== 'reschedule'))
  const moves = open && link.purpose === 'reschedule' && schedule !== undefined
  return {
    purpose: link.purpose,
    expires: link.expires.toISOString(),
    status: String(visit.status),
    ...(typeof visit.start === 'string' && { start: instantOf(Date.parse(visit.start)) }),
    ...(typeof visit.end === 'string' && { end: instantOf(Date.parse(visit.end)) }),
    timeZone: plan?.zone ?? house.defaultTimeZone,
    ...(await partiesOf(house, visit)),
    open,
    times: moves ? await timesFor(house, actor, visit, schedule) : [],
  }
}

export type SelfServiceWish = { readonly slot?: string; readonly comment?: string }

/** Does what the link is for. Throws whatever the operation does. */
export async function useSelfServiceLink(house: House, asking: Asking, wish: SelfServiceWish): Promise<void> {
  const { link, actor } = await opened(house, asking)
  const at = house.clock.now().toISOString()
  const id = link.appointment
  if (link.purpose === 'confirm')
    return confirmComing(house, {
      appointment: id,
      patient: link.patient,
      client: actor.client,
      audit: auditOf(house, actor, 'create'),
      isNews: (tx) => firstUse(tx, link.id, at),
    })
  const comment = wish.comment ? { comment: wish.comment } : {}
  if (link.purpose === 'cancel') await cancel(house, actor, called({ type: 'Appointment', id }, 'cancel', { ...byPatient, ...comment }))
  else await reschedule(house, actor, called({ type: 'Appointment', id }, 'reschedule', { slot: slotIn(wish), ...comment }))
  await firstUse(house.pool, link.id, at)
}

const byPatient = {
  reason: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason', code: 'pat', display: 'Patient' }],
  },
}

function slotIn({ slot }: SelfServiceWish): string {
  if (slot) return slot
  throw fault('required', 'Choose a new time.', 'slot')
}

/** An operation as its patient would call it. */
const called = (path: { type: string; id?: string }, operation: string, inputs: Readonly<Record<string, unknown>>): FhirRequest => ({
  ...path,
  operation,
  query: [],
  method: 'POST',
  url: `${path.type}${path.id ? `/${path.id}` : ''}/$${operation}`,
  headers: { prefer: {} },
  body: {
    resourceType: 'Parameters',
    parameter: Object.entries(inputs).map(([name, value]) =>
      typeof value === 'string' ? { name, valueString: value } : { name, valueCodeableConcept: value },
    ),
  },
})

const secretPattern = /^[\w-]{43}$/
const scopes = parseScopes('patient/Appointment.ru patient/AppointmentResponse.c patient/Slot.rs')

/** The visit comes with its AuditEvent. */
async function opened(house: House, { secret, address }: Asking): Promise<Opened> {
  const link = secretPattern.test(secret) ? await linkOf(house.pool, hashOf(secret)) : undefined
  if (!link) throw fault('not-found', 'This link is not known. Ask the clinic for a new one.')
  if (link.revoked || link.expires <= house.clock.now()) throw over()
  const actor: Actor = { client: 'self-service', patient: link.patient, scopes, address }
  const row = await readResource(house.pool, 'Appointment', link.appointment, auditOf(house, actor, 'read'))
  const visit = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  if (!visit || !inCompartment(house.definitions, visit, link.patient, house.base)) throw over()
  return { link, actor, visit }
}

const over = (): Error => fault('expired', 'This link does not work any more. Ask the clinic for a new one.')

type Found = { entry?: { resource: { resourceType: string; id?: string; start?: string } }[] }

/**
 * What `$find-slots` offers the patient for the same service, length and Schedule; of several Schedules what all of them have
 * free.
 */
async function timesFor(house: House, actor: Actor, visit: Resource, schedule: string): Promise<SelfServiceVisit['times']> {
  const joint = await jointOfSlots(house, idsNamed(visit.slot, 'Slot', house.base), {
    start: Date.parse(String(visit.start)),
    forgotten: true,
  })
  if (joint) return jointTimesFor(house, actor, visit, joint.groups)
  const { reference, types = [] } = choiceOf(visit, house.base)
  const [type] = types
  const service = reference ? { 'healthcare-service': reference } : type && { 'service-type': `${type.system ?? ''}|${type.code}` }
  const minutes = (Date.parse(String(visit.end)) - Date.parse(String(visit.start))) / 60_000
  const asked = {
    schedule: `Schedule/${schedule}`,
    ...service,
    duration: String(minutes),
    end: instantOf(house.clock.now().getTime() + selfServiceWindowDays * dayMs),
    _count: String(selfServiceTimesMax),
  }
  const { body = '{}' } = await findSlots(house, actor, called({ type: 'Slot' }, 'find-slots', asked))
  return ((JSON.parse(body) as Found).entry ?? []).flatMap(({ resource }) =>
    resource.resourceType === 'Slot' && resource.id && resource.start
      ? [{ slot: `Slot/${resource.id}`, start: instantOf(Date.parse(resource.start)) }]
      : [],
  )
}

async function jointTimesFor(
  house: House,
  { patient = '' }: Actor,
  visit: Resource,
  groups: readonly JointGroup[],
): Promise<SelfServiceVisit['times']> {
  const from = house.clock.now().getTime()
  const until = from + selfServiceWindowDays * dayMs
  const query = {
    from,
    until,
    schedules: schedulesIn(groups.slice(0, 1)),
    count: selfServiceTimesMax,
    service: choiceOf(visit, house.base),
    minutes: visitLength(visit),
    online: true,
    busy: await patientTime(house.pool, patient, instantOf(from), instantOf(until + dayMs), visit.id),
  }
  const { found } = await findJointVisits(house, query, groups)
  return found.map(({ visit: { slot, start } }) => ({ slot: `Slot/${slot.id}`, start: instantOf(start) }))
}
