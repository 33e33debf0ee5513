/**
 * FHIR transaction: all of its entries or none, in one transaction of the database with the booking engine inside it.
 * https://hl7.org/fhir/R4/http.html#trules
 *
 * A version in `ifMatch` is one from before the transaction. What an entry says and the engine has brought about already
 * (a Slot set busy by the visit beside it) makes no further version.
 */
import type { Actor } from '../access/actor.ts'
import { withNextTimes } from '../booking/change.ts'
import type { BundleEntry } from '../fhir/bundle-entries.ts'
import { bundleResponse, type EntryReply } from '../fhir/bundle-response.ts'
import type { Reply } from '../fhir/reply.ts'
import type { Prefer } from '../fhir/request.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { inTransaction, poolOf } from '../store/transaction.ts'
import { afterCommit } from './after-commit.ts'
import { answersTogether } from './answers-together.ts'
import { atEntry } from './at-entry.ts'
import type { Doors } from './doors.ts'
import { type Bodies, bodiesOf } from './transaction-bodies.ts'
import { type Deed, deedsOf, type Write } from './transaction-deeds.ts'
import { assertNoneTwice, knownTargets, targetsOf } from './transaction-targets.ts'
import { type Performed, performed } from './transaction-writes.ts'

type Transacting = {
  readonly house: House
  readonly actor: Actor
  readonly deeds: readonly Deed[]
  readonly writes: readonly Write[]
  /** Undefined where some ids are only known once the database has been asked. */
  readonly bodies?: Bodies
  readonly prefer: Prefer
  readonly doors: Doors
}

export async function transaction(
  house: House,
  actor: Actor,
  entries: readonly BundleEntry[],
  prefer: Prefer,
  doors: Doors,
): Promise<Reply> {
  const deeds = deedsOf(house, actor, entries)
  const writes = deeds.flatMap((deed) => (deed.does === 'read' ? [] : [deed]))
  const targets = knownTargets(writes)
  assertNoneTwice(targets)
  const bodies = writes.some(({ criteria }) => criteria) ? undefined : bodiesOf(house, targets)
  const transacting = { house, actor, deeds, writes, bodies, prefer, doors }
  const { replies, stored, schedules } = await withNextTimes(house, () => inTransaction(house.pool, (tx) => transactInTx(tx, transacting)))
  await afterCommit(house, stored, schedules)
  return { status: 200, body: bundleResponse(house.base, 'transaction-response', replies) }
}

/** What is tried again, whole, where others were in the way. */
async function transactInTx(tx: Tx, transacting: Transacting): Promise<Omit<Performed, 'replies'> & { replies: EntryReply[] }> {
  const { house, actor, deeds, writes, prefer, doors } = transacting
  const targets = transacting.bodies ? knownTargets(writes) : await targetsOf(tx, house, actor, writes)
  assertNoneTwice(targets)
  const bodies = transacting.bodies ?? bodiesOf(house, targets)
  const done = await performed(tx, house, actor, targets, bodies, prefer)
  // They see what this transaction has written, and nobody else has seen yet.
  const inside: House = { ...house, pool: poolOf(tx) }
  const replies: EntryReply[] = []
  const answer = answersTogether(doors)
  for (const { entry } of deeds) {
    const written = done.replies.get(entry.index)
    replies.push(written ?? (await atEntry(entry.index, () => answer(inside, actor, entry, prefer))))
  }
  return { ...done, replies }
}
