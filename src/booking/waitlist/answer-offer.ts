/**
 * A patient's answer to an offer of the waitlist. Accepted, the time is theirs in one transaction: the entry itself becomes
 * the booked visit, or a later visit for the same service moves there and the entry ends. Declined, it goes to the next.
 */
import { deleted, fault } from '../../base/fault.ts'
import { relativeReference, typeOfReference } from '../../fhir/reference.ts'
import type { Resource } from '../../fhir/resource.ts'
import { waitlistUrl } from '../../scheduling/waitlist-wish.ts'
import type { AuditRow } from '../../store/audit-rows.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { claimKey, type IdempotencyKey, remember } from '../../store/idempotency.ts'
import { plansOf } from '../../store/plans.ts'
import { currentResource, readResource } from '../../store/resources.ts'
import { slotsKeptBy } from '../../store/slot-rows.ts'
import { inTransaction } from '../../store/transaction.ts'
import { endOffer, liveOffersOf, type OfferRow } from '../../store/waitlist-offers.ts'
import { type Changed, cancelInTx, lockedAppointment } from '../cancel.ts'
import { groupsOf } from '../joint-of-slots.ts'
import type { MoveInput } from '../move/move-input.ts'
import { moveVisit } from '../move/move-visit.ts'
import { planFrom } from '../plans.ts'
import { choiceOf, offersOf, type ServiceChoice } from '../service-choice.ts'
import { sameVisitToCome } from './waitlist-candidate.ts'
import { endCommunication } from './write-offer.ts'

export type AnswerInput = {
  readonly offer: OfferRow
  readonly client: string
  readonly audit: (interaction: 'reschedule' | 'update' | 'cancel' | 'read') => AuditRow
  readonly once?: IdempotencyKey
  readonly assertMay: (appointment: Resource) => void
}

/** Throws: expired, conflict (it was answered already, or the time is gone), business-rule. */
export async function acceptOffer(house: House, input: AnswerInput): Promise<Changed> {
  const { offer } = input
  assertStands(offer, house.clock.now().getTime())
  const row = await currentResource(house.pool, 'Appointment', offer.entry)
  if (!row?.body) throw deleted(`Appointment/${offer.entry}`, 'Appointment')
  const entry = JSON.parse(row.body) as Resource
  input.assertMay(entry)
  const choice = offer.service === null ? undefined : { reference: offer.service }
  const moves = await laterVisit(house, offer, entry, choice ?? choiceOf(entry, house.base))
  return moveVisit(house, {
    id: moves ?? offer.entry,
    ...(await whereKept(house, offer)),
    start: offer.starts.getTime(),
    minutes: offer.minutes ?? undefined,
    service: choice,
    statuses: moves === undefined ? ['waitlist'] : ['booked'],
    ...(moves === undefined
      ? { proposalFrom: (before) => withoutWish(house, before, offer) }
      : { reason: { text: 'A time of the waitlist.' } }),
    heldFor: offer.holder,
    alongside: { visits: moves === undefined ? [] : [offer.entry], begin: (tx) => takeOffer(tx, house, input, moves !== undefined) },
    client: input.client,
    online: false,
    audit: input.audit('reschedule'),
    once: input.once,
    assertMay: input.assertMay,
  })
}

/** The Slot that the visit starts in, and where the time of several Schedules is kept for it, those. */
async function whereKept(house: House, { holder, slot, schedule, starts }: OfferRow): Promise<Pick<MoveInput, 'slot' | 'groups'>> {
  const kept = await slotsKeptBy(house.pool, holder)
  const schedules = [...new Set(kept.map((one) => one.schedule))]
  if (schedules.length < 2) return { slot }
  const first = kept.find((one) => one.schedule === schedule && one.starts.getTime() === starts.getTime())
  return { slot: first?.id ?? slot, groups: groupsOf([schedule, ...schedules]) }
}

