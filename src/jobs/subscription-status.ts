/**
 * The status of a Subscription as the server sets it: active once its endpoint has answered, error with a reason, off when
 * its time is over. A new version of the resource like any other, unless the client has written one since.
 * https://hl7.org/fhir/R4/valueset-subscription-status.html
 */
import { auditOf } from '../audit/audit-of.ts'
import { writeResource } from '../booking/write-resource.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockResource } from '../store/resources.ts'
import { movePhase, type Phase, type StateRow } from '../store/subscriptions.ts'
import { inTransaction } from '../store/transaction.ts'
import { server } from './own-actors.ts'

type Named = Pick<StateRow, 'subscription' | 'revision'>

/** False where the client has changed or deleted it meanwhile. `error` is a sentence without secrets. */
export const setSubscriptionStatus = (house: House, state: Named, status: Phase, error?: string): Promise<boolean> =>
  inTransaction(house.pool, (tx) => setInTx(tx, house, state, status, error))

async function setInTx(tx: Tx, house: House, state: Named, status: Phase, error: string | undefined): Promise<boolean> {
  const id = state.subscription
  const row = await lockResource(tx, 'Subscription', id)
  if (!row?.body || !(await movePhase(tx, state, status))) return false
  const before = JSON.parse(row.body) as Resource
  const { error: _past, ...kept } = before
  const resource: Resource = { ...kept, status, ...(error === undefined ? {} : { error }) }
  if (before.status === status && before.error === error) return true
  const at = house.clock.now().toISOString()
  const audit = auditOf(house, server, 'update')
  await writeResource(tx, house, {
    type: 'Subscription',
    id,
    before,
    isNew: false,
    resource,
    text: JSON.stringify(resource),
    at,
    client: server.client,
    audit,
  })
  return true
}
