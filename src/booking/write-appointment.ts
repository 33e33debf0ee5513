/**
 * An Appointment written over REST, by import or by sync: it takes and gives back time like any booking does, whatever
 * else it says. Claims bind everyone; booking rules bind those who write under a patient scope.
 */
import { fault } from '../base/fault.ts'
import { indexValues } from '../fhir/index-values.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { takesTime } from '../scheduling/appointment-lifecycle.ts'
import { brokenRule } from '../scheduling/booking-rules.ts'
import { numberOf, readConfirmationNumber } from '../scheduling/confirmation-number.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { waitlistWish } from '../scheduling/waitlist-wish.ts'
import { type ClaimRow, claimRows } from '../store/claim-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { patientIsKnown } from '../store/known-patients.ts'
import { lockVisits } from '../store/lock-visits.ts'
import { isNumberTaken } from '../store/pg-errors.ts'
import { insertResource, type ResourceWrite, replaceResource, type Written } from '../store/resources.ts'
import { takeTimeOrSeats } from '../store/take-seats.ts'
import { slotContexts } from '../store/visit-context.ts'
import { heldUntil, releaseVisit } from './cancel.ts'
import { type Change, IdIsTaken, TimeIsTaken } from './change.ts'
import { capsOfAll, takeDayPlaces } from './day-places.ts'
import { holdPlacesOf, takeHoldPlaces } from './hold-places.ts'
import { groupsOf } from './joint-of-slots.ts'
import { idsNamed, patientsNamed } from './participants.ts'
import { asksForMore, practiceOf, ruleFacts } from './rule-facts.ts'
import { choiceOf } from './service-choice.ts'
import { assertMayGiveUp, assertTransition, settleEncounters } from './status-change.ts'
import { beyondTheSchedule, claimsIn } from './time-of-visit.ts'
import { type Demand, demandOf, namesTheSameTime } from './visit-demand.ts'
import { visitLength } from './visit-length.ts'
import { releaseSlotTakenByHand } from './write-slot.ts'

/** Throws: business-rule, TimeIsTaken, IdIsTaken; under a patient scope also `required`. */
export async function writeAppointment(tx: Tx, house: House, change: Change): Promise<Written> {
  const { resource, before } = change
  // Throws what nobody could read later.
  if (resource.status === 'waitlist') waitlistWish(resource, { base: house.base, timeZone: house.defaultTimeZone })
  assertNumber(resource)
  const now = house.clock.now().getTime()
  await assertTransition(tx, house, change, now)
  if (change.patient !== undefined) await assertMayGiveUp(tx, house, change)
  const had = before && takesUp(before, now) ? await claimRows(tx, `Appointment/${change.id}`) : undefined
  const wants = takesUp(resource, now) ? await demandOf(tx, house, change, had) : undefined
  if (change.patient !== undefined && takesTime(String(resource.status)) && !comes(change, house, had, wants))
    await assertRules(tx, house, change, { wants, had }, now)
  // What a hold took stays its own after its end, until somebody clears it away.
  const changes = wants ? !stands(change, house, had, wants) : had !== undefined || isHold(before)
  if (changes) await exchange(tx, house, change, wants)
  await settleEncounters(tx, house, change)
  return writeRow(tx, house, change, changes || !had ? (wants ? claimsIn(wants) : 0) : had.length)
}

function assertNumber(resource: Resource): void {
  const number = numberOf(resource)
  if (number === undefined || readConfirmationNumber(number) === number) return
  throw fault('value', 'This is no confirmation number: leave it out, the booking gets one.', 'Appointment.identifier')
}

const isHold = (resource: Resource | undefined): boolean => resource?.status === 'pending' && heldUntil(resource) !== undefined

/** A hold that has not run out, or a visit that takes time and is not over. Records of the past are free. */
function takesUp(resource: Resource, now: number): boolean {
  const status = String(resource.status)
  if (!takesTime(status) || typeof resource.end !== 'string' || Date.parse(resource.end) <= now) return false
  return status !== 'pending' || (heldUntil(resource) ?? 0) > now
}

/** A patient who is here books nothing: the visit is the one that was booked. */
const comes = (change: Change, house: House, had: readonly ClaimRow[] | undefined, wants: Demand | undefined): boolean =>
  here.has(String(change.resource.status)) &&
  change.before !== undefined &&
  !awaited.has(String(change.before.status)) &&
  namesTheSameTime(change, house.base) &&
  (wants?.claims ?? []).every((resource) => had?.some((row) => row.resource === resource))

