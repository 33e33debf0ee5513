/** Clears away what the authorization server no longer needs: expired codes, tokens, sessions and used assertions. */
import { expiredStatesPerSweepMax } from '../base/sign-in-limits.ts'
import { dropExpiredState } from '../store/auth-state.ts'
import type { House } from '../store/house.ts'

export const forgetExpiredSignIns = ({ pool, clock }: House): Promise<number> =>
  dropExpiredState(pool, clock.now(), expiredStatesPerSweepMax)
