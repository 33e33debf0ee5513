/** Each night: every Schedule's Slots reach one day further, and what nobody will ask for again is forgotten. */

import { dayMs } from '../base/durations.ts'
import { subscriptionEventDaysKept } from '../base/subscription-limits.ts'
import { rollSlots } from '../booking/regenerate-slots.ts'
import type { House } from '../store/house.ts'
import { forgetOldKeys } from '../store/idempotency.ts'
import { forgetOldProposals } from '../store/proposals.ts'
import { forgetOldEvents } from '../store/subscriptions.ts'

export async function rollHorizon(house: House): Promise<void> {
  await rollSlots(house)
  await forgetOldKeys(house.pool)
  await forgetOldProposals(house.pool)
  await forgetOldEvents(house.pool, new Date(house.clock.now().getTime() - subscriptionEventDaysKept * dayMs).toISOString())
}
