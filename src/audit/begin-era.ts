/**
 * After a restore: what the backup held unsealed is sealed, and a seal says that a new era begins, since the transactions
 * of this cluster are numbered from anew. The rows themselves stay as they were, and so does every seal over them.
 */
import { allUnsealedRows, beginAuditEra, inUtc, lastSeal, takeSealer } from '../store/audit-seals.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { addSeal } from './seal-audit.ts'

/** `tx` is the owner's. */
export async function beginEra(tx: Tx, sealer: Pick<House, 'clock' | 'secrets'>): Promise<void> {
  if (!(await takeSealer(tx))) throw new Error('Another process seals the audit of this database.')
  await inUtc(tx)
  const last = await lastSeal(tx)
  const { era, upto: from } = last ?? { era: 0, upto: '0' }
  const rows = await allUnsealedRows(tx, era, from)
  const before = rows.count === '0' ? last : await addSeal(tx, sealer, last, { kind: 'rows', era, from, details: null, ...rows })
  const nothing = { count: '0', earliest: null, latest: null, hash: '', details: null }
  await addSeal(tx, sealer, before, { kind: 'restore', era: era + 1, from: '0', upto: '0', ...nothing })
  await beginAuditEra(tx, era + 1)
}
