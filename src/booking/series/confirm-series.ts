/**
 * Turns the holds of a series into bookings, in one transaction: all that are held still, or none. Each is confirmed as any
 * hold is (`confirm-hold.ts`); they were held to one instant, so none runs out before the others.
 */
import type { Resource } from '../../fhir/resource.ts'
import { awaitsApproval } from '../../scheduling/approval.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { claimKey, remember } from '../../store/idempotency.ts'
import { lockVisits } from '../../store/lock-visits.ts'
import { inTransaction } from '../../store/transaction.ts'
import { type Changed, heldUntil } from '../cancel.ts'
import { type ConfirmInput, confirmInTx } from '../confirm-hold.ts'
import { withOwnNumber } from '../own-number.ts'
import { numberOf, seriesPart } from './series-members.ts'

/** A hold that was taken with others, as a series. */
export const isHeldInSeries = (visit: Resource): boolean =>
  visit.status === 'pending' && heldUntil(visit) !== undefined && !awaitsApproval(visit) && numberOf(visit) !== undefined

/** In the order of their times. Throws: not-found, gone, expired, conflict, business-rule. */
export async function confirmSeries(house: House, input: Omit<ConfirmInput, 'replaces'>): Promise<readonly Changed[]> {
  const { visits } = await seriesPart(house, input, 'all')
  const held = visits.filter(isHeldInSeries).map(({ id }) => id)
  // Where somebody was quicker there is nothing left to confirm: the visit that was named says why.
  const wanted = held.length > 0 ? held : [input.id]
  return withOwnNumber(() => inTransaction(house.pool, (tx) => confirmSeriesInTx(tx, house, input, wanted)))
}

async function confirmSeriesInTx(
  tx: Tx,
  house: House,
  input: Omit<ConfirmInput, 'replaces'>,
  held: readonly string[],
): Promise<readonly Changed[]> {
  if (input.once) await claimKey(tx, input.once)
  const changed = new Map<string, Changed>()
  await lockVisits(tx, { visits: held, patients: [], actors: [] })
  for (const id of held.toSorted()) {
    const audit = { ...input.audit, id: house.ids.next() }
    changed.set(id, await confirmInTx(tx, house, { ...input, id, audit, once: undefined }))
  }
  const all = held.flatMap((id) => changed.get(id) ?? [])
  const series = all.map(({ id, version }) => ({ appointment: id, version }))
  if (input.once && series[0]) await remember(tx, input.once, { ...series[0], series }, house.clock.now().toISOString())
  return all
}