const here: ReadonlySet<string> = new Set(['arrived', 'checked-in'])
const awaited: ReadonlySet<string> = new Set(['pending', 'proposed', 'waitlist'])

/** What it was given is what it asks for: nothing is given back, and nothing taken. */
function stands(change: Change, house: House, had: readonly ClaimRow[] | undefined, wants: Demand): boolean {
  if (!had || !change.before) return false
  // A Schedule that has come to be somebody's is no more claimed itself; who had a claim on it keeps it, and is in nobody's way.
  const ownSchedules = wants.schedules.map((id) => `Schedule/${id}`).filter((name) => !wants.claims.includes(name))
  const actors = new Set(had.map((row) => row.resource).filter((resource) => !ownSchedules.includes(resource)))
  const sameActors = [...actors].sort().join() === wants.claims.join()
  const sameEnd = had.every(({ expires }) => expires?.getTime() === wants.expires)
  const asked = namesTheSameTime(change, house.base)
  const holder = `Appointment/${change.id}`
  // A block may lie over its Slots, and the buffers may have changed since: a visit that keeps its time keeps what it was given.
  // Of a session its seats are its own, whosever name its Slots carry.
  const isSeated = had.some(({ session }) => session !== holder)
  const sameSeats = isSeated
    ? had.filter(({ resource }) => actors.has(resource)).length ===
      wants.claims.length * Math.max(1, patientsNamed(change.resource, house.base).length)
    : wants.seating === undefined || asked
  const sameSlots = asked || wants.slots.every(({ takenBy }) => takenBy === holder)
  const keepsPeriod = asked && JSON.stringify(choiceOf(change.before, house.base)) === JSON.stringify(wants.choice)
  const samePeriod = had.every(({ from, until }) => from.getTime() === wants.from && until.getTime() === wants.until)
  const sameSession = had.every(({ session }) => session === (wants.seating?.session ?? holder))
  return sameActors && sameEnd && sameSeats && sameSlots && (keepsPeriod || (samePeriod && sameSession))
}

/** Gives back what the Appointment had and takes what it wants; both or neither. */
async function exchange(tx: Tx, house: House, change: Change, wants: Demand | undefined): Promise<void> {
  const holder = `Appointment/${change.id}`
  const patients = change.patient === undefined ? [] : [`Patient/${change.patient}`]
  const byHand = (wants?.slots ?? []).filter(({ id, takenBy }) => takenBy === `Slot/${id}`).map(({ id }) => id)
  if (wants && (change.before || byHand.length > 0))
    await lockVisits(tx, { visits: [change.id], patients, actors: wants.claims, slots: byHand })
  // What an Appointment of the past once took is given back too, if it comes to take time again.
  if (change.before) await releaseVisit(tx, holder, change.at)
  if (!wants) return
  for (const slot of byHand) await releaseSlotTakenByHand(tx, slot, change.client, change.at)
  const expires = wants.expires === undefined ? undefined : instantOf(wants.expires)
  const online = change.patient !== undefined
  const { client, patient } = change
  await takeHoldPlaces(tx, holdPlacesOf(house, { holder, expires, client, patient, person: change.audit.person }))
  if (wants.plan && wants.offered)
    await takeDayPlaces(
      tx,
      capsOfAll(
        { plan: wants.plan, offered: wants.offered, beside: wants.beside },
        { start: wants.start, holder, online, bound: online, expires },
      ),
    )
  if (wants.claims.length === 0) return
  const placed = await takeTimeOrSeats(tx, {
    holder,
    claims: wants.claims,
    from: instantOf(wants.from),
    until: instantOf(wants.until),
    start: instantOf(wants.start),
    end: instantOf(wants.end),
    needed: wants.slots.map((slot) => slot.id),
    expires,
    seating: wants.seating,
    alone: patients.length > 0 ? patients : undefined,
    client: change.client,
    at: change.at,
  })
  if (!placed) throw new TimeIsTaken(wishFor(change, wants), 'Appointment.start')
}

const wishFor = (change: Change, wants: Demand) =>
  wants.plan && {
    schedule: wants.plan.schedule,
    service: wants.choice,
    minutes: Math.round((wants.end - wants.start) / 60_000),
    from: wants.start,
    online: change.patient !== undefined,
    groups: wants.beside.length > 0 ? groupsOf(wants.schedules) : undefined,
  }

