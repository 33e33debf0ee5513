/**
 * Is that time now theirs: books or holds a visit that starts in a Slot. One round trip to know, one to do.
 *
 * The pure rules explain a refusal kindly; the claims make a clash impossible. Only where something besides the time must
 * stand or fall with it (a place of a capped day, a visit that is moved, a remembered answer) does it take a transaction.
 */
import { fault } from '../base/fault.ts'
import { instantOf } from '../fhir/resource.ts'
import { brokenRule } from '../scheduling/booking-rules.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { joined } from '../scheduling/visits.ts'
import type { Db, Tx } from '../store/db.ts'
import { freeTimeOfOne } from '../store/free-time.ts'
import type { House } from '../store/house.ts'
import { claimKey, remember } from '../store/idempotency.ts'
import { slotsTakenBy } from '../store/slot-rows.ts'
import { inTransaction, retried } from '../store/transaction.ts'
import { patientIsKnown, type SlotContext, slotContext } from '../store/visit-context.ts'
import { placeVisit } from '../store/visits.ts'
import { cancelInTx } from './cancel.ts'
import { capsOf, takeDayPlaces } from './day-places.ts'
import { type BookInput, claimsFor, type NewVisit, newVisit, type VisitTime } from './new-visit.ts'
import { nextTimes, type Wish } from './next-times.ts'
import { planAt, planVersionAtHand } from './plans.ts'
import { scheduleOfSlotId } from './regenerate-slots.ts'
import { chooseService, type Offered } from './service-choice.ts'
import { releaseSlotTakenByHand } from './write-slot.ts'

export type Booked = { readonly id: string; readonly version: string; readonly text: string; readonly heldUntil?: number }

/** Throws: not-found, gone, required, business-rule, conflict (with up to three next times). */
export async function bookSlot(house: House, input: BookInput): Promise<Booked> {
  const context = await slotContext(house.pool, input.slot, input.patient, planVersionAtHand(house, scheduleOfSlotId(input.slot)))
  if (!context) throw fault('not-found', `There is no Slot/${input.slot}.`, 'slot')
  if (context.deleted) throw fault('gone', `Slot/${input.slot} is no longer there.`, 'slot')
  if (!context.patientExists) throw fault('not-found', `There is no Patient/${input.patient}.`, 'patient')
  if (!context.planVersion) throw fault('business-rule', 'The Slot belongs to no Schedule that can be booked.', 'slot')
  const plan = await planAt(house, context.schedule, context.planVersion, context.plan)
  const offered = chooseService(plan, input.service)
  const visit = await visitIn(house, input, context, plan, offered)
  await assertRules(house, input, context, plan, offered, visit)
  const wish = wishOf(input, context)
  if (!visit.free) throw await taken(house, wish)
  const booked = newVisit(house, input, plan, offered, visit, await claimsFor(house, input, plan))
  if (!(await commit(house, input, booked, plan, offered, context))) throw await taken(house, wish)
  return { id: booked.write.id, version: '1', text: booked.write.text, heldUntil: booked.heldUntil }
}

/** The Slots that the visit takes: the one it starts in, and where that is too short those that follow it without a gap. */
async function visitIn(house: House, input: BookInput, context: SlotContext, plan: SchedulePlan, offered: Offered): Promise<VisitTime> {
  const first = { id: context.id, start: context.starts.getTime(), end: context.ends.getTime() }
  const start = input.start ?? first.start
  const minutes = input.minutes ?? offered.policy.durationMinutes
  const end = minutes === undefined ? first.end : start + minutes * 60_000
  // A visit that is moved may be moved into its own time, which is given back in the same transaction.
  const own = input.replaces ? await slotsTakenBy(house.pool, `Appointment/${input.replaces.id}`, plan.schedule) : []
  const free = context.free || context.takenBy === `Slot/${context.id}` || own.some((slot) => slot.id === context.id)
  if (end <= first.end || !free) return { start, end, slots: [first], free }
  const time = await freeTimeOfOne(house.pool, {
    schedule: plan.schedule,
    from: instantOf(first.start),
    until: instantOf(end),
    limit: joinedSlotsMax,
  })
  const following = time.free.map(({ id, starts, ends }) => ({ id, schedule: plan.schedule, start: starts * 1000, end: ends * 1000 }))
  const slots = joined({ ...first, schedule: plan.schedule }, end, [
    ...following,
    ...own.map((slot) => ({ ...slot, schedule: plan.schedule })),
  ])
  return { start, end, slots: slots ?? [first], free: slots !== undefined }
}

