/** Each night: the audit has a partition for this month and the next before the first row of it arrives. */
import { ensureAuditPartitions } from '../store/audit-rows.ts'
import type { House } from '../store/house.ts'

export const keepAuditPartitions = (house: House): Promise<void> =>
  ensureAuditPartitions(house.pool, `${house.clock.now().toISOString().slice(0, 7)}-01`)
