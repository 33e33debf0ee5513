/**
 * Is that time now theirs: books or holds a visit that starts in a Slot. One round trip to know, one to do.
 *
 * The pure rules explain a refusal kindly; the claims make a clash impossible. Only where something besides the time must
 * stand or fall with it (a place of a capped day, a visit that is moved, a remembered answer) does it take a transaction.
 */
import { deleted, Fault, fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { claimKey, remember } from '../store/idempotency.ts'
import { lockVisits } from '../store/lock-visits.ts'
import { placeOverflow } from '../store/overflow.ts'
import { placeTogether, placeVisitOrSeat } from '../store/place-visits.ts'
import { clientOfClaim } from '../store/slot-rows.ts'
import { inTransaction } from '../store/transaction.ts'
import { type SlotContext, slotContext } from '../store/visit-context.ts'
import { cancelInTx } from './cancel.ts'
import { capsOfAll, takeDayPlaces } from './day-places.ts'
import { type Wish, wishInSlot } from './find-times.ts'
import { holdPlacesOf, takeHoldPlaces } from './hold-places.ts'
import { mayTakeAnother, type VisitTaken, withOthers } from './joint-visit.ts'
import { LostRace } from './lost-race.ts'
import { appointmentOf, type BookInput, claimsFor, inPlaceOf, type NewVisit, newVisit } from './new-visit.ts'
import { refusedWithNextTimes } from './next-times.ts'
import { type Overbooking, onItsOwn, timeOverOthers } from './overbook.ts'
import { auditOverride } from './override.ts'
import { withOwnNumber } from './own-number.ts'
import { planAt, planVersionAtHand } from './plans.ts'
import { extensionsIn } from './record-extensions.ts'
import { scheduleOfSlotId } from './regenerate-slots.ts'
import { asksForMore } from './rule-facts.ts'
import { placeInSeries } from './series/place-in-series.ts'
import { chooseService } from './service-choice.ts'
import { assertOfSchedule, assertRules, assertTakes, type TimeAsked, visitIn } from './visit-in-slot.ts'
import { releaseSlotTakenByHand } from './write-slot.ts'

export type Booked = { readonly id: string; readonly version: string; readonly text: string; readonly heldUntil?: number }

/** Throws: not-found, gone, required, business-rule, conflict (with up to three next times). */
export const bookSlot = (house: House, input: BookInput): Promise<Booked> => withOwnNumber(() => bookOnce(house, input))

async function bookOnce(house: House, asked: BookInput): Promise<Booked> {
  const input = asked.replaces ? await inItsSeries(house, asked, asked.replaces.id) : asked
  for (let tried = 1; ; tried++) {
    const { booked, wish } = await tryToBook(house, input)
    if (booked) return booked
    if (!mayTakeAnother(input.groups, tried)) throw await refusedWithNextTimes(house, wish)
  }
}

type Tried = { readonly booked?: Booked; readonly wish: Wish }

/** Without `booked` somebody was quicker. */
async function tryToBook(house: House, input: BookInput): Promise<Tried> {
  const context = await contextToBook(house, input)
  const made = await visitToBook(house, input, context)
  if (!made.taking) throw await refusedWithNextTimes(house, made.wish)
  const { taking, claims, overbooks, wish } = made
  const booked = newVisit(house, input, taking, claims, overbooks)
  const text = await commit(house, input, booked, taking, context).catch((error: unknown) => goneInstead(house, input, error))
  if (text === undefined) return { wish }
  return { booked: { id: booked.write.id, version: '1', text, heldUntil: booked.heldUntil }, wish }
}

/** Of many who want one time for one patient, those who come second are told that it is gone, not that the patient is there. */
async function goneInstead(house: House, input: BookInput, error: unknown): Promise<undefined> {
  if (!(error instanceof Fault) || error.kind !== 'business-rule') throw error
  const again = await visitToBook(house, input, await contextToBook(house, input))
  if (again.taking) throw error
  return undefined
}

async function inItsSeries(house: House, input: BookInput, replaced: string): Promise<BookInput> {
  const part = await placeInSeries(house.pool, replaced)
  if (part.length === 0) return input
  return { ...input, proposal: { ...input.proposal, resourceType: 'Appointment', extension: [...extensionsIn(input.proposal), ...part] } }
}

/** What has to be known of the Slot and the patient. Throws: not-found, gone, value, business-rule. */
export async function contextToBook(house: House, input: BookInput): Promise<BookableContext> {
  const knownPlan = planVersionAtHand(house, scheduleOfSlotId(input.slot))
  const context = await slotContext(house.pool, { slot: input.slot, patient: input.patient, knownPlan })
  if (!context) throw fault('not-found', `There is no Slot/${input.slot}.`, 'slot')
  if (context.deleted) throw deleted(`Slot/${input.slot}`, 'slot')
  const isKnown = context.patientExists && !input.keptFrom?.includes(input.patient)
  if (!isKnown && !input.newPatients?.some(({ id }) => id === input.patient))
    throw fault('not-found', `There is no Patient/${input.patient}.`, 'patient')
  if (!isBookable(context)) throw fault('business-rule', 'The Slot belongs to no Schedule that can be booked.', 'slot')
  assertOfSchedule(input, context)
  return context
}

export type BookableContext = SlotContext & { readonly planVersion: string }

export const isBookable = (context: SlotContext): context is BookableContext => context.planVersion !== null

export type VisitToBook = {
  readonly wish: Wish
  readonly taking: VisitTaken
  readonly claims: readonly string[]
  readonly overbooks?: Overbooking
}

/** What the visit takes; without `taking` the time is somebody else's. Throws: required, business-rule, too-costly. */
export async function visitToBook(
  house: House,
  input: BookInput,
  context: BookableContext,
): Promise<VisitToBook | { readonly wish: Wish; readonly taking?: undefined }> {
  const plan = await planAt(house, context.schedule, context.planVersion, context.plan)
  const offered = chooseService(plan, input.service)
  const asked = timeAskedOf(input)
  const visit = await visitIn(house, asked, context, plan, offered)
  const overbooks = input.overbook && !input.groups && (!visit.free || (await isTakenByAnother(house, input, context)))
  const over = overbooks ? await timeOverOthers(house, plan, visit) : undefined
  const at = house.clock.now().toISOString()
  const draft = asksForMore(offered.policy) ? appointmentOf(house, input, { plan, offered, visit, at }) : undefined
  await assertRules(house, asked, context, plan, offered, over ?? visit, draft)
  const wish = wishInSlot(input, context)
  if (!visit.free && !over) return { wish }
  if (!input.groups) assertTakes(input.slots, visit)
  const alone: VisitTaken = { visit: over ?? visit, plan, offered: over ? onItsOwn(offered) : offered, beside: [] }
  const taking = input.groups ? await withOthers(house, { ...asked, slots: input.slots }, input.groups, alone) : alone
  if (!taking.visit.free) return { wish }
  const claims = await claimsFor(house, input, taking.plan)
  return { wish, taking, claims, overbooks: over && input.overbook }
}

/** A Slot that a program has set busy by hand is that program's to book: to another it is taken. */
async function isTakenByAnother(house: House, { client }: BookInput, { id, takenBy }: SlotContext): Promise<boolean> {
  const holder = takenBy === `Slot/${id}` ? await clientOfClaim(house.pool, takenBy) : undefined
  return holder !== undefined && holder !== client
}

/** A patient who is not there yet cannot be somewhere else at that time. */
const timeAskedOf = (input: BookInput): TimeAsked => ({
  ...input,
  own: input.replaces?.id,
  overridden: input.override !== undefined,
  others: input.newPatients ? input.others?.filter((id) => !input.newPatients?.some((one) => one.id === id)) : input.others,
})

/** One statement where that is all; else a transaction around it. Gives what was written; undefined: the time is gone. */
async function commit(
  house: House,
  input: BookInput,
  visit: NewVisit,
  taking: VisitTaken,
  context: SlotContext,
): Promise<string | undefined> {
  const byHand = context.takenBy === `Slot/${context.id}` ? [context.id] : []
  const caps = capsOfAll(taking, {
    start: visit.start,
    holder: visit.time.holder,
    online: input.online,
    bound: input.override === undefined,
    expires: visit.time.expires,
  })
  const held = holdPlacesOf(house, {
    ...visit.time,
    client: input.client,
    patient: input.online ? input.patient : undefined,
    person: input.audit.person,
  })
  const more = input.once ?? input.replaces ?? input.newPatients ?? input.override ?? visit.time.seating ?? visit.overbooks
  if (caps.length === 0 && held.length === 0 && byHand.length === 0 && !more)
    return (await placeTogether(house.pool, house.definitions, visit)) ? visit.write.text : undefined
  return inTransaction(house.pool, (tx) => bookInTx(tx, house, input, visit, { caps, held }, byHand)).catch(lostRace)
}

const lostRace = (error: unknown): undefined => {
  if (error instanceof LostRace) return undefined
  throw error
}

async function bookInTx(
  tx: Tx,
  house: House,
  input: BookInput,
  asked: NewVisit,
  { caps, held }: { readonly caps: ReturnType<typeof capsOfAll>; readonly held: ReturnType<typeof holdPlacesOf> },
  byHand: readonly string[],
): Promise<string | undefined> {
  if (input.once) await claimKey(tx, input.once)
  for (const { write } of input.newPatients ?? []) await write(tx)
  // Who overbooks takes time in two lanes, which is nothing that one statement could do; a Slot taken by hand gives its own back.
  if (input.replaces || asked.overbooks || byHand.length > 0) {
    const visits = input.replaces ? [input.replaces.id] : []
    await lockVisits(tx, { visits, patients: asked.time.alone ?? [], actors: asked.time.claims, slots: byHand })
  }
  const replaced = input.replaces && (await cancelInTx(tx, house, input.replaces))
  const visit = replaced ? inPlaceOf(house, asked, JSON.parse(replaced.text) as Resource) : asked
  for (const slot of byHand) await releaseSlotTakenByHand(tx, slot, input.client, visit.write.at)
  await takeHoldPlaces(tx, held)
  await takeDayPlaces(tx, caps)
  const place = visit.overbooks ? placeOverflow : placeVisitOrSeat
  // A refusal must undo what came before it, so it leaves the transaction as a throw.
  if (!(await place(tx, house.definitions, visit))) throw new LostRace(visit.write.id)
  if (input.override) await auditOverride(tx, house, input.override, visit.resource)
  if (input.once) await remember(tx, input.once, { appointment: visit.write.id, version: '1' }, visit.write.at)
  return visit.write.text
}
