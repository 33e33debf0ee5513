/**
 * Lengths of time in milliseconds. A day is one of UTC: a clinic's own may be an hour longer or shorter
 * (`scheduling/local-time.ts`).
 */

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs
