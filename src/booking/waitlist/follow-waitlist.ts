/**
 * Keeps the waitlist in step with the log of changes: who has joined, changed or left it, and which Slots have come free.
 * Whatever wrote them, every Appointment and Slot passes here, and once: one process at a time follows, whoever has the
 * follower's row, and how far it has come is committed with what it did.
 */
import { waitlistChangesMax, waitlistTimesPerScheduleMax } from '../../base/limits.ts'
import { isReplaced } from '../../fhir/patient-merge.ts'
import { instantOf, type Resource } from '../../fhir/resource.ts'
import { dayCodes } from '../../scheduling/availability-rules.ts'
import { kindsNamed, narrowness, type WaitlistWish, waitlistKeys } from '../../scheduling/waitlist-wish.ts'
import type { AuditRow } from '../../store/audit-rows.ts'
import { changesAfter, lastPosition, moveFollower, takeFollower } from '../../store/changes.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { currentResource, lockResource } from '../../store/resources.ts'
import { inTransaction } from '../../store/transaction.ts'
import { applyWeights, dropEntries, entriesOfPatients, isListEmpty, keepEntry } from '../../store/waitlist-entries.ts'
import { endOffer, lastOfferTo, liveOffersOf } from '../../store/waitlist-offers.ts'
import { addFreedTimes, allWaiting, bookedByWaiting, entriesTouched, isFirst, waitingPatients } from '../../store/waitlist-times.ts'
import { cancelInTx } from '../cancel.ts'
import { isForSame, waitlistWishOf } from '../same-service.ts'
import { namesSeveralSchedules } from './joint-wish.ts'

export const waitlistFollower = 'waitlist'

/** `audit` makes a row for each Appointment that is ended. */
export async function followWaitlist(house: House, audit: () => AuditRow): Promise<void> {
  while (await inTransaction(house.pool, (tx) => followInTx(tx, house, audit)));
}

/** True where there is more. */
async function followInTx(tx: Tx, house: House, audit: () => AuditRow): Promise<boolean> {
  const position = await takeFollower(tx, waitlistFollower)
  if (!position) return false
  await applyWeights(tx, house.waitlist.weights)
  if (isFirst(position)) return begin(tx, house)
  const changes = await changesAfter(tx, position, waitlistChangesMax)
  const last = changes.at(-1)
  if (!last) return false
  for (const id of await entriesTouched(tx, changes)) await project(tx, house, id)
  if (!(await isListEmpty(tx))) {
    for (const patient of await waitingPatients(tx, changes)) await dropPatient(tx, house, patient, audit)
    if (house.waitlist.onBooking === 'end')
      for (const booked of await bookedByWaiting(tx, changes)) await endBooked(tx, house, booked, audit)
    await addFreedTimes(tx, changes, house.clock.now().toISOString(), waitlistTimesPerScheduleMax)
  }
  await moveFollower(tx, waitlistFollower, last)
  return changes.length === waitlistChangesMax
}

/** What was freed before anybody followed is nobody's to be offered; who waited already waits. */
async function begin(tx: Tx, house: House): Promise<boolean> {
  const last = await lastPosition(tx)
  // A transaction older than every change hides them all: begun now and again after it, what is freed between would be passed over.
  if (isFirst(last)) return false
  for (const id of await allWaiting(tx)) await project(tx, house, id)
  await moveFollower(tx, waitlistFollower, last)
  return false
}

/** Puts an Appointment on the list as it is now, or takes it off with whatever it was offered. */
async function project(tx: Tx, house: House, id: string): Promise<void> {
  const row = await currentResource(tx, 'Appointment', id)
  const resource = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  const wish = resource?.status === 'waitlist' ? waitlistWishOf(house, resource) : undefined
  if (row && wish?.patient !== undefined && (await isThere(tx, wish.patient)))
    return keepEntry(tx, { ...entryOf(id, wish.patient, wish, row.updated), ...(await foundBy(tx, wish)) }, house.waitlist.weights)
  await dropEntries(tx, [id])
  const offer = await lastOfferTo(tx, id)
  if (offer?.state === 'live') await endOffer(tx, offer.id, 'withdrawn', house.clock.now().toISOString())
}

/** Where no Schedule has all whom it names, a time of any of them finds it, and the others are looked for then. */
async function foundBy(tx: Tx, wish: WaitlistWish) {
  if (await namesSeveralSchedules(tx, wish))
    return { keys: kindsNamed(wish).flat(), services: [], practitioners: [], places: [], devices: [] }
  const { services, practitioners, places, devices } = wish
  return { keys: waitlistKeys(wish), services, practitioners, places, devices }
}

function entryOf(id: string, patient: string, wish: WaitlistWish, joined: Date) {
  const periods = wish.periods.length > 0 ? wish.periods : [always]
  return {
    appointment: id,
    patient,
    urgency: wish.urgency,
    fit: narrowness(wish),
    earliest: instantOf(Math.min(...periods.map(({ start }) => start))),
    latest: instantOf(Math.max(...periods.map(({ end }) => end))),
    days: wish.days.length > 0 ? wish.days.reduce((bits, day) => bits | (1 << dayCodes.indexOf(day)), 0) : everyDay,
    timeFrom: Math.floor(wish.timeFrom ?? 0),
    timeTo: Math.ceil(wish.timeTo ?? 24 * 60),
    expires: instantOf(wish.expires ?? always.end),
    joined: joined.toISOString(),
  }
}

const always = { start: Date.UTC(1900, 0), end: Date.UTC(3000, 0) }
const everyDay = 2 ** dayCodes.length - 1

/** Not deleted, not dead, and not merged into another. */
async function isThere(tx: Tx, patient: string): Promise<boolean> {
  const row = await currentResource(tx, 'Patient', patient)
  if (!row?.body) return false
  const record = JSON.parse(row.body) as Resource
  const { active, deceasedBoolean, deceasedDateTime } = record
  return active !== false && deceasedBoolean !== true && deceasedDateTime === undefined && !isReplaced(record)
}

async function dropPatient(tx: Tx, house: House, patient: string, audit: () => AuditRow): Promise<void> {
  if (await isThere(tx, patient)) return
  for (const id of await entriesOfPatients(tx, [patient]))
    await endEntry(tx, house, id, 'The patient is not treated under this record any more.', audit)
}

async function endBooked(tx: Tx, house: House, booked: { appointment: string; patients: string[] }, audit: () => AuditRow): Promise<void> {
  const visit = await currentResource(tx, 'Appointment', booked.appointment)
  for (const id of await entriesOfPatients(tx, booked.patients)) {
    const entry = await currentResource(tx, 'Appointment', id)
    if (!visit?.body || !entry?.body || id === booked.appointment) continue
    if (isForSame(house, JSON.parse(visit.body) as Resource, JSON.parse(entry.body) as Resource))
      await endEntry(tx, house, id, 'The patient has a visit for this.', audit)
  }
}

/** Cancels the Appointment of an entry, where it waits still; it is off the list at once. */
export async function endEntry(tx: Tx, house: House, id: string, why: string, audit: () => AuditRow): Promise<void> {
  const offer = await lastOfferTo(tx, id)
  // Whoever accepts has the offers first, and then the Appointment: read before they are let go, it would wait still.
  if (offer?.state === 'live') await liveOffersOf(tx, offer.slot)
  const row = await lockResource(tx, 'Appointment', id)
  if (row?.body && (JSON.parse(row.body) as Resource).status === 'waitlist')
    await cancelInTx(tx, house, { id, reason: { text: why }, audit: audit(), assertMay: () => {} })
  await project(tx, house, id)
}
