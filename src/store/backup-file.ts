/**
 * A backup as a file: lines of JSON, gzipped. A head; for each table its name and columns, then its rows; and an end with
 * the SHA-256 of all lines before it, without which a file is not whole.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { fault } from '../base/fault.ts'
import { backupBatchChars, backupBatchRows } from '../base/limits.ts'
import {
  asStored,
  type BackupTable,
  backupRows,
  backupTables,
  clearTables,
  finishTables,
  restoreRows,
  schemaVersion,
} from './backup-tables.ts'
import type { Db, Pool, Tx } from './db.ts'
import { inSnapshot } from './transaction.ts'

const format = 'slotwise-backup-1'

export type BackupHead = { readonly format: string; readonly version: number; readonly taken: string }
type End = { readonly end: { readonly rows: number; readonly sha256: string } }
type TableLine = { readonly table: BackupTable }

/** Every line of a backup of one instant; `taken` says which, for people. */
export async function* backupLines(pool: Pool, taken: Date, progress: (rows: number) => void): AsyncGenerator<string> {
  const hash = createHash('sha256')
  const state = { rows: 0 }
  const put = (lines: readonly string[]): string => {
    const text = `${lines.join('\n')}\n`
    hash.update(text)
    return text
  }
  for await (const lines of inOneSnapshot(pool, taken, state)) {
    yield put(lines)
    progress(state.rows)
  }
  yield `${JSON.stringify({ end: { rows: state.rows, sha256: hash.digest('hex') } } satisfies End)}\n`
}

/** A generator cannot hold a connection by a callback: its consumer's pace is handed through. */
async function* inOneSnapshot(pool: Pool, taken: Date, state: { rows: number }): AsyncGenerator<readonly string[]> {
  const given = Promise.withResolvers<Db>()
  const over = Promise.withResolvers<void>()
  const held = inSnapshot(pool, async (db) => {
    await asStored(db)
    given.resolve(db)
    await over.promise
  })
  held.catch(given.reject)
  try {
    const db = await given.promise
    yield [JSON.stringify({ format, version: await schemaVersion(db), taken: taken.toISOString() } satisfies BackupHead)]
    for (const table of await backupTables(db)) {
      yield [JSON.stringify({ table } satisfies TableLine)]
      for await (const rows of backupRows(db, table, backupBatchRows)) {
        state.rows += rows.length
        yield rows
      }
    }
  } finally {
    over.resolve()
    await held
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file)
  const text = createGunzip()
  text.setEncoding('utf8')
  source.on('error', (error) => text.destroy(error)).pipe(text)
  let rest = ''
  try {
    for await (const chunk of text) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    source.destroy()
  }
  if (rest !== '') throw notWhole()
}

const parsed = <T>(line: string): T => {
  try {
    return JSON.parse(line) as T
  } catch {
    throw notWhole()
  }
}

const notWhole = (): Error => fault('value', 'The file is not a whole backup: it was cut short or changed. Nothing was restored.')

export async function headOf(file: string): Promise<BackupHead> {
  try {
    for await (const line of linesOf(file)) {
      const head = parsed<Partial<BackupHead>>(line)
      if (head.format === format && typeof head.version === 'number' && head.taken) return head as BackupHead
      break
    }
  } catch (error) {
    throw fault('value', `${file} cannot be read as a backup (${error instanceof Error ? error.message : 'unknown'}).`)
  }
  throw fault('value', `${file} is not a backup that "slotwise backup" has made.`)
}

/** Puts everything in, in the caller's transaction; throws where the file turns out not to be whole. Gives the rows. */
export async function restoreLines(tx: Tx, file: string, progress: (rows: number) => void): Promise<number> {
  await asStored(tx)
  const tables = await backupTables(tx)
  await clearTables(tx, tables)
  const hash = createHash('sha256')
  const state: { table?: BackupTable; rows: number; waiting: string[]; chars: number; end?: End['end'] } = {
    rows: 0,
    waiting: [],
    chars: 0,
  }
  const flush = async () => {
    if (state.table && state.waiting.length > 0) await restoreRows(tx, state.table, state.waiting)
    state.rows += state.waiting.length
    Object.assign(state, { waiting: [], chars: 0 })
    progress(state.rows)
  }
  try {
    for await (const line of linesOf(file)) {
      if (state.end) throw notWhole()
      // No row begins so: a column is never named `table` alone with an object of ours, nor `end`.
      if (line.startsWith('{"table":{"name":')) {
        await flush()
        state.table = knownTable(tables, parsed<TableLine>(line).table)
      } else if (line.startsWith('{"end":{"rows":')) state.end = parsed<End>(line).end
      else if (state.table) state.waiting.push(line)
      state.chars += line.length
      if (!state.end) hash.update(`${line}\n`)
      if (state.waiting.length >= backupBatchRows || state.chars > backupBatchChars) await flush()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw notWhole()
    throw error
  }
  await flush()
  if (state.end?.rows !== state.rows || state.end.sha256 !== hash.digest('hex')) throw notWhole()
  await finishTables(tx, tables)
  return state.rows
}

/** The names are used in statements: only those that this database has itself are. */
function knownTable(tables: readonly BackupTable[], { name, columns }: BackupTable): BackupTable {
  const own = tables.find((table) => table.name === name)
  if (!own || !columns.every((column) => own.columns.includes(column)))
    throw fault('value', 'The backup holds a table that this version does not know.')
  return { name: own.name, columns }
}
