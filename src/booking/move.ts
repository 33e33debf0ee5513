/**
 * Moves a visit to another time in place: the Appointment keeps its id, and in one transaction its old time is given back
 * and the new one taken. If the new time cannot be had, the old one stands (CONTRACT §6.5). The same way an Appointment that
 * takes no time yet (proposed, waitlist) is booked. docs/decisions/0010-a-moved-visit-keeps-its-id.md
 */
import { deleted, fault } from '../base/fault.ts'
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import { numberOf } from '../scheduling/confirmation-number.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { claimKey, remember } from '../store/idempotency.ts'
import { currentResource, replaceResource } from '../store/resources.ts'
import { takeTimeOrSeats } from '../store/take-seats.ts'
import type { TimeTaken } from '../store/take-time.ts'
import { inTransaction } from '../store/transaction.ts'
import type { DayPlace } from '../store/visit-caps.ts'
import { slotContext } from '../store/visit-context.ts'
import { type Changed, lockedAppointment, releaseVisit } from './cancel.ts'
import { capsOfAll, takeDayPlaces } from './day-places.ts'
import { mayTakeAnother } from './joint-visit.ts'
import { assertMayLeave } from './leave-visit.ts'
import { LostRace } from './lost-race.ts'
import { type MovedVisit, type MoveInput, movedVisit } from './moved-visit.ts'
import type { Wish } from './next-times.ts'
import { auditOverride } from './override.ts'
import { withOwnNumber } from './own-number.ts'
import { patientIds } from './participants.ts'
import { planAt, planVersionAtHand } from './plans.ts'
import { scheduleOfSlotId } from './regenerate-slots.ts'
import { claimsIn } from './time-of-visit.ts'
import { type TimeAsked, taken, wishOf } from './visit-in-slot.ts'
import { visitLength } from './visit-length.ts'
import { releaseSlotTakenByHand } from './write-slot.ts'

/** Throws: not-found, gone, required, business-rule, conflict (with up to three next times). */
export const moveVisit = (house: House, input: MoveInput): Promise<Changed> => withOwnNumber(() => moveOnce(house, input))

async function moveOnce(house: House, input: MoveInput): Promise<Changed> {
  for (let attempt = 1; ; attempt++) {
    const judgement = await judgedMove(house, input)
    const { move, wish } = judgement
    if (!move.visit.free) throw await taken(house, wish)
    try {
      return await inTransaction(house.pool, (tx) => moveInTx(tx, house, judgement))
    } catch (error) {
      const lost = error instanceof LostRace
      if (lost && mayTakeAnother(move.groups, attempt)) continue
      if (lost) throw await taken(house, wish)
      if (!(error instanceof ChangedMeanwhile) || attempt >= moveAttemptsMax) throw error
    }
  }
}

export const moveAttemptsMax = 5

/** Somebody else wrote the Appointment between the look and the lock: all is judged again. */
export class ChangedMeanwhile extends Error {}

/** A move that the rules let through; whether the time is free, `move.visit` says. */
export type Judgement = { readonly input: MoveInput; readonly move: MovedVisit; readonly asked: TimeAsked; readonly wish: Wish }

/** Throws: not-found, gone, required, business-rule. */
export async function judgedMove(house: House, asItIs: MoveInput): Promise<Judgement> {
  const row = await currentResource(house.pool, 'Appointment', asItIs.id)
  if (!row) throw fault('not-found', `There is no Appointment/${asItIs.id}.`, 'Appointment')
  if (row.body === null) asItIs.assertMay({ resourceType: 'Appointment', id: asItIs.id })
  if (row.body === null) throw deleted(`Appointment/${asItIs.id}`, 'Appointment')
  const before = JSON.parse(row.body) as Resource
  asItIs.assertMay(before)
  assertMovable(before, asItIs, house.clock.now().getTime())
  const input = { ...asItIs, proposal: asItIs.proposal ?? asItIs.proposalFrom?.(before) }
  const overridden = input.override !== undefined
  await assertMayLeave(house.pool, house, before, { online: input.online, moving: true, overridden })
  const asked = timeAsked(house, input, before)
  const knownPlan = planVersionAtHand(house, scheduleOfSlotId(input.slot))
  const context = await slotContext(house.pool, { slot: input.slot, patient: asked.patient, knownPlan })
  if (!context) throw fault('not-found', `There is no Slot/${input.slot}.`, 'slot')
  if (context.deleted) throw deleted(`Slot/${input.slot}`, 'slot')
  if (!context.planVersion) throw fault('business-rule', 'The Slot belongs to no Schedule that can be booked.', 'slot')
  const plan = await planAt(house, context.schedule, context.planVersion, context.plan)
  const move = await movedVisit(house, input, { before, version: row.version, asked, context, plan })
  return { input: asItIs, move, asked, wish: wishOf({ ...asked, service: move.choice, groups: move.groups }, context) }
}

