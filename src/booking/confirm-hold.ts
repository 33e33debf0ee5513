/**
 * Turns a hold into a booking. The claims are kept, only their end is taken off them, so the time is never free between.
 * Where the clinic is asked first it becomes a request, whose end is the clinic's answer.
 */
import { fault } from '../base/fault.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { whoAnswers } from '../scheduling/appointment.ts'
import { answerDue, approvalOf, awaitsApproval, untilAnswered } from '../scheduling/approval.ts'
import { numbered, numberOf } from '../scheduling/confirmation-number.ts'
import { approvalUrl, heldUntilUrl } from '../scheduling/extension-parts.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import { claimCount, confirmClaims, confirmSlots, holdSlots, lockTaken } from '../store/held-time.ts'
import type { House } from '../store/house.ts'
import { claimKey, type IdempotencyKey, remember } from '../store/idempotency.ts'
import { lockVisits } from '../store/lock-visits.ts'
import { replaceResource } from '../store/resources.ts'
import { settleSessionSlots } from '../store/session-slots.ts'
import { inTransaction } from '../store/transaction.ts'
import { keepDayPlaces } from '../store/visit-caps.ts'
import { type CancelInput, type Changed, cancelInTx, heldUntil, lockedAppointment, withoutHold } from './cancel.ts'
import { policyOf } from './leave-visit.ts'
import { drawNumber, withOwnNumber } from './own-number.ts'
import { idsNamed, type Participant, participantsOf } from './participants.ts'
import { addReplaces, extensionsIn, withPrevious } from './record-extensions.ts'
import { resourceWrite } from './resource-write.ts'
import { type SaidBeside, takeSaid } from './said-beside-hold.ts'
import { placeInSeries } from './series/place-in-series.ts'

export type ConfirmInput = {
  readonly id: string
  readonly beside?: Omit<SaidBeside, 'replaces'>
  readonly replaces?: CancelInput
  readonly audit: AuditRow
  readonly once?: IdempotencyKey
  readonly assertMay: (appointment: Resource) => void
}

/** Throws: not-found, gone, expired, business-rule (it is not a hold). An Appointment that is booked already stays as it is. */
export async function confirmHold(house: House, input: ConfirmInput): Promise<Changed> {
  return withOwnNumber(() => inTransaction(house.pool, (tx) => confirmInTx(tx, house, input)))
}

export async function confirmInTx(tx: Tx, house: House, input: ConfirmInput): Promise<Changed> {
  if (input.once) await claimKey(tx, input.once)
  if (input.replaces) await lockVisits(tx, { visits: [input.id, input.replaces.id], patients: [], actors: [] })
  const { resource } = await lockedAppointment(tx, input.id, input.assertMay)
  if (input.replaces?.id === input.id)
    throw fault(
      'business-rule',
      'An Appointment cannot replace itself: cancelled-appt-id names the visit that is moved.',
      'cancelled-appt-id',
    )
  assertHold(resource, house.clock.now().getTime())
  const at = house.clock.now().toISOString()
  const told = await takeSaid(tx, house, resource, { ...input.beside, replaces: input.replaces !== undefined })
  const asks = approvalOf(resource) === 'required' && !told.overridden ? await answerDueFor(tx, house, resource) : undefined
  if (!(await keepTime(tx, house, { ...resource, id: input.id }, at, asks?.until))) throw expired()
  const replaced = input.replaces && (JSON.parse((await cancelInTx(tx, house, input.replaces)).text) as Resource)
  const visit = asks ? requested(told.visit, asks.due) : booked(told.visit)
  const changed = await writeBooked(tx, house, input, replaced ? withPrevious(visit, replaced) : visit, { at, number: numberOf(resource) })
  if (input.once) await remember(tx, input.once, { appointment: changed.id, version: changed.version }, at)
  return changed
}

/** The time of a hold is its own for good, or until the clinic has answered. False: it has lapsed meanwhile. */
export async function keepTime(tx: Tx, house: House, visit: Resource, at: string, until?: string): Promise<boolean> {
  const holder = `Appointment/${visit.id}`
  await lockTaken(tx, holder)
  const kept = await confirmClaims(tx, holder, { count: await claimCount(tx, String(visit.id)), until })
  if (!kept) return false
  await (until === undefined ? confirmSlots(tx, holder, at) : holdSlots(tx, holder, until))
  if (kept.seats) await settleSessionSlots(tx, { slots: idsNamed(visit.slot, 'Slot', house.base), at })
  await keepDayPlaces(tx, holder, until)
  return true
}

