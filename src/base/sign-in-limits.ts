/**
 * Limits of accounts, sign-ins, tokens and the programs that ask for them, each named with its unit.
 */

export const signingKeyReloadMsMin = 1_000
export const rememberedTokensMax = 10_000
export const tokenCharsMax = 8_192
export const tokenSecondsDefault = 3_600
export const tokenSecondsMax = 365 * 86_400
/** Of an app that somebody has signed in to, and of a program that signs in by itself (SMART says 5 minutes at most). */
export const accessTokenSeconds = 3_600
export const backendTokenSeconds = 300
export const authorizationCodeSeconds = 60
export const idTokenSeconds = 3_600
/** A refresh token that nobody uses for so long is good no more; each use gives a new one. */
export const refreshTokenDays = 90
/** What a person has allowed an app ends after so long, however often it refreshes. */
export const grantDays = 365
export const signInHours = 12
/** Half minutes by which a phone's clock may be early or late. */
export const totpSkewSteps = 1
export const recoveryCodesMade = 10
export const mailTimeoutMs = 20_000
/** Spread over some five hours. */
export const mailAttemptsMax = 10
export const mailQueues = 32
export const recoveryLinkMinutes = 60
export const emailLinkHours = 24
/** Links of one kind that one account has at once: nobody is written to without end. */
export const accountLinksMax = 3
/** From the page to the passkey that was shown on it. */
export const passkeyMinutes = 30
export const passkeysMax = 20
/** From the password to the second factor. */
export const secondStepMinutes = 10
/** For somebody to look after their own account without signing in again. */
export const accountSessionMinutes = 30
/** Sessions and apps that somebody is shown of their own. */
export const accountAccessListedMax = 200
/** For somebody to fill in the pages of one sign-in. */
export const interactionMinutes = 30
/** A client's signed assertion may be good for so long (SMART Backend Services). */
export const assertionSecondsMax = 300
/** A token that the authorization server keeps is looked up again so often: after so long a revoked one is refused everywhere. */
export const tokenRecheckMs = 2_000
export const authServerReloadMs = 5_000
export const keySetBytesMax = 64 * 1024
/** What another OpenID Connect server may answer with, and how long what it says of itself is believed. */
export const identityAnswerBytesMax = 256 * 1024
export const discoveryMs = 600_000
/** A client's key set is read again after so long, unless its Cache-Control says another time; at the latest after the second. */
export const clientKeysMs = 60_000
export const clientKeysMsMax = 3_600_000
export const fetchTimeoutMs = 5_000
export const authClientsListedMax = 1_000
/** Of programs that register themselves: requests a minute from one address, how many may wait for approval, and for how long. */
export const registrationsAMinute = 60
export const unapprovedClientsMax = 500
export const unapprovedClientDays = 30
export const invitationSecondsDefault = 7 * 86_400
export const redirectUrisMax = 10
export const contactsMax = 5
export const clientNameCharsMax = 100
export const registeredTextCharsMax = 2_000
export const expiredStatesPerSweepMax = 5_000
export const passwordCharsMin = 12
export const passwordCharsMax = 1_000
/** Sign-ins that may fail one after the other before an account is locked, and for how long it then is. */
export const signInAttemptsMax = 5
export const signInLockMs = 15 * 60_000
/** An EHR's launch is good for so long. */
export const launchMinutes = 5
export const fhirContextMax = 20
/** Patients that the page of a sign-in offers for one name. */
export const patientChoicesMax = 20
export const encounterChoicesMax = 20
export const authFormBytesMax = 56 * 1024
export const accountsListedMax = 10_000
/** The keys of another authorization server are read again after so long, and its tokens judged again. */
export const foreignKeysMs = 10 * 60_000
export const foreignTokenMs = 60_000
