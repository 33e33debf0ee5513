/**
 * The `code` that Node and Postgres put on their errors (`ENOENT`, `23505`), read by shape: an error can come from another
 * realm, where `instanceof Error` does not hold.
 */
export const errorCode = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined

export const errorMessage = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