/** Until when the clinic is to answer: as an instant, and where the policy says so, as Unix milliseconds. */
async function answerDueFor(tx: Tx, house: House, visit: Resource): Promise<{ readonly until: string; readonly due?: number }> {
  const policy = await policyOf(tx, house, visit)
  const due = policy && answerDue(policy, house.clock.now().getTime())
  return { until: instantOf(due ?? untilAnswered), due }
}

const expired = (): Error => fault('expired', 'The hold has run out. Hold or book a time again.', 'Appointment')

/** Its claims alone do not tell: a hold that was written again after its end has none to miss. */
function assertHold(resource: Resource, now: number): void {
  if (awaitsApproval(resource))
    throw fault(
      'business-rule',
      'This visit is asked for already: it is booked once the clinic has accepted it with an AppointmentResponse.',
      'Appointment.status',
    )
  const status = String(resource.status)
  const until = status === 'pending' ? heldUntil(resource) : undefined
  if (until !== undefined && until > now) return
  if (until !== undefined) throw expired()
  // The sweep has ended it: a cancelled Appointment that was never booked was a hold.
  if (status === 'cancelled' && lapsed(resource)) throw expired()
  if (status === 'booked') throw fault('conflict', 'This Appointment is booked already.', 'Appointment.status')
  throw fault('business-rule', `An Appointment that is ${status} cannot be booked.`, 'Appointment.status')
}

/** A released or lapsed hold leaves its people tentative. */
const lapsed = (resource: Resource): boolean => participantsOf(resource).some(({ status }) => status === 'tentative')

const withAnswers = (visit: Resource, answer: (participant: Participant) => string | undefined): Participant[] =>
  participantsOf(visit).map((one) => (one.status === 'tentative' ? { ...one, status: answer(one) } : one))

export const booked = (visit: Resource): Resource => ({
  ...withoutHold(visit),
  status: 'booked',
  participant: withAnswers(visit, () => 'accepted'),
})

/** Whoever holds it has said what they want; the people of the clinic have not answered. */
function requested(visit: Resource, due: number | undefined): Resource {
  const { extension = [], ...bare } = withoutHold(visit)
  const actors = participantsOf(visit).flatMap(({ actor }) => (actor ? [{ reference: actor.reference ?? '' }] : []))
  const asked = whoAnswers({ actors: actors.filter(({ reference }) => !/(^|\/)Patient\//.test(reference)) })
  return {
    ...bare,
    resourceType: visit.resourceType,
    status: 'pending',
    extension: [
      ...(extension as unknown[]),
      ...(due === undefined ? [] : [{ url: heldUntilUrl, valueInstant: instantOf(due) }]),
      { url: approvalUrl, valueCode: 'requested' },
    ],
    participant: withAnswers(visit, ({ actor }) => (asked.has(actor?.reference ?? '') ? 'needs-action' : 'accepted')),
  }
}

type WriteTold = { readonly at: string /** The confirmation number that it has. */; readonly number?: string }

async function writeBooked(tx: Tx, house: House, input: ConfirmInput, visit: Resource, { at, ...told }: WriteTold): Promise<Changed> {
  const number = told.number ?? drawNumber(house)
  const resource: Resource = numbered(visit, number)
  if (input.replaces) await replacing(tx, resource, input.replaces.id)
  const until = heldUntil(resource)
  const columns = { status: resource.status, held_until: until === undefined ? null : instantOf(until), confirmation: number }
  const write = resourceWrite(house, resource, { id: input.id, at, columns, audit: input.audit })
  const written = await replaceResource(tx, house.definitions, write)
  return { id: written.id, version: written.version, text: written.body }
}

/** It takes the place of a visit, also in its series. */
async function replacing(tx: Tx, resource: Resource, id: string): Promise<void> {
  const part = await placeInSeries(tx, id)
  if (part.length > 0) resource.extension = [...extensionsIn(resource), ...part]
  addReplaces(resource, id)
}
