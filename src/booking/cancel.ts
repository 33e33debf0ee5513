/**
 * Gives a visit's time back and marks the Appointment cancelled, in one transaction. Also how a hold is released, and how
 * one whose time is over ends.
 */
import { deleted, fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { mayBecome } from '../scheduling/appointment-lifecycle.ts'
import { awaitsApproval, untilAnswered } from '../scheduling/approval.ts'
import { approvalUrl, heldUntilUrl } from '../scheduling/extension-parts.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import { giveBackTime, lockTaken } from '../store/held-time.ts'
import type { House } from '../store/house.ts'
import { claimKey, type IdempotencyKey, remember } from '../store/idempotency.ts'
import { claimUnderLanes } from '../store/overflow.ts'
import { lockResource, readResource, replaceResource, type StoredRow } from '../store/resources.ts'
import { beforeCommit, inTransaction } from '../store/transaction.ts'
import { closeEncounters } from './encounters.ts'
import { assertMayLeave, type Leaving } from './leave-visit.ts'
import { lateCancellationUrl, withExtension } from './record-extensions.ts'
import { resourceWrite } from './resource-write.ts'

export type CancelInput = {
  readonly id: string
  /** Only a hold may be released this way. */
  readonly holdOnly?: boolean
  readonly reason?: Resource | { readonly [element: string]: unknown }
  readonly comment?: string
  readonly audit: AuditRow
  readonly once?: IdempotencyKey
  /** Throws where the actor may not change this Appointment. */
  readonly assertMay: (appointment: Resource) => void
  /** Who gives it up, and what for. The sweep that ends holds leaves it out: it is bound by no rule. */
  readonly leaving?: Leaving
}

export type Changed = { readonly id: string; readonly version: string; readonly text: string }

/** Throws: not-found, gone, business-rule (its status cannot become cancelled). */
export async function cancelVisit(house: House, input: CancelInput): Promise<Changed> {
  return inTransaction(house.pool, (tx) => cancelInTx(tx, house, input))
}

export async function cancelInTx(tx: Tx, house: House, input: CancelInput): Promise<Changed> {
  if (input.once) await claimKey(tx, input.once)
  const { row, resource } = await lockedAppointment(tx, input.id, input.assertMay)
  const status = String(resource.status)
  if (status === 'cancelled' && input.leaving?.moving) throw movedAlready()
  if (status === 'cancelled') return answeredAsItIs(tx, input, row)
  if (input.holdOnly) assertHeld(resource)
  if (!mayBecome(status, 'cancelled'))
    throw fault('business-rule', `An Appointment that is ${status} cannot be cancelled.`, 'Appointment.status')
  const late = input.leaving ? await assertMayLeave(tx, house, resource, input.leaving) : false
  const at = house.clock.now().toISOString()
  await releaseVisit(tx, `Appointment/${input.id}`, at)
  await closeEncounters(tx, house, { visit: resource, id: input.id, status: 'cancelled', at, audit: input.audit })
  const changed = await writeCancelled(tx, house, input, late ? toldLate(resource, input, at) : resource, at)
  if (input.once) await remember(tx, input.once, { appointment: changed.id, version: changed.version }, at)
  return changed
}

function assertHeld(resource: Resource): void {
  const waits = awaitsApproval(resource)
  if (resource.status === 'pending' && !waits) return
  const state = waits ? 'waiting for an answer' : String(resource.status)
  const more = waits || resource.status === 'booked' ? ': cancel it instead' : ''
  throw fault('business-rule', `This Appointment is ${state}, not held${more}.`, 'Appointment.status')
}

/** Of two who move one visit at once, one does: else it would have become two. */
const movedAlready = (): Error =>
  fault(
    'business-rule',
    'The visit that is to be moved is cancelled, or was moved already: book the new time without it.',
    'cancelled-appt-id',
  )

/** Nothing changes, but it is shown: the read writes the AuditEvent. */
export async function answeredAsItIs(tx: Tx, { id, audit }: Pick<CancelInput, 'id' | 'audit'>, row: StoredRow): Promise<Changed> {
  await readResource(tx, 'Appointment', id, audit)
  return { id, version: row.version, text: row.body ?? '' }
}

/** The Appointment, held until the transaction ends. A deleted one is asked for too: nobody can tell whose it was. */
export async function lockedAppointment(
  tx: Tx,
  id: string,
  assertMay: CancelInput['assertMay'],
): Promise<{ row: StoredRow; resource: Resource }> {
  const row = await lockResource(tx, 'Appointment', id)
  if (!row) throw fault('not-found', `There is no Appointment/${id}.`, 'Appointment')
  if (row.deleted || row.body === null) assertMay({ resourceType: 'Appointment', id })
  if (row.deleted || row.body === null) throw deleted(`Appointment/${id}`, 'Appointment')
  const resource = JSON.parse(row.body) as Resource
  assertMay(resource)
  return { row, resource }
}

/**
 * Claims, day places and Slots go back; the Appointment itself is the caller's to write. Who was booked over it has the time that
 * is left at the end of the transaction: it may take some of it again.
 */
export async function releaseVisit(tx: Tx, holder: string, at: string): Promise<void> {
  await lockTaken(tx, holder)
  const overbooked = await giveBackTime(tx, holder, at)
  if (overbooked.length > 0) await beforeCommit(tx, (last) => claimUnderLanes(last, overbooked, at))
}

/** The same where nothing of it is taken again: who was booked over it has it at once. Gives whether anybody was. */
export async function handOverTime(tx: Tx, holder: string, at: string): Promise<boolean> {
  await lockTaken(tx, holder)
  const overbooked = await giveBackTime(tx, holder, at)
  await claimUnderLanes(tx, overbooked, at)
  return overbooked.length > 0
}

type Participant = { status?: string; [element: string]: unknown }

/** How much notice was given, in minutes; a cancellation that is the clinic's own doing is nobody's fault. */
function toldLate(resource: Resource, { reason, leaving }: CancelInput, at: string): Resource {
  if (leaving?.moving || isTheClinics(reason)) return resource
  const minutes = Math.floor((Date.parse(String(resource.start)) - Date.parse(at)) / 60_000)
  return withExtension(resource, { url: lateCancellationUrl, valueUnsignedInt: Math.max(0, minutes) })
}

/** https://terminology.hl7.org/CodeSystem-appointment-cancellation-reason.html: those of the provider, and of the house. */
const clinicsReasons = /^(prov|maint|meds-inc|oth-(cms|err|iv|int|mu|room|oerr|swie|weath))/

const isTheClinics = (reason: CancelInput['reason']): boolean =>
  ((reason?.coding ?? []) as { code?: string }[]).some(({ code = '' }) => clinicsReasons.test(code))

/** Standards A.1: a released hold's people stay tentative, a cancelled visit's have declined. */
async function writeCancelled(tx: Tx, house: House, input: CancelInput, before: Resource, at: string): Promise<Changed> {
  const held = before.status === 'pending' && !awaitsApproval(before)
  const participants = ((before.participant ?? []) as Participant[]).map((p) => (held ? p : { ...p, status: 'declined' }))
  const resource: Resource = {
    ...withoutHold(before),
    status: 'cancelled',
    participant: participants,
    ...(input.reason ? { cancelationReason: input.reason } : {}),
    ...(input.comment ? { comment: input.comment } : {}),
  }
  const columns = { status: 'cancelled', held_until: null, claims: 0 }
  const write = resourceWrite(house, resource, { id: input.id, at, columns, audit: input.audit })
  const written = await replaceResource(tx, house.definitions, write)
  return { id: written.id, version: written.version, text: written.body }
}

type Extension = { url?: string; valueInstant?: string }

/** What only a pending Appointment says goes with that. */
export function withoutHold(resource: Resource): Resource {
  const rest = ((resource.extension ?? []) as Extension[]).filter(({ url }) => url !== heldUntilUrl && url !== approvalUrl)
  const { extension: _extension, ...bare } = resource
  return rest.length > 0
    ? { ...bare, resourceType: resource.resourceType, extension: rest }
    : { ...bare, resourceType: resource.resourceType }
}

/** The end of a hold as Unix milliseconds; of a booking that waits for the clinic's answer, when that must have come. */
export function heldUntil(resource: Resource): number | undefined {
  const found = ((resource.extension ?? []) as Extension[]).find(({ url }) => url === heldUntilUrl)?.valueInstant
  if (found !== undefined) return Date.parse(found)
  return awaitsApproval(resource) ? untilAnswered : undefined
}
