/**
 * How this clinic runs its waitlist: how long an offer stands, to how many at once it goes, what counts how much, and what
 * becomes of an entry when its patient is booked elsewhere. Given by settings (`src/config.ts`); docs/waitlist.md.
 */

/** Points. What each is multiplied with is told in `scheduling/waitlist-ranking.ts`. */
export type RankingWeights = {
  readonly urgency: number
  /** For each day on the list. Above zero, or nobody could say that everyone's turn comes. */
  readonly waited: number
  readonly fit: number
  readonly passed: number
  readonly offered: number
}

export type WaitlistSettings = {
  readonly offerMinutes: number
  /** 1: one after the other. More: so many are offered the same time, and the first to accept has it. */
  readonly offersAtOnce: number
  readonly weights: RankingWeights
  /** `keep`: it waits on for a time before that visit. `end`: it leaves the list. */
  readonly onBooking: 'keep' | 'end'
}

export const rankingWeightsDefault: RankingWeights = { urgency: 30, waited: 1, fit: 10, passed: 5, offered: 10 }
export const waitlistSettingsDefault: WaitlistSettings = {
  offerMinutes: 30,
  offersAtOnce: 1,
  weights: rankingWeightsDefault,
  onBooking: 'keep',
}
