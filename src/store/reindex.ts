/**
 * Makes the search columns of rows that are stored already what they would be if they were written now: for rows written
 * before a search parameter, or one of its words, was known. https://hl7.org/fhir/R4/search.html
 * No version is made. A row that somebody writes meanwhile is left to its writer; one that is right already is not touched,
 * so that nobody waits for it. Left out: the columns that the engine keeps for itself.
 */
import type { Definitions } from '../fhir/definitions/types.ts'
import type { IndexValues } from '../fhir/index-values-types.ts'
import type { Db, Tx } from './db.ts'
import { tableOf } from './layout.ts'
import { hasNumbers, renewNumbers } from './number-values.ts'
import { searchColumns } from './resources.ts'
import { prepared } from './sql.ts'

export type IndexedRow = { readonly id: string; readonly version: string; readonly body: string }

/** Current rows behind an id, in the order of ids. */
export async function rowsAfter(db: Db, type: string, after: string, limit: number): Promise<IndexedRow[]> {
  return db.query<IndexedRow>(
    prepared(
      `select id, version::text as version, body::text as body from ${tableOf(type)} where id > $1 and not deleted order by id limit $2::int`,
      [after, limit],
    ),
  )
}

export async function countRows(db: Db, type: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(prepared(`select count(*)::float8 as count from ${tableOf(type)} where not deleted`, []))
  return row?.count ?? 0
}

export type Renewal = { readonly id: string; readonly version: string; readonly index: IndexValues }

/** Gives how many rows were not as they should be. Rows that have another version by now are passed over. */
export async function renewColumns(tx: Tx, definitions: Definitions, type: string, rows: readonly Renewal[]): Promise<number> {
  const [first] = rows
  if (!first) return 0
  const names = Object.keys(columnsOf(definitions, type, first.index))
  const differs = names.map((name) =>
    // The order of words says nothing.
    name === 'terms' ? 'not (t.terms @> made.terms and t.terms <@ made.terms)' : `t.${name} is distinct from made.${name}`,
  )
  const table = tableOf(type)
  const renewed = await tx.query<{ id: string }>(
    prepared(
      `with made as materialized (
        select id, version, ${names.join(', ')} from jsonb_populate_recordset(null::${table}, $1::jsonb)),
      held as materialized (
        select t.id from ${table} t join made on made.id = t.id and made.version = t.version
         where ${differs.join(' or ')} order by t.id for no key update of t)
      update ${table} t set ${names.map((name) => `${name} = made.${name}`).join(', ')}
        from made join held on held.id = made.id where t.id = made.id and t.version = made.version
      returning t.id`,
      [JSON.stringify(rows.map(({ id, version, index }) => ({ id, version, ...columnsOf(definitions, type, index) })))],
    ),
  )
  if (!hasNumbers(definitions, type)) return renewed.length
  const numbers = await renewNumbers(tx, type, await heldRows(tx, type, rows))
  return new Set([...renewed.map(({ id }) => id), ...numbers]).size
}

function columnsOf(definitions: Definitions, type: string, index: IndexValues): Record<string, unknown> {
  const values: unknown[] = []
  const named = searchColumns(definitions, type, index, { values, add: (value) => String(values.push(value) - 1) })
  return Object.fromEntries(named.map(([name, at]) => [name, values[Number(at)]]))
}

/** Those that still have the version, held until the transaction ends. */
async function heldRows(tx: Tx, type: string, rows: readonly Renewal[]): Promise<Renewal[]> {
  const held = await tx.query<{ id: string }>(
    prepared(
      `select t.id from ${tableOf(type)} t join unnest($1::text[], $2::bigint[]) asked (id, version) on asked.id = t.id and asked.version = t.version
        order by t.id for no key update of t`,
      [rows.map(({ id }) => id), rows.map(({ version }) => version)],
    ),
  )
  const ids = new Set(held.map(({ id }) => id))
  return rows.filter(({ id }) => ids.has(id))
}

export type ReindexState = { readonly after: string; readonly seen: number; readonly renewed: number; readonly done: boolean }

/** How far each type has come that was begun, and may be gone on with, since `since` (ISO 8601); older ones are forgotten. */
export async function reindexStates(db: Db, since: string): Promise<Map<string, ReindexState>> {
  await db.query(prepared('delete from search_reindex where started < $1::timestamptz', [since]))
  const rows = await db.query<ReindexState & { type: string }>(
    prepared('select type, after, seen::float8 as seen, renewed::float8 as renewed, done from search_reindex order by type', []),
  )
  return new Map(rows.map(({ type, ...state }) => [type, state]))
}

export async function noteReindex(tx: Tx, type: string, started: string, { after, seen, renewed, done }: ReindexState): Promise<void> {
  await tx.query(
    prepared(
      `insert into search_reindex (type, started, after, seen, renewed, done)
       values ($1, $2::timestamptz, $3, $4::bigint, $5::bigint, $6::boolean)
       on conflict (type) do update set after = excluded.after, seen = excluded.seen, renewed = excluded.renewed, done = excluded.done`,
      [type, started, after, seen, renewed, done],
    ),
  )
}

export async function forgetReindex(tx: Tx, types: readonly string[]): Promise<void> {
  await tx.query(prepared('delete from search_reindex where type = any($1::text[])', [types]))
}
