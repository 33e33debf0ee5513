/** Each second: audit rows that are settled are sealed (`audit/seal-audit.ts`). */
import { sealAudit as seal } from '../audit/seal-audit.ts'
import type { House } from '../store/house.ts'

export const sealAudit = async (house: House): Promise<void> => {
  await seal(house)
}