function assertMovable(before: Resource, { statuses }: MoveInput, now: number): void {
  const status = String(before.status)
  if (!statuses.includes(status))
    throw fault('business-rule', `An Appointment that is ${status} cannot be moved to another time.`, 'Appointment.status')
  if (status === 'booked' && Date.parse(String(before.start)) <= now)
    throw fault('business-rule', 'The visit has begun: book a new one.', 'Appointment.start')
}

/** What it asks for; its length stays what it was. */
function timeAsked(house: House, input: MoveInput, before: Resource): TimeAsked {
  const [patient = '', ...others] = patientIds(input.proposal ?? before, house.base)
  const own = before.status === 'booked' ? visitLength(before) : undefined
  return {
    patient,
    others,
    service: input.service ?? {},
    minutes: input.minutes ?? own,
    start: input.start,
    online: input.online,
    own: input.id,
    heldFor: input.heldFor,
    leaving: input.leaving,
    overridden: input.override !== undefined,
  }
}

/** Throws LostRace, ChangedMeanwhile. */
export async function moveInTx(tx: Tx, house: House, judgement: Judgement): Promise<Changed> {
  const { input } = judgement
  if (input.once) await claimKey(tx, input.once)
  await input.alongside?.(tx)
  const at = house.clock.now().toISOString()
  await leaveInTx(tx, judgement, at)
  await takeDayPlaces(tx, dayPlacesOf(judgement))
  const changed = await arriveInTx(tx, house, judgement, at)
  if (input.once) await remember(tx, input.once, { appointment: changed.id, version: changed.version }, at)
  return changed
}

/** Its old time is given back; the Appointment is held until the transaction ends. Throws ChangedMeanwhile. */
export async function leaveInTx(tx: Tx, { input, move }: Judgement, at: string): Promise<void> {
  const { row } = await lockedAppointment(tx, input.id, input.assertMay)
  if (row.version !== move.version) throw new ChangedMeanwhile()
  await releaseVisit(tx, `Appointment/${input.id}`, at)
  if (input.heldFor) await releaseVisit(tx, input.heldFor, at)
  if (move.takenByHand) await releaseSlotTakenByHand(tx, input.slot, input.client, at)
}

export const dayPlacesOf = ({ input, move, asked }: Judgement): DayPlace[] =>
  capsOfAll(move, {
    start: move.visit.start,
    holder: `Appointment/${input.id}`,
    online: asked.online,
    bound: !asked.overridden,
    expires: move.time.expires,
  })

/** Visits that move with it may still say their old times. */
const aloneIn = ({ patient, others = [], overridden, leaving }: TimeAsked): Pick<TimeTaken, 'alone' | 'besides'> =>
  overridden || patient === '' ? {} : { alone: [patient, ...others].map((id) => `Patient/${id}`), besides: leaving?.ids }

/** Its new time is taken, and it is written. Throws LostRace, so that a refusal undoes what came before it. */
export async function arriveInTx(tx: Tx, house: House, { input, move, asked }: Judgement, at: string): Promise<Changed> {
  const holder = `Appointment/${input.id}`
  if (!(await takeTimeOrSeats(tx, { ...move.time, ...aloneIn(asked), holder, client: input.client, at }))) throw new LostRace(input.id)
  const written = await replaceResource(tx, house.definitions, {
    type: 'Appointment',
    id: input.id,
    text: JSON.stringify(move.resource),
    index: indexValues(house.definitions, move.resource, house.base),
    at,
    columns: {
      status: move.resource.status,
      starts: move.time.start,
      ends: move.time.end,
      held_until: move.time.expires ?? null,
      claims: claimsIn(move.time),
      confirmation: numberOf(move.resource) ?? null,
    },
    audit: input.audit,
  })
  if (input.override) await auditOverride(tx, house, input.override, move.resource)
  return { id: written.id, version: written.version, text: written.body }
}
