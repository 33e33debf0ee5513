/**
 * `$hold` and `$book` are one thing with two ends: a time is found from what was sent, and taken through the engine.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { type Booked, bookSlot } from '../booking/book.ts'
import type { CancelInput } from '../booking/cancel.ts'
import { assertItsService } from '../booking/its-service.ts'
import { jointOfSlots } from '../booking/joint-of-slots.ts'
import type { BookInput } from '../booking/new-visit.ts'
import { idsNamed, patientIds } from '../booking/participants.ts'
import { withoutRecord } from '../booking/record-extensions.ts'
import { bookSeries, type SeriesClashing } from '../booking/series/book-series.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import type { IdempotencyKey } from '../store/idempotency.ts'
import { type Proposal, proposalOf } from '../store/proposals.ts'
import { assertItsTime } from './assert-its-time.ts'
import { assertMayChange, isPatient } from './may-change.ts'
import { type Done, once } from './once.ts'
import { proposalsReply } from './proposals-reply.ts'
import { passedOn } from './said-of-visit.ts'
import { assertOneVisit, type SeriesAsked, seriesIn } from './series-request.ts'
import { assertSlotsThere } from './slots-asked.ts'
import { bundleReply, createdReply, seriesOr } from './visit-reply.ts'
import { type VisitRequest, visitRequest } from './visit-request.ts'

export type Taking = {
  readonly house: House
  readonly actor: Actor
  readonly asked: VisitRequest
  readonly once: IdempotencyKey | undefined
}

/** Visits, or what could be had instead of those of a series that clash. */
export type Taken = Done | SeriesClashing

/** Runs `take`, remembers its answer for the Idempotency-Key, and gives it back in the shape that was asked for. */
export async function takeVisit(
  house: House,
  actor: Actor,
  request: FhirRequest,
  said: string,
  take: (taking: Taking) => Promise<Taken>,
): Promise<Reply> {
  const asked = await visitRequest(house, actor, request)
  const single = asked.inBundle ? bundleReply(house, said) : createdReply
  const render = seriesOr(house, 'The series is taken.', single)
  return once<SeriesClashing>(
    house,
    actor,
    request,
    (key) => take({ house, actor, asked, once: key }),
    (done) => ('proposals' in done ? proposalsReply(done) : render(done)),
  )
}

/** Holds or books the time that was asked for; an id is a proposal's. */
export async function takeTime(taking: Taking, hold: boolean): Promise<Taken> {
  const { asked } = taking
  if (hold && asked.replaces !== undefined)
    throw fault(
      'business-rule',
      'A hold replaces nothing: say cancelled-appt-id when you book, so that the old time stands until then.',
      'cancelled-appt-id',
    )
  if (hold && asked.overbook) throw fault('business-rule', 'A hold is not laid over others: say overbook when you book.', 'overbook')
  assertIsWish(asked, hold)
  assertSlotsThere(asked)
  if (asked.appointment !== undefined) return takeProposal(taking, asked.appointment, hold)
  if (asked.slot === undefined) throw fault('required', 'Say which time: a slot, a schedule and a start, or the id of a proposal.', 'slot')
  return takeOneOrSeries(taking, asked.series, {
    ...common(taking, hold),
    slot: asked.slot,
    slots: asked.slots,
    schedule: asked.schedule,
    groups: asked.groups,
    ...patientsFor(taking, undefined),
    service: asked.service,
    minutes: asked.minutes,
    start: asked.start,
    proposal: wordsOf(asked, {}),
  })
}

const wishes: ReadonlySet<unknown> = new Set(['proposed', 'waitlist', 'pending', 'booked'])

/** What says that it is over, or never was, asks for no time; to cancel one it must be there, and `$book` has looked. */
export function assertIsWish({ appointment, resource }: VisitRequest, hold: boolean): void {
  if (!resource || wishes.has(resource.status)) return
  const id = appointment ?? resource.id
  if (!hold && resource.status === 'cancelled' && id !== undefined)
    throw fault('not-found', `There is no Appointment/${id}.`, 'Appointment')
  throw fault('business-rule', `An Appointment that is ${resource.status} cannot be ${hold ? 'held' : 'booked'}.`, 'Appointment.status')
}

