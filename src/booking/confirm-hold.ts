/**
 * Turns a hold into a booking. The claims are kept, only their end is taken off them, so the time is never free between.
 */
import { fault } from '../base/fault.ts'
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import { claimCount, confirmClaims, confirmSlots, lockTaken } from '../store/held-time.ts'
import type { House } from '../store/house.ts'
import { claimKey, type IdempotencyKey, remember } from '../store/idempotency.ts'
import { replaceResource } from '../store/resources.ts'
import { settleSessionSlots } from '../store/session-slots.ts'
import { inTransaction } from '../store/transaction.ts'
import { keepDayPlaces } from '../store/visit-caps.ts'
import { type CancelInput, type Changed, cancelInTx, heldUntil, lockedAppointment, withoutHold } from './cancel.ts'
import { idsNamed } from './participants.ts'
import { replacesUrl } from './record-extensions.ts'

export type ConfirmInput = {
  readonly id: string
  readonly comment?: string
  readonly replaces?: CancelInput
  readonly audit: AuditRow
  readonly once?: IdempotencyKey
  readonly assertMay: (appointment: Resource) => void
}

/** Throws: not-found, gone, expired, business-rule (it is not a hold). An Appointment that is booked already stays as it is. */
export async function confirmHold(house: House, input: ConfirmInput): Promise<Changed> {
  return inTransaction(house.pool, (tx) => confirmInTx(tx, house, input))
}

async function confirmInTx(tx: Tx, house: House, input: ConfirmInput): Promise<Changed> {
  if (input.once) await claimKey(tx, input.once)
  const { resource } = await lockedAppointment(tx, input.id)
  input.assertMay(resource)
  if (input.replaces?.id === input.id)
    throw fault(
      'business-rule',
      'An Appointment cannot replace itself: cancelled-appt-id names the visit that is moved.',
      'cancelled-appt-id',
    )
  assertHold(resource, house.clock.now().getTime())
  const holder = `Appointment/${input.id}`
  const at = house.clock.now().toISOString()
  await lockTaken(tx, holder)
  const confirmed = await confirmClaims(tx, holder, await claimCount(tx, input.id))
  if (!confirmed) throw expired()
  await confirmSlots(tx, holder, at)
  if (confirmed.seats) await settleSessionSlots(tx, { slots: idsNamed(resource.slot, 'Slot', house.base), at })
  await keepDayPlaces(tx, holder)
  if (input.replaces) await cancelInTx(tx, house, input.replaces)
  const changed = await writeBooked(tx, house, input, resource, at)
  if (input.once) await remember(tx, input.once, { appointment: changed.id, version: changed.version }, at)
  return changed
}

const expired = (): Error => fault('expired', 'The hold has run out. Hold or book a time again.', 'Appointment')

/** Its claims alone do not tell: a hold that was written again after its end has none to miss. */
function assertHold(resource: Resource, now: number): void {
  const status = String(resource.status)
  const until = status === 'pending' ? heldUntil(resource) : undefined
  if (until !== undefined && until > now) return
  if (until !== undefined) throw expired()
  // The sweep has ended it: a cancelled Appointment that was never booked was a hold.
  if (status === 'cancelled' && lapsed(resource)) throw expired()
  if (status === 'booked') throw fault('conflict', 'This Appointment is booked already.', 'Appointment.status')
  throw fault('business-rule', `An Appointment that is ${status} cannot be booked.`, 'Appointment.status')
}

type Participant = { status?: string; actor?: { reference?: string }; [element: string]: unknown }

/** A released or lapsed hold leaves its people tentative (standards A.1). */
const lapsed = (resource: Resource): boolean => ((resource.participant ?? []) as Participant[]).some(({ status }) => status === 'tentative')

async function writeBooked(tx: Tx, house: House, input: ConfirmInput, before: Resource, at: string): Promise<Changed> {
  const resource: Resource = {
    ...withoutHold(before),
    status: 'booked',
    participant: ((before.participant ?? []) as Participant[]).map((p) => (p.status === 'tentative' ? { ...p, status: 'accepted' } : p)),
    ...(input.comment ? { comment: input.comment } : {}),
  }
  if (input.replaces) addReplaces(resource, input.replaces.id)
  const written = await replaceResource(tx, house.definitions, {
    type: 'Appointment',
    id: input.id,
    text: JSON.stringify(resource),
    index: indexValues(house.definitions, resource, house.base),
    at,
    columns: { status: 'booked', held_until: null },
    audit: input.audit,
  })
  return { id: written.id, version: written.version, text: written.body }
}

/** Standards A.3: the new Appointment names the one it replaces. */
export function addReplaces(resource: Resource, id: string): void {
  const extensions = (resource.extension ?? []) as unknown[]
  resource.extension = [...extensions, { url: replacesUrl, valueReference: { reference: `Appointment/${id}` } }]
}
