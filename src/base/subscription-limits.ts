/**
 * Limits of Subscriptions, their notifications and the streams of events, each named with its unit.
 */

/** Read from the log of changes in one round. */
export const dispatchChangesMax = 500
export const notificationEventsMax = 50
/** Spread over some five hours. */
export const notificationAttemptsMax = 10
/** After so many a Subscription says that its endpoint has not answered; the rest is tried all the same. */
export const handshakeAttemptsMax = 5
export const notificationSecondsDefault = 10
export const notificationSecondsMax = 60
export const subscriptionEventDaysKept = 14
export const channelHeadersMax = 20
/** Pages that follow the stream of events, of one process and of one person. */
export const streamsMax = 500
export const streamsPerPersonMax = 20
export const streamPollMs = 400
export const streamRetryMs = 2_000
export const streamBeatSecondsDefault = 15
export const streamBeatSecondsMax = 300
/** What waits to be read; whoever has more waiting is told nothing new, and after so long is let go. */
export const streamWaitingBytesMax = 64 * 1024
export const streamStalledMsMax = 60_000
export const signingSecretCharsMin = 16
