/**
 * So much a minute and no more, for each of many: an allowance that a minute's worth may be used up of at once, and that
 * comes back evenly (the generic cell rate algorithm). https://www.rfc-editor.org/rfc/rfc6585#section-4
 *
 * Pure: the moment is passed in. Of each name one number is remembered, of the names used longest ago none when there are
 * too many. Left out: allowances shared by several processes (`store/shared-allowances.ts`).
 */
import { allowancesRemembered } from './limits.ts'

/** 0: it may go on; else the milliseconds until it would. */
export type Wait = number

export type Allowances = {
  readonly perMinute: number
  /** Uses up `cost` of what a name may have. What is refused costs nothing. */
  readonly take: (name: string, nowMs: number, cost?: number) => Wait | Promise<Wait>
}

export type OwnAllowances = {
  readonly perMinute: number
  readonly take: (name: string, nowMs: number, cost?: number) => Wait
  /** Whether all is used up, without using any. */
  readonly wait: (name: string, nowMs: number) => Wait
}

export function allowances(perMinute: number, remembered = allowancesRemembered): OwnAllowances {
  const msEach = 60_000 / perMinute
  // When each will be whole again, those used last at the end.
  const wholeAt = new Map<string, number>()
  const after = (name: string, nowMs: number, cost: number): number =>
    Math.max(wholeAt.get(name) ?? 0, nowMs) + Math.min(cost, perMinute) * msEach
  return {
    perMinute,
    wait: (name, nowMs) => (wholeAt.size === 0 ? 0 : Math.max(0, after(name, nowMs, 1) - nowMs - 60_000)),
    take: (name, nowMs, cost = 1) => {
      const next = after(name, nowMs, cost)
      // Sums of fractions of a millisecond are not exact.
      if (next - nowMs > 60_000.01) return next - nowMs - 60_000
      wholeAt.delete(name)
      wholeAt.set(name, next)
      const [oldest] = wholeAt.size > remembered ? wholeAt.keys() : []
      if (oldest !== undefined) wholeAt.delete(oldest)
      return 0
    },
  }
}
