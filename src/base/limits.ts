/**
 * The limits, each named with its unit; those of searching, signing in, Subscriptions and bulk data stand beside them. What a clinic
 * may want otherwise is a setting (`config.ts`), not a limit.
 */

export const bodyBytesMax = 4 * 1024 * 1024
/** A longer one is refused and heard out all the same up to here, so that whoever is still sending gets the answer. */
export const refusedBodyBytesMax = 64 * 1024 * 1024
export const nestingMax = 64
export const xmlNestingMax = 128
export const xmlElementsMax = 100_000
export const bundleEntriesMax = 1_000
/** Characters of what the entries of one Bundle were answered; the next one is refused. */
export const bundleAnswerCharsMax = 64 * 1024 * 1024
/** Each may be as long as a body: so many are read together, in a page as in an export. */
export const binariesTogetherMax = 16
export const findWindowDaysDefault = 14
export const findWindowDaysMax = 92
/** Free Slots read for one answer; beyond it the question is too costly. */
export const findRowsMax = 100_000
export const findSchedulesMax = 1_000
export const slotsPerScheduleMax = 60_000
export const slotDaysMax = 7
export const blockDaysMax = 92
export const nextTimesMax = 3
/** A room in a clinic in a hospital: so many levels of `partOf` are followed. */
export const wholeLevelsMax = 8
/** Closures that one resource may be given from calendars. */
export const timeOffMax = 1_000
export const calendarBytesMax = 8 * 1024 * 1024
/** A link of the patient's own to one visit, and the times that it shows to move it to. */
export const selfServiceDaysDefault = 90
export const selfServiceDaysMax = 400
export const selfServiceWindowDays = 28
export const selfServiceTimesMax = 60
export const explainDaysMax = 31
/** Visits to come that a preview of a change looks at, and those that it proposes other times for. */
export const previewVisitsMax = 5_000
export const proposedVisitsMax = 200
export const proposedTimesMax = 3
/** Schedules that may lead a visit with several in the place of its own: all free time of each is read. */
export const proposedLeadsMax = 20
export const proposalDaysMax = 28
/** Times that one answer explains; a longer span is too costly. */
export const explainTimesMax = 500
export const horizonDaysDefault = 90
export const horizonDaysMax = 400
export const holdSecondsDefault = 600
export const holdSecondsMax = 31 * 86_400
export const slotMinutesDefault = 15
/** From the start of a visit until its patient counts as missed, where no policy says. */
export const noShowGraceMinutesDefault = 15
export const checkInHoursBeforeMax = 12
/** Of one booking-policy. */
export const ownRulesMax = 20
export const ruleExpressionCharsMax = 1_000
export const ownRulesCompiledMax = 1_000
/** A number that another visit has is drawn once in many thousand bookings. */
export const confirmationNumbersTriedMax = 5
/** Of one patient, the latest ones: what their statistics are counted from. */
export const patientStatisticsVisitsMax = 10_000
/** Visits that replaced each other, looked through for how often one was moved. */
export const replacedVisitsMax = 50
/** Of a backup, written or read at a stretch. */
export const backupBatchRows = 1_000
export const backupBatchChars = 4 * 1024 * 1024
/** Seals whose rows are read again together. */
export const sealsCheckedTogether = 500
export const auditProblemsMax = 100
export const idempotencyHoursKept = 24
/** Records that each search for candidates of `$match` brings. */
export const matchCandidatesPerSearchMax = 200
/** Resources that follow a Patient who is merged into another, in one transaction. */
export const mergedResourcesMax = 5_000
/** Visits to come of both that are looked through for what is double. */
export const mergedVisitsLookedAtMax = 500
export const patientsPerVisitMax = 50
/** Visits of one series, those that it leaves out among them. */
export const seriesVisitsMax = 52
/** Months or years that a pattern is followed through for a date that few of them have. */
export const seriesStepsMax = 1_000
/** Visits of a series that cannot be had, for which other times are looked up. */
export const seriesClashesProposedMax = 12
/** Before and after the time that a visit of a series cannot have. */
export const nearDaysMax = 6
export const nearTimesReadMax = 600
/** Times from which a series might begin, and times read at once for its other visits. */
export const seriesStartsMax = 500
export const seriesTimesReadMax = 10_000
/** Of a joint visit, and the actors of which each may be any. */
export const resourceGroupsMax = 8
export const resourceGroupActorsMax = 100
/** Looked at for one start of a joint visit. */
export const combinationsTriedMax = 20_000
/** Visits that staff may book over others on one actor at one time. */
export const overflowLanesMax = 3
export const visitMinutesMax = 24 * 60
export const bufferMinutesMax = 24 * 60
/** Of one group session. */
export const seatsMax = 10_000
/** So many visits of a day are counted where nothing stops them, and no cap is larger. */
export const dayPlacesMax = 10_000
/** Ten years. */
export const approvalHoursMax = 87_600
/** No quota of holds is larger. */
export const holdsAtOnceMax = 10_000
/** Where no Consent keeps anything from anybody, that is looked at so often. */
export const consentsLookMs = 1_000
/** Which posts a practitioner has is looked up so often. */
export const postsLookMs = 1_000
/** For so many practitioners it is remembered. */
export const rememberedPeopleMax = 2_000
/** Consents that deny somebody something. */
export const restrictingConsentsMax = 20_000
export const lapsedHoldsPerSweepMax = 200
/** Lines of the log of changes that one look for new Slots reads. */
export const newSlotChangesMax = 5_000
export const databaseConnectionsMax = 12
/** For statements that Postgres shall plan by their values. */
export const unnamedConnectionsMax = 4
/** Asks of one kind that go to the database as one statement. */
export const readsTogetherMax = 32
export const visitsTogetherMax = 32
export const statementsTogetherMax = 16
/** So many bookings begin a statement of their own while another is under way, and fewer after so long. */
export const visitsForOneRun = 8
export const runWaitMsMax = 10
export const connectTimeoutMs = 10_000
/** For the command that prints the keys of secrets. */
export const keyCommandMs = 30_000
/** Of a statement that serves a request or a job of the server: of those with a plan of their own, and of searches. */
export const statementMsMax = 60_000
export const searchStatementMsMax = 30_000
/** A transaction in which nothing is asked for so long keeps its locks from others no longer. */
export const idleTransactionMsMax = 60_000
export const transactionAttemptsMax = 10
/** After so long none of them begins: whoever asked is told to come again, while they still listen. */
export const transactionTriesMsMax = 20_000
/** How often one request for a joint visit may lose somebody of a group to one that was quicker. */
export const jointRacesMax = 20
export const postgresStartMs = 60_000
export const postgresStopMs = 20_000
export const postgresPollMs = 50
export const postgresLogBytesMax = 10 * 1024 * 1024
export const serverLockWaitMs = 1_500
export const namedStatementsMax = 500
export const zonesRemembered = 100
export const zoneNamesRemembered = 1_000
/** Twice as long as the longest that IANA has. */
export const zoneNameCharsMax = 64
export const zoneDaysRemembered = 1_024
export const queryPartsMax = 1_000
export const idempotencyKeyCharsMax = 255
/** Of content that is stored as a Binary. */
export const contentTypeCharsMax = 255
export const requestIdCharsMax = 64
export const pathParameterCharsMax = 1_024
export const compressBytesMin = 1_024
export const headersReceivedMsMax = 20_000
export const requestReceivedMsMax = 60_000
export const keepAliveMs = 72_000
/** A line on which nothing moves, neither way, while a request is being answered. */
export const stalledAnswerMsMax = 120_000
/** So often it is looked who has not sent their request in time. */
export const connectionsLookMs = 5_000
/** For a client to read why its request was broken off. */
export const lastWordsMs = 1_000
export const connectionsPerAddressDefault = 1_000
export const retryAfterSeconds = 2
/** Clients, persons or addresses whose rate is watched: those that asked longest ago are forgotten. */
export const allowancesRemembered = 50_000
/** Of a minute and a process: refused requests that differ in why, who and from where, each with its rows in the audit. */
export const unlikeRefusalsMax = 50
/** How long somebody sees what a Consent keeps from them, and of how many patients at once. */
export const breakGlassMinutesDefault = 30
export const breakGlassMinutesMax = 240
export const glassesOpenMax = 10
export const breakGlassReasonCharsMax = 500
/** Of a shared allowance a process fetches this part at a time. */
export const allowanceShares = 60
export const shutdownMsMax = 10_000
export const workerRestartMs = 1_000
export const jobsAtOnceMax = 6
/** A job is usually begun the moment it is put in; so often the worker looks for those whose next attempt has come. */
export const workerPollMs = 1_000
export const workerPulseMs = 1_000
export const postgresVersionMin = 15
/** Secrets, or Subscriptions that hold some, that are read at once to be sealed. */
export const secretsAtOnceMax = 500
export const validationIssuesMax = 100
export const stringLengthMax = 1024 * 1024
export const listedCodesMax = 30
/** Resources that one conditional delete may take along. */
export const conditionalDeletesMax = 20
/** A conditional write looks again where its match was changed by another before it could be locked. */
export const lockedMatchAttemptsMax = 10
/** Rows whose search columns are made anew in one transaction: few, so that a writer hardly waits. */
export const reindexBatchMax = 200
/** One that was cut short is gone on with for so long. */
export const reindexHoursKept = 24
export const expandedCodesMax = 200_000
export const profilesGatheredMax = 2_000
export const patchOperationsMax = 500
export const patchPathCharsMax = 400
/** What the operations of one FHIRPath Patch read in all: each reads the whole resource. */
export const patchCharsReadMax = 20 * 1024 * 1024
export const xmlPatchCharsMax = 256 * 1024
/** Read from the log of changes in one round of the waitlist's follower. */
export const waitlistChangesMax = 1_000
/** Combinations of actors that are shown at one start of a visit over several. */
export const jointAlternativesMax = 10
/** An entry that names actors of several Schedules: how many of them are looked at, and how many starts beside one freed time. */
export const waitlistJointSchedulesMax = 200
export const waitlistJointStartsMax = 12
/** Of Slots that a Schedule's rules have made at once, so many are offered to the waitlist. */
export const waitlistTimesPerScheduleMax = 2_000
export const waitlistTimesPerRoundMax = 100
export const waitlistSettledPerRoundMax = 200
/** Entries that are read at once for a free time; those of them that had to stand back gain. */
export const waitlistPageMax = 20
/** Entries that are judged for one free time. */
export const waitlistJudgedMax = 400
/** Entries that turn out, after all, not to get a time that they were found for. */
export const waitlistTriesMax = 20
/** An offer that would stand for less is not made. */
export const waitlistOfferSecondsMin = 60
/** Beyond the end of its offer a time is kept for so long, so that it can go to the next without being free between. */
export const waitlistGraceSeconds = 30
