/**
 * Clears away what the authorization server no longer needs: expired codes, tokens, sessions and used assertions, and programs
 * that registered themselves and that nobody has approved for so long.
 */
import { dayMs } from '../base/durations.ts'
import { expiredStatesPerSweepMax, unapprovedClientDays } from '../base/sign-in-limits.ts'
import { dropUnapproved } from '../store/auth-clients.ts'
import { dropExpiredState } from '../store/auth-state.ts'
import type { House } from '../store/house.ts'

export async function forgetExpiredSignIns({ pool, clock }: House): Promise<number> {
  const now = clock.now()
  const unapproved = await dropUnapproved(pool, new Date(now.getTime() - unapprovedClientDays * dayMs))
  return unapproved + (await dropExpiredState(pool, now, expiredStatesPerSweepMax))
}
