/**
 * SearchParameters that administrators have stored, as they stand: written into every row's columns from the moment they
 * are known, served once all rows that were there before have been indexed.
 */
import { customSearchParametersMax } from '../base/search-limits.ts'
import type { CustomParameter, StoredParameter } from '../fhir/custom-search-parameter.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

export async function customParameters(db: Db): Promise<StoredParameter[]> {
  return db.query<StoredParameter>(
    prepared('select id, revision, served, definition from custom_search_parameter order by id limit $1::int', [customSearchParametersMax]),
  )
}

/** `find` in ASCII: any number would do, as long as every process takes the same. */
const keepingLock = 0x66696e64

export type Kept = 'kept' | 'same' | 'taken' | 'full'

/** One at a time: of two with one code for one type the second is `taken`. What finds the same as before stays as it is. */
export async function keepCustomParameter(tx: Tx, id: string, revision: string, definition: CustomParameter): Promise<Kept> {
  await tx.query(prepared('select pg_advisory_xact_lock($1)', [keepingLock]))
  const others = await tx.query<{ own: boolean; same: boolean; rival: boolean }>(
    prepared(
      `select id = $1 as own, id = $1 and definition = $2::jsonb as same, id <> $1 and code = $3 and bases && $4::text[] as rival
         from custom_search_parameter`,
      [id, JSON.stringify(definition), definition.code, definition.bases],
    ),
  )
  if (others.some(({ rival }) => rival)) return 'taken'
  if (others.some(({ same }) => same)) return 'same'
  if (others.filter(({ own }) => !own).length >= customSearchParametersMax) return 'full'
  await tx.query(
    prepared(
      `insert into custom_search_parameter (id, revision, code, bases, definition) values ($1, $5, $3, $4::text[], $2::jsonb)
       on conflict (id) do update set revision = excluded.revision, code = excluded.code, bases = excluded.bases,
         definition = excluded.definition, served = false, progress = '{}', changed = clock_timestamp()`,
      [id, JSON.stringify(definition), definition.code, definition.bases, revision],
    ),
  )
  return 'kept'
}

/** It is served no more. Its words stay in the rows, where they mean nothing, until the next indexing. */
export async function forgetCustomParameter(tx: Tx, id: string): Promise<void> {
  await tx.query(prepared('delete from custom_search_parameter where id = $1', [id]))
}

/** Those that wait to be indexed. */
export async function unservedParameters(db: Db): Promise<{ id: string; revision: string }[]> {
  return db.query<{ id: string; revision: string }>(
    prepared('select id, revision from custom_search_parameter where not served order by changed, id', []),
  )
}

export type TypeProgress = { readonly after: string; readonly seen: number; readonly renewed: number; readonly done: boolean }

export type ParameterState = Pick<Indexing, 'code' | 'bases' | 'progress'> & { readonly served: boolean }

/** How each stands, served or not, in the order of their codes. */
export async function parameterStates(db: Db): Promise<ParameterState[]> {
  return db.query<ParameterState>(
    prepared('select code, bases, progress, served from custom_search_parameter order by code, id limit $1::int', [
      customSearchParametersMax,
    ]),
  )
}

export type Indexing = {
  readonly code: string
  readonly bases: readonly string[]
  readonly progress: Readonly<Record<string, TypeProgress>>
  /** Milliseconds since it was written. */
  readonly age: number
}

/** Undefined where it has been served, changed or forgotten meanwhile. */
export async function indexingOf(db: Db, id: string, revision: string): Promise<Indexing | undefined> {
  const [row] = await db.query<Indexing>(
    prepared(
      `select code, bases, progress, extract(epoch from clock_timestamp() - changed)::float8 * 1000 as age
         from custom_search_parameter where id = $1 and revision = $2 and not served`,
      [id, revision],
    ),
  )
  return row
}

/** False where it has been changed or forgotten meanwhile. */
export async function noteIndexing(tx: Tx, id: string, revision: string, type: string, progress: TypeProgress): Promise<boolean> {
  const rows = await tx.query(
    prepared(
      `update custom_search_parameter set progress = progress || jsonb_build_object($3::text, $4::jsonb) where id = $1 and revision = $2 returning id`,
      [id, revision, type, JSON.stringify(progress)],
    ),
  )
  return rows.length > 0
}

export async function serveParameter(tx: Tx, id: string, revision: string): Promise<void> {
  await tx.query(prepared('update custom_search_parameter set served = true where id = $1 and revision = $2', [id, revision]))
}

/** The number of a transaction that begins now. */
export async function transactionNow(tx: Tx): Promise<string> {
  const [row] = await tx.query<{ xid: string }>(prepared('select pg_current_xact_id()::text as xid', []))
  return row?.xid ?? ''
}

/** Whether all that had begun before that transaction are over. */
export async function isOverBefore(db: Db, xid: string): Promise<boolean> {
  const [row] = await db.query<{ over: boolean }>(prepared('select pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 as over', [xid]))
  return row?.over ?? false
}
