/**
 * What follows from the end of an offer to the waitlist: one whose time is over ends, its entry waits on, and the time goes
 * to the next without being free between. And entries whose own time is over leave the list.
 */
import { waitlistSettledPerRoundMax } from '../../base/limits.ts'
import type { AuditRow } from '../../store/audit-rows.ts'
import { takeFollower } from '../../store/changes.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { inTransaction } from '../../store/transaction.ts'
import { countFor, markWaiting, overdueEntries } from '../../store/waitlist-entries.ts'
import { endOffer, offerNamed, offersToSettle, settleOffer } from '../../store/waitlist-offers.ts'
import { addTime } from '../../store/waitlist-times.ts'
import { oneByOne } from '../one-by-one.ts'
import { endEntry, waitlistFollower } from './follow-waitlist.ts'
import { endCommunication } from './write-offer.ts'

export async function settleOffers(house: House, audit: () => AuditRow): Promise<void> {
  const now = house.clock.now().toISOString()
  const what = 'an offer to the waitlist could not be ended; it is tried again'
  const ended = await offersToSettle(house.pool, now, waitlistSettledPerRoundMax)
  await oneByOne(house, what, ended, (id) => inTransaction(house.pool, (tx) => settleInTx(tx, house, id, audit)))
  const overdue = await overdueEntries(house.pool, now, waitlistSettledPerRoundMax)
  await oneByOne(house, 'an entry of the waitlist could not be ended; it is tried again', overdue, (id) =>
    inTransaction(house.pool, (tx) => endOverdue(tx, house, id, audit)),
  )
}

async function settleInTx(tx: Tx, house: House, id: string, audit: () => AuditRow): Promise<void> {
  if (!(await takeFollower(tx, waitlistFollower))) return
  const offer = await offerNamed(tx, id, true)
  if (!offer) return
  const now = house.clock.now()
  const lapses = offer.state === 'live' && offer.expires.getTime() <= now.getTime()
  if (offer.state === 'live' && !lapses) return
  if (lapses) await endOffer(tx, id, 'lapsed', now.toISOString())
  // What the patient does is said on the Communication by whoever did it.
  if (lapses || offer.state === 'withdrawn') await endCommunication(tx, house, id, lapses ? 'lapsed' : 'withdrawn', audit())
  if (lapses || offer.state === 'declined') await countFor(tx, 'offered', [offer.entry], house.waitlist.weights)
  await markWaiting(tx, offer.entry, true)
  if (await settleOffer(tx, id)) await addTime(tx, offer.slot, offer.holder)
}

async function endOverdue(tx: Tx, house: House, id: string, audit: () => AuditRow): Promise<void> {
  if (await takeFollower(tx, waitlistFollower))
    await endEntry(tx, house, id, 'Nobody could be found a time before the end that was given.', audit)
}
