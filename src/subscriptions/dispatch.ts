/**
 * From the log of changes to numbered events: one round takes the next changes, gives each Subscription that is to be told
 * its events, numbered in order, and remembers how far it has come, all in one transaction. So an event is numbered once,
 * whoever is killed when; one process at a time does this, whoever has the follower's row.
 */
import { withPosts } from '../access/masking.ts'
import { dispatchChangesMax } from '../base/subscription-limits.ts'
import { type ChangeRow, changesAfter, lastPosition, moveFollower, takeFollower } from '../store/changes.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { addEvents, happenedSince, listeningSubscriptions, type NewEvent, type StateRow } from '../store/subscriptions.ts'
import { inTransaction } from '../store/transaction.ts'
import type { Asked } from './asked.ts'
import { type Happening, happeningsOf } from './happenings.ts'
import { matching } from './matching.ts'
import { actorOf, type BoundsFor, type KeptActor } from './register.ts'

const follower = 'subscriptions'

/** Follows the log to its end. Gives how many events were numbered. */
export async function dispatchChanges(house: House, boundsFor: BoundsFor): Promise<number> {
  let told = 0
  for (;;) {
    const { events, more } = await inTransaction(house.pool, (tx) => dispatchInTx(tx, house, boundsFor))
    told += events
    if (!more) return told
  }
}

async function dispatchInTx(tx: Tx, house: House, boundsFor: BoundsFor): Promise<{ events: number; more: boolean }> {
  const position = await takeFollower(tx, follower)
  if (!position) return { events: 0, more: false }
  const changes = await changesAfter(tx, position, dispatchChangesMax)
  const last = changes.at(-1)
  if (!last) return { events: 0, more: false }
  const listening = await listeningSubscriptions(tx)
  if (listening.length === 0) {
    // Nobody listens: what was done meanwhile, an import perhaps, need not be gone through.
    await moveFollower(tx, follower, await lastPosition(tx))
    return { events: 0, more: false }
  }
  const happenings = await happeningsOf(tx, house, changes, new Set(listening.map(({ asked }) => (asked as Asked).type)))
  let events = 0
  for (const state of listening) events += await dispatchTo(tx, house, state, happenings, boundsFor)
  await moveFollower(tx, follower, last)
  return { events, more: changes.length === dispatchChangesMax }
}

async function dispatchTo(tx: Tx, house: House, state: StateRow, happenings: readonly Happening[], boundsFor: BoundsFor): Promise<number> {
  const { topic, type, filters } = state.asked as Asked
  const kept = actorOf(state.actor as KeptActor)
  const actor = { ...kept, masking: await withPosts(house, kept.masking, kept.user) }
  const wish = { topic, type, filters, actor }
  const found = await matching(tx, house, wish, happenings, boundsFor)
  if (found.length === 0) return 0
  const since = await happenedSince(tx, state.subscription, [...new Set(found.map(({ change }) => change.xid))])
  const events = found.filter(({ change }) => since.has(change.xid)).map(({ change }) => eventOf(change))
  if (events.length > 0) await addEvents(tx, state.subscription, events)
  return events.length
}

const eventOf = ({ at, type, id, version, kind }: ChangeRow): NewEvent => ({ at: at.toISOString(), type, id, version, kind })
