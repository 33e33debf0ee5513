/**
 * Each second: what happened is numbered for whoever is to be told of it, a job is put in for each endpoint that must be
 * spoken to and is not, a Subscription whose criteria are understood no more is in error, and one whose time is over is off.
 * Telling itself is `notify-subscriber.ts`.
 */

import { boundsFor } from '../access/bounds.ts'
import { notificationAttemptsMax } from '../base/subscription-limits.ts'
import type { House } from '../store/house.ts'
import { addJob, hasJobs, replayJobs } from '../store/jobs.ts'
import { jobKeyOf, stranded, subscriptionState, subscriptionsOver, subscriptionsToTell } from '../store/subscriptions.ts'
import { inTransaction } from '../store/transaction.ts'
import { dispatchChanges, type Refused } from '../subscriptions/dispatch.ts'
import { setSubscriptionStatus } from './subscription-status.ts'

export const notifySubscriberTask = 'notify-subscriber'

export async function tellSubscribers(house: House): Promise<void> {
  for (const one of await dispatchChanges(house, boundsFor)) await refuse(house, one)
  const now = house.clock.now().toISOString()
  for (const state of await subscriptionsOver(house.pool, now)) await setSubscriptionStatus(house, state, 'off')
  if (!(await hasJobs(house.pool))) return
  for (const id of await subscriptionsToTell(house.pool, now)) await inTransaction(house.pool, (tx) => addJob(tx, jobFor(id)))
  for (const { id, phase, job } of await stranded(house.pool)) await unstrand(house, id, phase, job)
}

/** It stays so until the client writes it anew, and is said once. */
async function refuse(house: House, { state, why }: Refused): Promise<void> {
  const error = `What it asks for is not understood any more, and nothing is told. ${why}`
  if (state.phase !== 'error' || state.error !== error) await setSubscriptionStatus(house, state, 'error', error)
}

const jobFor = (id: string) => ({
  task: notifySubscriberTask,
  payload: { subscription: id },
  key: jobKeyOf(id),
  attemptsMax: notificationAttemptsMax,
})

/** Asked for anew, its dead job gets another life; active still, its job died with a server, and it says so. */
async function unstrand(house: House, id: string, phase: string, job: string): Promise<void> {
  if (phase === 'requested') await replayJobs(house.pool, [job])
  const state = phase === 'active' ? await subscriptionState(house.pool, id) : undefined
  if (state) await setSubscriptionStatus(house, state, 'error', 'The endpoint could not be told.')
}
