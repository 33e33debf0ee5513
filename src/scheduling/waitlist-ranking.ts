/**
 * Who on the waitlist comes first: points for urgency, for each day waited, for how narrowly the entry asks (it has fewer
 * other times to wait for), for each time that somebody else was offered what it could have had, less for each offer that
 * it let go by. Pure. docs/waitlist.md
 *
 * Time waited counts for everyone alike, so the order of two entries never changes by waiting alone: `standingOf` leaves
 * the present out and is what the index sorts by. Since the wait has no bound and everything else has, everyone's turn comes.
 */
import { dayMs } from '../base/durations.ts'
import type { RankingWeights } from '../base/waitlist-settings.ts'

export type Ranked = {
  /** The id of its Appointment. */
  readonly entry: string
  /** When it came on the list, Unix milliseconds. */
  readonly joined: number
  /** 0 to 1. */
  readonly urgency: number
  /** 0 to 1. */
  readonly fit: number
  /** Times that it could have had and another was offered. */
  readonly passed: number
  /** Offers that were declined or ran out. */
  readonly offered: number
}

export type ScoreParts = { readonly [part in keyof RankingWeights]: number }
export type Score = ScoreParts & { readonly total: number }

/** The score at the epoch: the same order as at any other instant. */
export const standingOf = ({ joined, urgency, fit, passed, offered }: Ranked, weights: RankingWeights): number =>
  weights.urgency * urgency + weights.fit * fit + weights.passed * passed - weights.offered * offered - weights.waited * (joined / dayMs)

export function scoreOf(entry: Ranked, weights: RankingWeights, now: number): Score {
  const parts: ScoreParts = {
    urgency: weights.urgency * entry.urgency,
    waited: weights.waited * Math.max(0, (now - entry.joined) / dayMs),
    fit: weights.fit * entry.fit,
    passed: weights.passed * entry.passed,
    offered: -weights.offered * entry.offered,
  }
  return { ...parts, total: parts.urgency + parts.waited + parts.fit + parts.passed + parts.offered }
}

/** The best first; of equals the one that has the lesser id, which says nothing about anybody. */
export const ranking = <T extends Ranked>(entries: readonly T[], weights: RankingWeights): T[] =>
  entries
    .map((entry) => ({ entry, standing: standingOf(entry, weights) }))
    .sort((a, b) => b.standing - a.standing || (a.entry.entry < b.entry.entry ? -1 : 1))
    .map(({ entry }) => entry)
