/**
 * The one place that asks what time it is. Everything else is handed a Clock, so a test can stand where it likes in time.
 */

export type Clock = { readonly now: () => Date }

export const systemClock: Clock = { now: () => new Date() }
