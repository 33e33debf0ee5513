/**
 * From the log of changes to numbered events: one round takes the next changes, gives each Subscription that is to be told
 * its events, numbered in order, and remembers how far it has come, all in one transaction. So an event is numbered once,
 * whoever is killed when; one process at a time does this, whoever has the follower's row.
 *
 * What one Subscription asks for may have been understood by an earlier version, or before a search parameter was another:
 * it is told nothing then, and nobody waits for it.
 */
import { withPosts } from '../access/masking.ts'
import { Fault, type FaultKind } from '../base/fault.ts'
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

/** A Subscription whose criteria cannot be asked as things are, and a sentence that says why. */
export type Refused = { readonly state: StateRow; readonly why: string }

type Round = { readonly refused: readonly Refused[]; readonly more: boolean }

const nothing: Round = { refused: [], more: false }

/** Follows the log to its end. Gives who could not be told what happened, the latest of each. */
export async function dispatchChanges(house: House, boundsFor: BoundsFor): Promise<Refused[]> {
  const refused = new Map<string, Refused>()
  for (;;) {
    const round = await inTransaction(house.pool, (tx) => dispatchInTx(tx, house, boundsFor))
    for (const one of round.refused) refused.set(one.state.subscription, one)
    if (!round.more) return [...refused.values()]
  }
}

async function dispatchInTx(tx: Tx, house: House, boundsFor: BoundsFor): Promise<Round> {
  const position = await takeFollower(tx, follower)
  if (!position) return nothing
  const changes = await changesAfter(tx, position, dispatchChangesMax)
  const last = changes.at(-1)
  if (!last) return nothing
  const listening = await listeningSubscriptions(tx)
  if (listening.length === 0) {
    // Nobody listens: what was done meanwhile, an import perhaps, need not be gone through.
    await moveFollower(tx, follower, await lastPosition(tx))
    return nothing
  }
  const happenings = await happeningsOf(tx, house, changes, new Set(listening.map(({ asked }) => (asked as Asked).type)))
  const refused: Refused[] = []
  for (const state of listening) {
    const why = await whyRefused(() => dispatchTo(tx, house, state, happenings, boundsFor))
    if (why !== undefined) refused.push({ state, why })
  }
  await moveFollower(tx, follower, last)
  return { refused, more: changes.length === dispatchChangesMax }
}

/** The database's own: the round comes again. */
const passing: ReadonlySet<FaultKind> = new Set(['transient', 'timeout', 'exception'])

/**
 * Criteria are refused before the statement that would ask them, so the transaction is whole. Where it is not, its next
 * statement fails, and nothing of this round is kept.
 */
async function whyRefused(deed: () => Promise<void>): Promise<string | undefined> {
  try {
    await deed()
    return undefined
  } catch (error) {
    if (error instanceof Fault && !passing.has(error.kind)) return error.message
    throw error
  }
}

async function dispatchTo(tx: Tx, house: House, state: StateRow, happenings: readonly Happening[], boundsFor: BoundsFor): Promise<void> {
  const { topic, type, filters } = state.asked as Asked
  const kept = actorOf(state.actor as KeptActor)
  const actor = { ...kept, masking: await withPosts(house, kept.masking, kept.user) }
  const wish = { topic, type, filters, actor }
  const found = await matching(tx, house, wish, happenings, boundsFor)
  if (found.length === 0) return
  const since = await happenedSince(tx, state.subscription, [...new Set(found.map(({ change }) => change.xid))])
  const events = found.filter(({ change }) => since.has(change.xid)).map(({ change }) => eventOf(change))
  if (events.length > 0) await addEvents(tx, state.subscription, events)
}

const eventOf = ({ at, type, id, version, kind }: ChangeRow): NewEvent => ({ at: at.toISOString(), type, id, version, kind })