async function assertRules(
  tx: Tx,
  house: House,
  change: Change,
  { wants, had }: { readonly wants: Demand | undefined; readonly had: readonly ClaimRow[] | undefined },
  now: number,
): Promise<void> {
  const { resource } = change
  const slots = (wants?.slots ?? []).filter(({ schedule }) => schedule === wants?.plan?.schedule)
  const [slot] = slots
  if (!wants?.plan || !wants.offered || !slot)
    throw fault('business-rule', 'Name a free Slot that is still to come: a visit is booked into a Slot.', 'Appointment.slot')
  assertOfOneSchedule(wants, wants.plan, had ?? [], new Set(idsNamed(change.before?.slot, 'Slot', house.base)))
  const patient = change.patient ?? ''
  const [context] = await slotContexts(tx, [{ slot: slot.id, patient, knownPlan: '' }])
  const broken = brokenRule({
    now,
    start: wants.start,
    end: wants.end,
    slots: slots.map(({ starts, ends }) => ({ start: starts.getTime(), end: ends.getTime() })),
    plan: wants.plan,
    service: wants.offered.service,
    policy: wants.offered.policy,
    online: true,
    patientIsNew: !wants.offered.policy.newPatients && !(await patientIsKnown(tx, patient, practiceOf(wants.plan))),
    // A visit keeps the length it was given when only something else about it changes.
    requestedDurationMinutes: visitLength(change.before) === visitLength(change.resource) ? visitLength(change.resource) : undefined,
    ...(asksForMore(wants.offered.policy) &&
      (await ruleFacts(tx, house, { plan: wants.plan, offered: wants.offered, patient, slot: slot.id, appointment: change.resource }))),
    ownOverlap: (context?.patientVisits ?? []).some((own) => own.id !== change.id && own.start < wants.end && wants.start < own.end),
  })
  if (broken) throw fault('business-rule', broken.message, broken.expression)
  const asItWas = change.before && namesTheSameTime(change, house.base) && takesUp(change.before, now) ? change.before : undefined
  if (wants.offered.policy.approvalRequired && (!asItWas || (asItWas.status === 'pending' && resource.status !== 'pending')))
    throw fault('business-rule', 'The clinic answers each booking of this service: ask for the time with $book.', 'Appointment.status')
  const seconds = wants.offered.policy.holdSeconds
  if (wants.expires !== undefined && wants.expires > now + seconds * 1000 && !(asItWas && heldUntil(asItWas) === wants.expires))
    throw fault('business-rule', `A time is held for at most ${seconds} seconds.`, 'Appointment.extension')
}

/** The rules are one Schedule's, and bind whomever it names; others may take part where they do already. */
function assertOfOneSchedule(wants: Demand, plan: SchedulePlan, had: readonly ClaimRow[], kept: ReadonlySet<string>): void {
  if (wants.schedules.length > 1 && !wants.slots.every(({ id }) => kept.has(id)))
    throw fault('business-rule', 'Name Slots of one Schedule: a visit with several is booked by the clinic.', 'Appointment.slot')
  const known = new Set([...plan.claims, ...had.map((row) => row.resource)])
  if (wants.claims.some((resource) => !known.has(resource))) throw beyondTheSchedule()
}

async function writeRow(tx: Tx, house: House, change: Change, claims: number): Promise<Written> {
  const { resource } = change
  const write: ResourceWrite = {
    type: 'Appointment',
    id: change.id,
    text: change.text,
    index: indexValues(house.definitions, resource, house.base),
    at: change.at,
    columns: {
      status: resource.status,
      starts: resource.start ?? null,
      ends: resource.end ?? null,
      held_until: holdEnd(resource),
      claims,
      confirmation: numberOf(resource) ?? null,
    },
    audit: change.audit,
  }
  const written = await (change.isNew ? insertResource : replaceResource)(tx, house.definitions, write).catch(numberTaken(change.drawn))
  if (!written) throw new IdIsTaken()
  return written
}

/** One that was drawn is drawn anew, with the whole write. */
const numberTaken =
  (drawn = false) =>
  (error: unknown): never => {
    if (!isNumberTaken(error)) throw error
    if (drawn) throw new IdIsTaken()
    throw fault('conflict', 'Another Appointment has this confirmation number: leave it out.', 'Appointment.identifier')
  }

/** Also of a hold that is over, so that the sweep still ends it. */
function holdEnd(resource: Resource): string | null {
  const until = resource.status === 'pending' ? heldUntil(resource) : undefined
  return until === undefined ? null : instantOf(until)
}

/** The time of a deleted Appointment goes back. */
export const releaseDeleted = (tx: Tx, id: string, at: string): Promise<void> => releaseVisit(tx, `Appointment/${id}`, at)
