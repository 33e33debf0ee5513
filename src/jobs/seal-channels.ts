/**
 * Once, at a start: what Subscriptions of before say for their endpoints alone is sealed, in every version that there is and
 * in what is kept of them. Without a key it is taken out of where readers look all the same, and sealed when one comes.
 * Each portion is a transaction, and one that is sealed is none of those that are looked for: a start that breaks off is gone
 * on with by the next, and of two at once each finds done what the other has.
 */
import { sealedSubscription, signingSecretUrl } from '../access/channel-secrets.ts'
import { secretsAtOnceMax } from '../base/limits.ts'
import type { Secrets } from '../base/sealed.ts'
import type { Pool, Tx } from '../store/db.ts'
import {
  areChannelsSealed,
  type OpenState,
  type OpenVersion,
  openStates,
  openTables,
  openVersions,
  reachSealed,
  rewriteVersions,
  sealStates,
} from '../store/open-channels.ts'
import { inTransaction } from '../store/transaction.ts'
import { type EndpointSecrets, sealedState } from '../subscriptions/register.ts'

export async function sealChannels(pool: Pool, secrets: Secrets): Promise<void> {
  if (await areChannelsSealed(pool)) return
  for (const table of openTables) await inPortions<OpenVersion>(pool, (tx, after) => sealVersions(tx, secrets, table, after))
  await inPortions<OpenState>(pool, (tx, after) => sealSome(tx, secrets, after))
  await inTransaction(pool, reachSealed)
}

async function inPortions<Row>(pool: Pool, seal: (tx: Tx, after: Row | undefined) => Promise<readonly Row[]>): Promise<void> {
  let last: Row | undefined
  for (;;) {
    const after = last
    const sealed = await inTransaction(pool, (tx) => seal(tx, after))
    if (sealed.length < secretsAtOnceMax) return
    last = sealed.at(-1)
  }
}

async function sealVersions(tx: Tx, secrets: Secrets, table: (typeof openTables)[number], after?: OpenVersion): Promise<OpenVersion[]> {
  const open = await openVersions(tx, table, signingSecretUrl, after)
  const sealed = open.map((version) => ({ ...version, body: sealedSubscription(secrets, version.id, version.body) }))
  if (sealed.length > 0) await rewriteVersions(tx, table, sealed)
  return open
}

async function sealSome(tx: Tx, secrets: Secrets, after?: OpenState): Promise<OpenState[]> {
  const open = await openStates(tx, after)
  const sealed = open.map(({ id, kept }) => ({ id, secrets: sealedState(secrets, id, kept as EndpointSecrets) }))
  if (sealed.length > 0) await sealStates(tx, sealed)
  return open
}
