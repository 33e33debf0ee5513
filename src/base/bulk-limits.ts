/**
 * Limits of exports and imports, each named with its unit.
 */

/** Versions listed in one transaction, so that an export that is cut short loses little. */
export const exportBatchMax = 10_000
/** Resources that one statement of a download reads, and one AuditEvent speaks of. */
export const exportChunkMax = 1_000
/** Of them in one text: a longer one would be no young object, which is cleared away soonest. */
export const exportPieceMax = 200
export const exportFileResourcesMax = 100_000
/** Of one client. */
export const exportsUnderWayMax = 5
export const exportHoursKept = 24
export const exportFailuresMax = 5
export const exportFiltersMax = 50
export const exportPatientsMax = 100_000
/** A part of an import is read at a stretch; it ends with the line that reaches one of these. */
export const importPartChars = 1024 * 1024
export const importPartLines = 2_000
/** Resources that one statement writes, and one AuditEvent speaks of. */
export const importBatchMax = 500
/** Of one client. */
export const importsUnderWayMax = 5
export const importHoursKept = 24
export const importFailuresMax = 5
