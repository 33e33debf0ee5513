/**
 * Cancels several visits of a series in one transaction: this and those that follow, or all that are still to come. One that
 * may not be cancelled keeps them all.
 */
import { Fault } from '../../base/fault.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { claimKey, remember } from '../../store/idempotency.ts'
import { lockVisits } from '../../store/lock-visits.ts'
import { inTransaction, poolOf } from '../../store/transaction.ts'
import { type CancelInput, type Changed, cancelInTx } from '../cancel.ts'
import { ChangedMeanwhile, moveAttemptsMax } from '../move/move-in-transaction.ts'
import { numberOf, type SeriesScope, seriesPart } from './series-members.ts'

type Member = { readonly id: string; readonly number?: number }

/** In the order of their times. Throws: not-found, gone, business-rule. */
export async function cancelSeries(house: House, input: CancelInput, scope: SeriesScope): Promise<readonly Changed[]> {
  for (let attempt = 1; ; attempt++) {
    const { visits } = await seriesPart(house, input, scope)
    const members = visits.map((visit) => ({ id: visit.id, number: numberOf(visit) }))
    try {
      return await inTransaction(house.pool, async (tx) => {
        const changed = await cancelSeriesInTx(tx, house, input, members)
        await assertAll(tx, house, input, scope, members)
        return changed
      })
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile) || attempt >= moveAttemptsMax) throw error
    }
  }
}

/** Whoever replaced a visit while the others were cancelled has put one there that was not among them: all is looked at again. */
async function assertAll(tx: Tx, house: House, input: CancelInput, scope: SeriesScope, members: readonly Member[]): Promise<void> {
  const now = await seriesPart({ ...house, pool: poolOf(tx) }, input, scope)
  if (now.visits.some(({ id }) => !members.some((member) => member.id === id))) throw new ChangedMeanwhile()
}

async function cancelSeriesInTx(tx: Tx, house: House, input: CancelInput, members: readonly Member[]): Promise<readonly Changed[]> {
  if (input.once) await claimKey(tx, input.once)
  const changed = new Map<string, Changed>()
  await lockVisits(tx, { visits: members.map(({ id }) => id), patients: [], actors: [] })
  for (const { id, number } of members.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const one = { ...input, id, once: undefined, audit: { ...input.audit, id: house.ids.next() } }
    changed.set(id, await cancelInTx(tx, house, one).catch(saidOf(number)))
  }
  const all = members.flatMap(({ id }) => changed.get(id) ?? [])
  const series = all.map(({ id, version }) => ({ appointment: id, version }))
  if (input.once && series[0]) await remember(tx, input.once, { ...series[0], series }, house.clock.now().toISOString())
  return all
}

/** Which visit it is that a rule speaks of. */
const saidOf =
  (number: number | undefined) =>
  (error: unknown): never => {
    if (!(error instanceof Fault) || error.kind !== 'business-rule') throw error
    const issues = error.issues.map((issue) => ({ ...issue, diagnostics: `Visit ${number} of the series: ${issue.diagnostics}` }))
    throw new Fault(error.kind, issues)
  }
