/**
 * Each hour: the audit has a partition for this month and the next before the first row of it arrives, and loses those
 * that are older than AUDIT_RETENTION_MONTHS.
 */
import { dropAuditBefore, keptFrom } from '../audit/drop-audit.ts'
import { ensureAuditPartitions } from '../store/audit-retention.ts'
import type { House } from '../store/house.ts'

export async function keepAuditPartitions(house: House): Promise<void> {
  const now = house.clock.now()
  await ensureAuditPartitions(house.pool, `${now.toISOString().slice(0, 7)}-01`)
  if (house.auditMonthsKept === 0) return
  const months = await dropAuditBefore(house, keptFrom(now, house.auditMonthsKept))
  if (months.length > 0) house.warn('the audit of months past was dropped, as AUDIT_RETENTION_MONTHS says', { months })
}
