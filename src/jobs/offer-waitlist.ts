/**
 * Each second: the waitlist is brought up to date, offers that ended are followed up, and the times that have come free go
 * to whoever is next. Safe in several servers at once: each step holds the follower's row. docs/waitlist.md
 */
import { type AuditInteraction, auditOf } from '../audit/audit-of.ts'
import { followWaitlist } from '../booking/waitlist/follow-waitlist.ts'
import { offerTimes } from '../booking/waitlist/offer-times.ts'
import { settleOffers } from '../booking/waitlist/settle-offers.ts'
import type { House } from '../store/house.ts'
import { server } from './own-actors.ts'

export async function offerWaitlist(house: House): Promise<number> {
  const audit = (interaction: AuditInteraction) => () => auditOf(house, server, interaction)
  await followWaitlist(house, audit('expire'))
  await settleOffers(house, audit('expire'))
  return offerTimes(house, audit('create'))
}
