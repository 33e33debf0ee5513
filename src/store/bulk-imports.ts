/**
 * Bulk imports as they stand: what was sent and is still to be read, how far the reading is, which lines were refused.
 */
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

export type ImportState = 'receiving' | 'waiting' | 'done' | 'failed'

export type Tally = { readonly created: number; readonly updated: number; readonly unchanged: number; readonly refused: number }

export type ImportRow = Tally & {
  readonly id: string
  readonly state: ImportState
  /** ISO 8601. */
  readonly at: string
  readonly client: string
  /** JSON text. */
  readonly actor: string
  readonly request: string
  readonly stop: boolean
  readonly parts: number
  readonly part: number
  readonly expires: Date
}

const columns = `id, state, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, client, actor::text as actor, request, stop,
  parts, part, created::float8 as created, updated::float8 as updated, unchanged::float8 as unchanged, refused::float8 as refused, expires`

type NewImport = Pick<ImportRow, 'id' | 'at' | 'client' | 'actor' | 'request' | 'stop'> & { readonly expires: string }

/** Any number, as long as every process takes the same: `bulk` and one more. */
const countingLock = 0x62756c6c

/** False where the client has as many under way as it may. */
export async function startImport(tx: Tx, wanted: NewImport, underWayMax: number): Promise<boolean> {
  await tx.query(prepared('select pg_advisory_xact_lock($1)', [countingLock]))
  const { id, at, client, actor, request, stop, expires } = wanted
  const rows = await tx.query(
    prepared(
      `insert into bulk_import (id, at, client, actor, request, stop, expires)
       select $1, $2::timestamptz, $3, $4::jsonb, $5, $6::boolean, $7::timestamptz
        where (select count(*) from bulk_import where client = $3 and state in ('receiving', 'waiting')) < $8::int
       returning id`,
      [id, at, client, actor, request, stop, expires, underWayMax],
    ),
  )
  return rows.length > 0
}

/** A statement that is a transaction of its own. */
export async function addPart(db: Db, id: string, part: { no: number; first: number; lines: string }): Promise<void> {
  await db.query(
    prepared('insert into bulk_import_part (import, no, first, lines) values ($1, $2, $3, $4)', [id, part.no, part.first, part.lines]),
  )
}

export async function readyImport(db: Db, id: string, parts: number, expires: string): Promise<void> {
  await db.query(
    prepared(`update bulk_import set state = 'waiting', parts = $2, expires = $3::timestamptz where id = $1 and state = 'receiving'`, [
      id,
      parts,
      expires,
    ]),
  )
}

/** One client's import; anybody else's is not there. */
export async function importOf(db: Db, id: string, client: string): Promise<ImportRow | undefined> {
  const [row] = await db.query<ImportRow>(
    prepared(`select ${columns} from bulk_import where id = $1 and client = $2 and expires > now()`, [id, client]),
  )
  return row
}

/** False where there is none. What was written stays written. */
export async function removeImport(db: Db, id: string, client: string): Promise<boolean> {
  const rows = await db.query(prepared('delete from bulk_import where id = $1 and client = $2 returning id', [id, client]))
  return rows.length > 0
}

export async function forgetOldImports(db: Db): Promise<void> {
  await db.query(prepared(`delete from bulk_import where expires <= now() and state <> 'waiting'`, []))
}

/** Those that have parts left, the oldest first. */
export async function waitingImports(db: Db, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared(`select id from bulk_import where state = 'waiting' order by at, id limit $1::int`, [limit]),
  )
  return rows.map(({ id }) => id)
}

/**
 * Whether this connection alone reads the import from now on; the lock ends with the connection. No transaction: one that
 * stays open while a part is read would hold up everybody who follows the changes.
 */
export async function lockImport(db: Db, id: string): Promise<boolean> {
  const [row] = await db.query<{ got: boolean }>(prepared('select pg_try_advisory_lock($1, hashtext($2)) as got', [countingLock, id]))
  return row?.got === true
}

export async function unlockImport(db: Db, id: string): Promise<void> {
  await db.query(prepared('select pg_advisory_unlock($1, hashtext($2))', [countingLock, id]))
}

export type ImportPart = { readonly row: ImportRow; readonly first: number; readonly lines: string }

/** What is to be read next; undefined where the import is over, or gone. */
export async function nextPart(db: Db, id: string): Promise<ImportPart | undefined> {
  const [row] = await db.query<ImportRow & { first: number | null; lines: string | null }>(
    prepared(
      `select ${columns}, p.first::float8 as first, p.lines
         from bulk_import i left join bulk_import_part p on p.import = i.id and p.no = i.part where id = $1 and state = 'waiting'`,
      [id],
    ),
  )
  return row && { row, first: row.first ?? 0, lines: row.lines ?? '' }
}

export type PartDone = Tally & {
  readonly id: string
  readonly part: number
  readonly refusals: readonly { readonly line: number; readonly outcome: string }[]
  /** Whether no part is to be read after it. */
  readonly isLast: boolean
  readonly expires: string
}

/** Counts a part, keeps what it was refused for, and forgets what was sent. */
export async function finishPart(tx: Tx, done: PartDone): Promise<void> {
  const { id, part, refusals } = done
  const counted = await tx.query(
    prepared(
      `update bulk_import set part = $2::int + 1, created = created + $3::bigint, updated = updated + $4::bigint, unchanged = unchanged + $5::bigint,
              refused = refused + $6::bigint, failures = 0, expires = $8::timestamptz, state = case when $7::boolean then 'done' else state end
        where id = $1 and part = $2::int returning id`,
      [id, part, done.created, done.updated, done.unchanged, done.refused, done.isLast, done.expires],
    ),
  )
  if (counted.length === 0) return
  await tx.query(
    prepared(
      `insert into bulk_import_refusal (import, line, outcome)
       select $1, line, outcome from unnest($2::bigint[], $3::text[]) r (line, outcome) on conflict do nothing`,
      [id, refusals.map(({ line }) => line), refusals.map(({ outcome }) => outcome)],
    ),
  )
  await tx.query(prepared('delete from bulk_import_part where import = $1 and (no = $2::int or $3::boolean)', [id, part, done.isLast]))
}

/** After so many failures in a row it is given up. */
export async function noteImportFailure(db: Db, id: string, failuresMax: number): Promise<void> {
  await db.query(
    prepared(
      `update bulk_import set failures = failures + 1, state = case when failures + 1 >= $2::int then 'failed' else state end
        where id = $1 and state = 'waiting'`,
      [id, failuresMax],
    ),
  )
}

/** Refusals after a line, in order. */
export async function refusalsAfter(db: Db, id: string, line: number, limit: number): Promise<{ line: number; outcome: string }[]> {
  return db.query<{ line: number; outcome: string }>(
    prepared(
      'select line::float8 as line, outcome from bulk_import_refusal where import = $1 and line > $2::bigint order by line limit $3::int',
      [id, line, limit],
    ),
  )
}
