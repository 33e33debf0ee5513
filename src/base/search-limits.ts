/**
 * Limits of searches, their pages and the parameters of a clinic's own, each named with its unit.
 */

/** Sensitive Appointments and Encounters up to which a count gathers what is about them, where others would not see it. */
export const sensitiveVisitsGathered = 2_000
export const pageSizeDefault = 50
export const pageSizeMax = 1_000
/** A page of more resources is weighed, and refused where it would be longer: no text in Node.js has more than 512 MB. */
export const unweighedPageMax = 64
export const pageBytesMax = 256 * 1024 * 1024
/** Of a page whose resources are taken apart or followed from, and of what comes along with it: so much of each, and less of them. */
export const takenApartBytesMax = 64 * 1024 * 1024
/** A page, and what comes along with it, of so few is not weighed: no body is longer than `bodyBytesMax`. */
export const takenApartUnweighedMax = 16
export const includedResourcesMax = 1_000
export const searchOrListMax = 500
export const searchCriteriaMax = 100
/**
 * A chain that comes to so many rows is followed row by row: an index looks one word up at a time (5 µs each), and slower the
 * more there are. A Schedule has some two thousand Slots.
 */
export const wideChainMin = 5_000
/** And a `_has`, whose rows have to be read before an index can be asked for what they name. */
export const wideHasMin = 2_000
/** A chain of a search of AuditEvents may lead to so many resources, which are then looked for one by one. */
export const referencesFollowedMax = 2_000
/** A `_has` through AuditEvents looks through so many of them for what they name. */
export const auditEventsFollowedMax = 100_000
/** `_has` through AuditEvents: so often one search looks into the audit, on each type that a chain leads to anew. */
export const auditLooksMax = 10
/** Links of one chain, `_has` among them, and rounds of an include that iterates. */
export const searchStepsMax = 8
/** Words that the numbers of one criterion are looked for by: sixty digits are some six hundred. */
export const numberWordsMax = 10_000
/** Types that the links of one criterion may reach, one after the other: an untyped chain branches at each step. */
export const searchLinksMax = 200
export const nearKilometresDefault = 50
export const approximateDateHours = 24
export const rememberedSearchesMax = 1_000
/** A longer one is read anew each time. */
export const rememberedSearchCharsMax = 1_000
export const customSearchParametersMax = 200
export const searchExpressionCharsMax = 2_000
/** Every process looks so often for search parameters that administrators have stored. */
export const customParametersLookMs = 1_000
/** After so long every process knows of one. */
export const customParametersKnownMs = 3_000
export const indexingAttemptsMax = 10
/** Where `_has` leads to very many rows, so many of the type searched are asked one by one first whether they are a page. */
export const hasLookedThroughMax = 2_000
/** Codes that `:in`, `:below` and the like may stand for. */
export const codesSearchedMax = 5_000
