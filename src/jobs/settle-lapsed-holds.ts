/** Each second: holds whose time is over are cancelled and their Slots read free (docs/booking.md: within two seconds). */
import { auditOf } from '../audit/audit-of.ts'
import { settleLapsed } from '../booking/settle-lapsed.ts'
import type { House } from '../store/house.ts'
import { server } from './own-actors.ts'

export const settleLapsedHolds = (house: House): Promise<number> => settleLapsed(house, () => auditOf(house, server, 'expire'))
