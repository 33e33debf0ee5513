/**
 * What Postgres says, in our words. The rooms above branch on a name, never on an SQLSTATE.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 *
 * Leaves out the text of the database's own message wherever it may quote a value: values are patient data.
 */
import { errorCode, errorMessage } from '../base/error-code.ts'
import { type FaultKind, fault } from '../base/fault.ts'

export type PgErrorName =
  | 'unique'
  | 'exclusion'
  | 'foreign-key'
  | 'check'
  | 'serialization'
  | 'deadlock'
  | 'unstorable-text'
  | 'unstorable-number'
  | 'unstorable-time'
  | 'too-long-to-index'
  | 'connection'
  | 'timeout'
  | 'read-only'
  | 'no-room'
  | 'raised'

const names: Readonly<Record<string, PgErrorName>> = {
  '23505': 'unique',
  '23P01': 'exclusion',
  '23503': 'foreign-key',
  '23514': 'check',
  '40001': 'serialization',
  '40P01': 'deadlock',
  '22P05': 'unstorable-text',
  '22021': 'unstorable-text',
  '22003': 'unstorable-number',
  '22008': 'unstorable-time',
  '22009': 'unstorable-time',
  '54000': 'too-long-to-index',
  '57P01': 'connection',
  '57P02': 'connection',
  '57P03': 'connection',
  '53300': 'connection',
  // A transaction that was left open for too long: Postgres has closed its connection.
  '25P03': 'connection',
  '25P04': 'connection',
  '57P05': 'connection',
  '57014': 'timeout',
  // A primary that has become a standby: the connection stays, and takes no write any more.
  '25006': 'read-only',
  // The disk, the memory, a limit of its configuration.
  '53100': 'no-room',
  '53200': 'no-room',
  '53400': 'no-room',
}

/** Errors of the socket and of the driver itself, which carry no SQLSTATE. */
const connectionCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND'])
const connectionMessages = /connection terminated|not queryable|timeout exceeded when trying to connect|client was closed/i

/** Our own functions raise SQLSTATE SW + three digits of a status; the message is ours and may be shown. */
const raisedKinds: Readonly<Record<string, FaultKind>> = {
  SW404: 'not-found',
  SW409: 'conflict',
  SW410: 'gone',
  SW412: 'stale',
  SW422: 'business-rule',
  SW503: 'transient',
}

/** The name of what went wrong, or undefined for anything that is a mistake of ours. */
export function pgErrorName(error: unknown): PgErrorName | undefined {
  const code = errorCode(error) ?? ''
  if (code.startsWith('SW')) return 'raised'
  if (code.startsWith('08') || connectionCodes.has(code)) return 'connection'
  if (names[code]) return names[code]
  return code === '' && connectionMessages.test(errorMessage(error)) ? 'connection' : undefined
}

/** An Appointment was to have the confirmation number of another. */
export const isNumberTaken = (error: unknown): boolean =>
  pgErrorName(error) === 'unique' && (error as { constraint?: unknown }).constraint === 'appointment_confirmation'

/** Where our own functions say it, the element that it is about. */
const elementOf = (error: unknown): string | undefined => {
  const { column } = error as { column?: unknown }
  return typeof column === 'string' ? column : undefined
}

/** What a caller should see. Names that a desk handles itself (unique, exclusion, retries) pass through as they came. */
export function translatePgError(error: unknown): unknown {
  const name = pgErrorName(error)
  if (name === 'connection') return fault('transient', 'The database cannot be reached just now. Try again in a moment.')
  if (name === 'read-only') return fault('transient', 'The database takes no changes just now. Try again in a moment.')
  if (name === 'no-room') return fault('transient', 'The database has no room for this just now. Try again in a moment.')
  if (name === 'timeout')
    return fault(
      'timeout',
      'The database did not come to an end with this in time, and nothing was changed. Ask more narrowly, or for less at once.',
    )
  if (name === 'unstorable-text')
    return fault('value', 'The text holds a character that cannot be stored (a NUL, or half of a surrogate pair). Remove it and try again.')
  if (name === 'unstorable-number') return fault('value', 'A number is too large, or has too many digits, to be stored.')
  if (name === 'unstorable-time') return fault('value', 'A date or time lies outside the years 1 to 9999.')
  // An entry of an index has at most 2,704 bytes, compressed: https://www.postgresql.org/docs/current/btree.html
  if (name === 'too-long-to-index')
    return fault('value', 'A name, an identifier, a reference or an address is too long to be searched by. 2,000 bytes of it always fit.')
  if (name === 'raised') return fault(raisedKinds[errorCode(error) ?? ''] ?? 'processing', errorMessage(error), elementOf(error))
  return error
}
