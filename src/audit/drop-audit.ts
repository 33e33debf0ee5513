/**
 * Retention: whole months of the audit that are older than is kept are dropped, and a seal says which, so that a check
 * knows what is missing on purpose. A month with a row that is not sealed stays.
 */
import { dropMonthsBefore, type Remainder } from '../store/audit-retention.ts'
import { inUtc, lastSeal, type Seal, takeSealer } from '../store/audit-seals.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { inTransaction } from '../store/transaction.ts'
import { addSeal } from './seal-audit.ts'

/** What a seal of retention says, as it stands in its `details`. */
export type Retention = {
  /** Microseconds since 1970: every row before it is gone. */
  readonly before: string
  readonly months: readonly string[]
  readonly rows: string
  /** Of seals over rows on both sides of it. */
  readonly remaining: readonly Remainder[]
}

export const retentionOf = ({ details }: Seal): Retention => JSON.parse(details ?? '{}') as Retention

/** The first instant that is kept, where so many months are: months that are over, and the one that is not. */
export const keptFrom = (now: Date, months: number): Date => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1))

/** Gives the names of the months that were dropped. */
export const dropAuditBefore = (house: House, before: Date): Promise<readonly string[]> =>
  inTransaction(house.pool, (tx) => dropInTx(tx, house, before))

async function dropInTx(tx: Tx, house: House, instant: Date): Promise<readonly string[]> {
  if (!(await takeSealer(tx))) return []
  await inUtc(tx)
  const before = String(BigInt(instant.getTime()) * 1000n)
  const dropped = await dropMonthsBefore(tx, before)
  const last = await lastSeal(tx)
  if (!dropped || dropped.months.length === 0 || !last) return []
  const details = JSON.stringify({ before, ...dropped } satisfies Retention)
  const nothing = { from: last.upto, upto: last.upto, count: '0', earliest: null, latest: null, hash: '' }
  await addSeal(tx, house, last, { kind: 'retention', era: last.era, ...nothing, details })
  return dropped.months
}