const joinedSlotsMax = 500

async function assertRules(
  house: House,
  input: BookInput,
  context: SlotContext,
  plan: SchedulePlan,
  offered: Offered,
  visit: VisitTime,
): Promise<void> {
  const { policy, service } = offered
  const patientIsNew =
    !policy.newPatients &&
    !(await patientIsKnown(
      house.pool,
      input.patient,
      plan.actors.map((actor) => actor.reference),
    ))
  const broken = brokenRule({
    now: house.clock.now().getTime(),
    start: visit.start,
    end: visit.end,
    // A time that is gone is a conflict with next times, not a visit outside its Slots.
    slots: visit.free ? visit.slots : [{ start: visit.start, end: visit.end }],
    plan,
    service,
    policy,
    online: input.online,
    patientIsNew,
    ownOverlap:
      context.patientVisits.some((own) => own.id !== input.replaces?.id && own.start < visit.end && visit.start < own.end) && visit.free,
    requestedDurationMinutes: input.minutes,
  })
  if (broken) throw fault('business-rule', broken.message, broken.expression)
}

const wishOf = (input: BookInput, context: SlotContext): Wish => ({
  schedule: context.schedule,
  service: input.service,
  minutes: input.minutes,
  from: context.starts.getTime(),
  online: input.online,
})

/** The time is somebody else's: said with up to three next times. */
export async function taken(house: House, wish: Wish): Promise<Error> {
  return fault('conflict', 'This time has just been taken.', 'slot', await nextTimes(house, wish))
}

/** One statement where that is all; else a transaction around it. False: the time is gone. */
async function commit(
  house: House,
  input: BookInput,
  visit: NewVisit,
  plan: SchedulePlan,
  offered: Offered,
  context: SlotContext,
): Promise<boolean> {
  const byHand = context.takenBy === `Slot/${context.id}` ? [context.id] : []
  const caps = capsOf(plan, offered.policy, {
    start: visit.start,
    holder: visit.time.holder,
    online: input.online,
    bound: true,
    expires: visit.time.expires,
  })
  if (caps.length === 0 && byHand.length === 0 && !input.once && !input.replaces) return placeAlone(house, visit)
  return inTransaction(house.pool, (tx) => bookInTx(tx, house, input, visit, caps, byHand)).catch(lostRace)
}

const placeAlone = (house: House, visit: NewVisit): Promise<boolean> =>
  retried(() => placeVisit(house.pool as Db, house.definitions, visit))

class LostRace extends Error {}

const lostRace = (error: unknown): boolean => {
  if (error instanceof LostRace) return false
  throw error
}

async function bookInTx(
  tx: Tx,
  house: House,
  input: BookInput,
  visit: NewVisit,
  caps: ReturnType<typeof capsOf>,
  byHand: readonly string[],
): Promise<boolean> {
  if (input.once) await claimKey(tx, input.once)
  if (input.replaces) await cancelInTx(tx, house, input.replaces)
  for (const slot of byHand) await releaseSlotTakenByHand(tx, slot, input.client, visit.write.at)
  await takeDayPlaces(tx, caps)
  // A refusal must undo what came before it, so it leaves the transaction as a throw.
  if (!(await placeVisit(tx, house.definitions, visit))) throw new LostRace()
  if (input.once) await remember(tx, input.once, { appointment: visit.write.id, version: '1' }, visit.write.at)
  return true
}