async function laterVisit(house: House, offer: OfferRow, entry: Resource, choice: ServiceChoice): Promise<string | undefined> {
  const [row] = await plansOf(house.pool, [offer.schedule])
  const [offered] = row ? offersOf(planFrom(house, row.schedule, row.version, row.plan), choice) : []
  const visit = offered && (await sameVisitToCome(house, offer.patient, entry, offered))
  return visit && visit.start > offer.starts.getTime() ? visit.id : undefined
}

/** The visit is with whom the time is: whoever else would have done takes no part in it. */
function withoutWish(house: House, entry: Resource, { service }: OfferRow): Resource {
  const participant = ((entry.participant ?? []) as { actor?: { reference?: string } }[]).filter(({ actor }) => {
    const reference = relativeReference(actor?.reference ?? '', house.base)
    return reference === service || !choosable.has(typeOfReference(reference) ?? '')
  })
  const extension = ((entry.extension ?? []) as { url?: string }[]).filter(({ url }) => url !== waitlistUrl)
  const { extension: _wish, ...kept } = entry
  return { ...kept, resourceType: 'Appointment', participant, ...(extension.length > 0 && { extension }) }
}

const choosable: ReadonlySet<string> = new Set(['Practitioner', 'PractitionerRole', 'Location', 'HealthcareService', 'Device'])

/**
 * First in the transaction of the move: of several who accept one time, one finds it live. The offers are locked before any
 * Appointment, the Communications after all of them (`endEntry` keeps that order too).
 */
async function takeOffer(tx: Tx, house: House, input: AnswerInput, isMoved: boolean): Promise<() => Promise<void>> {
  const live = await liveOffersOf(tx, input.offer.slot)
  const mine = live.find(({ id }) => id === input.offer.id)
  if (!mine) throw notLive()
  assertStands(mine, house.clock.now().getTime())
  return () => endOffers(tx, house, input, live, isMoved)
}

/** The one that is accepted, those of the others to whom the time was offered, and the entry of a visit that is moved. */
async function endOffers(tx: Tx, house: House, { offer, audit }: AnswerInput, live: readonly OfferRow[], isMoved: boolean): Promise<void> {
  const at = house.clock.now().toISOString()
  for (const { id } of live) {
    const state = id === offer.id ? 'accepted' : 'withdrawn'
    await endOffer(tx, id, state, at)
    if (state === 'accepted') await endCommunication(tx, house, id, state, audit('update'))
  }
  if (isMoved) await cancelInTx(tx, house, { id: offer.entry, reason: movedReason, audit: audit('cancel'), assertMay: () => {} })
}

const movedReason = { text: 'The visit that the patient had was moved to the time that was offered.' }

const notLive = (): Error => fault('conflict', 'This offer does not stand any more: it was answered, or somebody else was first.', 'offer')

function assertStands({ state, expires }: OfferRow, now: number): void {
  if (state === 'lapsed' || (state === 'live' && expires.getTime() <= now))
    throw fault('expired', 'This offer has run out. The entry stays on the waitlist.', 'offer')
  if (state !== 'live') throw notLive()
}

/** The entry stays on the list; the job of the waitlist gives the time to the next. */
export const declineOffer = (house: House, input: AnswerInput): Promise<Changed> =>
  inTransaction(house.pool, (tx) => declineInTx(tx, house, input))

async function declineInTx(tx: Tx, house: House, { offer, audit, once, assertMay }: AnswerInput): Promise<Changed> {
  if (once) await claimKey(tx, once)
  const mine = (await liveOffersOf(tx, offer.slot)).find(({ id }) => id === offer.id)
  const { row } = await lockedAppointment(tx, offer.entry, assertMay)
  assertStands(mine ?? offer, house.clock.now().getTime())
  if (!mine) throw notLive()
  const at = house.clock.now().toISOString()
  await endOffer(tx, offer.id, 'declined', at)
  await endCommunication(tx, house, offer.id, 'declined', audit('update'))
  await readResource(tx, 'Appointment', offer.entry, audit('read'))
  if (once) await remember(tx, once, { appointment: offer.entry, version: row.version }, at)
  return { id: offer.entry, version: row.version, text: row.body ?? '' }
}