async function takeOneOrSeries({ house, asked }: Taking, series: SeriesAsked | undefined, input: BookInput): Promise<Taken> {
  if (!series) {
    assertOneVisit(asked.clashes)
    return bookSlot(house, input)
  }
  if (input.replaces) throw replacesNoVisit()
  if (input.overbook) throw fault('business-rule', 'A series is not laid over others: overbook one visit at a time.', 'overbook')
  const booked = await bookSeries(house, { ...input, ...series, ...asked.clashes })
  if ('proposals' in booked) return booked
  const { visits, leftOut } = booked
  return { ...(visits[0] as Booked), series: visits, leftOut }
}

export const replacesNoVisit = (): Error =>
  fault('business-rule', 'A series replaces no visit: cancel that one, or move it.', 'cancelled-appt-id')

/** Proposed to another patient than the one that the token is confined to. */
function isAnothers(actor: Actor, { patient }: Proposal): boolean {
  const permission = may(actor, 'c', 'Appointment')
  if (patient === null) return false
  if (actor.keptFrom?.includes(patient)) return true
  return permission.allowed && permission.patient !== undefined && patient !== permission.patient
}

async function takeProposal(taking: Taking, id: string, hold: boolean): Promise<Taken> {
  const { house, asked } = taking
  const proposal = await proposalOf(house.pool, id)
  if (!proposal || isAnothers(taking.actor, proposal)) throw fault('not-found', `There is no Appointment/${id}.`, 'Appointment')
  if (!proposal.live) throw fault('expired', 'This proposed time has run out. Ask for times again.', 'appt-id')
  const proposed = JSON.parse(proposal.body) as Resource
  await assertItsTime(house, asked, { name: 'proposal', visit: proposed })
  await assertItsService(house.pool, house, { name: 'proposal', visit: proposed }, asked.service)
  const slots = idsNamed(proposed.slot, 'Slot', house.base)
  const joint = await jointOfSlots(house, slots)
  return takeOneOrSeries(taking, asked.series ?? seriesIn(proposed), {
    ...common(taking, hold),
    slot: proposal.slot,
    ...(joint && { slots, groups: joint.groups }),
    ...patientsFor(taking, proposed),
    service: proposal.service === null ? {} : { reference: proposal.service },
    minutes: proposal.minutes,
    proposal: wordsOf(asked, passedOn(proposed)),
  })
}

function common(taking: Taking, hold: boolean) {
  const { house, actor, asked, once: key } = taking
  return {
    hold,
    comment: asked.comment,
    override: asked.override,
    replaces: asked.replaces === undefined ? undefined : replacement(taking, asked.replaces),
    client: actor.client,
    keptFrom: actor.keptFrom,
    overbook: asked.overbook,
    online: asked.online,
    newPatients: asked.newPatients.length > 0 ? asked.newPatients : undefined,
    audit: auditOf(house, actor, hold ? 'hold' : 'book'),
    once: key,
  }
}

/** The visit that is moved: cancelled in the same transaction, by somebody who may. */
export const replacement = ({ house, actor, asked }: Taking, id: string): CancelInput => ({
  id,
  reason: { text: 'Rescheduled' },
  leaving: { online: isPatient(actor), moving: true, overridden: asked.override !== undefined },
  audit: auditOf(house, actor, 'cancel'),
  assertMay: assertMayChange(house, actor),
})

function patientsFor({ house, actor, asked }: Taking, proposed: Resource | undefined): { patient: string; others: readonly string[] } {
  const [patient, ...others] = asked.patients.length > 0 ? asked.patients : patientIds(proposed, house.base)
  if (patient === undefined) throw fault('required', 'Say which patient the visit is for.', 'patient')
  const kept = others.find((one) => actor.keptFrom?.includes(one))
  if (kept !== undefined) throw fault('not-found', `There is no Patient/${kept}.`, 'patient')
  return { patient, others }
}

/** The client's own Appointment, or what else was said of the visit: the call's words over those of the proposal. */
function wordsOf({ resource, said }: VisitRequest, passed: Readonly<Record<string, unknown>>): Resource | undefined {
  if (!resource && Object.keys({ ...passed, ...said }).length === 0) return undefined
  return { ...passed, ...(resource && withoutRecord(resource)), ...said, resourceType: 'Appointment' }
}
