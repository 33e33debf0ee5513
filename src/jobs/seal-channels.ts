/**
 * Once, at a start: what Subscriptions of before say for their endpoints alone is sealed, in every version that there is and
 * in what is kept of them. Without a key it is taken out of where readers look all the same, and sealed when one comes.
 */
import { sealedSubscription, signingSecretUrl } from '../access/channel-secrets.ts'
import type { Secrets } from '../base/sealed.ts'
import type { Pool } from '../store/db.ts'
import { openStates, openVersions, reachSealed, rewriteVersion, sealState } from '../store/open-channels.ts'
import { inTransaction } from '../store/transaction.ts'
import { type EndpointSecrets, sealedState } from '../subscriptions/register.ts'

export const sealChannels = (pool: Pool, secrets: Secrets): Promise<void> =>
  inTransaction(pool, async (tx) => {
    if (!(await reachSealed(tx))) return
    for (const version of await openVersions(tx, signingSecretUrl))
      await rewriteVersion(tx, { ...version, body: sealedSubscription(secrets, version.id, version.body) })
    for (const { id, kept } of await openStates(tx)) await sealState(tx, id, sealedState(secrets, id, kept as EndpointSecrets))
  })
