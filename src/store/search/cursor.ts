/**
 * Where a page ended, as an opaque word in its `next` link: the sort values of its last row, the id the last of them.
 * Paging by values is stable while others write: no row is shown twice or passed over because of another's coming or going.
 * A cursor comes back from outside, so each value is checked before it meets a cast.
 */
import { fault } from '../../base/fault.ts'
import { spanOf } from '../../fhir/date-time.ts'
import { cursorParameter } from '../../fhir/search-query.ts'
import type { OrderKey } from './sort.ts'

export const encodeCursor = (values: readonly (string | null)[]): string => Buffer.from(JSON.stringify(values)).toString('base64url')

const timestamp = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)([+-]\d\d)(?::(\d\d))?$/

/** Postgres's own text of a timestamptz that exists. */
function isTimestamp(text: string): boolean {
  if (text === 'infinity' || text === '-infinity') return true
  const [, date, time, hours, minutes = '00'] = timestamp.exec(text) ?? []
  return date !== undefined && spanOf(`${date}T${time}${hours}:${minutes}`) !== undefined
}

/** Whether Postgres could have written this text of the type. */
const casts: Readonly<Record<OrderKey['cast'], (text: string) => boolean>> = {
  text: () => true,
  timestamptz: isTimestamp,
  numeric: (text) => /^(-?\d{1,200}(\.\d{1,200})?|-?Infinity)$/.test(text),
}

const fits = (key: OrderKey | undefined, value: unknown): value is string | null => {
  if (!key) return false
  if (value === null) return key.nullable
  return typeof value === 'string' && !value.includes('\0') && casts[key.cast](value)
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

/** The values a cursor holds. It must have come from a search sorted by the same keys. */
export function decodeCursor(cursor: string, keys: readonly OrderKey[]): (string | null)[] {
  const values = parsed(cursor)
  if (Array.isArray(values) && values.length === keys.length && values.every((value, at) => fits(keys[at], value))) return values
  throw fault(
    'value',
    `\`${cursorParameter}\` is not the end of a page of this search; follow the \`next\` link as it was given.`,
    cursorParameter,
  )
}
