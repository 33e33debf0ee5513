/**
 * What is in the files of an export: lists of versions, made a batch at a time in the order of ids, and read back as
 * NDJSON a chunk at a time. An export is of one instant: what was written after it is passed over for the version before.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---complete-status
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { exportBatchMax, exportChunkMax, exportPieceMax } from '../base/bulk-limits.ts'
import { binariesTogetherMax } from '../base/limits.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import type { Criterion } from '../fhir/search-criterion.ts'
import { type AuditRow, auditInsert, patientsIn } from './audit-rows.ts'
import type { Db, Tx } from './db.ts'
import { historyTableOf, tableOf } from './layout.ts'
import { boundConditions, criterionCondition } from './search/compile.ts'
import { wholeRows } from './search/masked.ts'
import type { Bounds, Scope } from './search/scope.ts'
import { type Params, params, prepared } from './sql.ts'

/** `any`: whatever is in some patient's compartment. */
export type ExportPatients = 'any' | readonly string[]

export type Listing = {
  readonly export: string
  readonly type: string
  readonly at: string
  readonly since?: string
  readonly patients?: ExportPatients
  /** Alternatives, each a list of criteria that all hold. */
  readonly filters?: readonly (readonly Criterion[])[]
  /** What the scopes let through; all of them hold. */
  readonly bounds: readonly Bounds[]
  readonly after: string
  readonly file: number
  readonly part: number
}

/** `last` is where the next batch begins; undefined where there is no more of the type. */
export type Listed = { readonly last?: string; readonly count: number }

/** With more patients than this, the index on words is not asked for each of them. */
const patientsByIndexMax = 200

function patientCondition(type: string, patients: ExportPatients): Sql {
  if (patients === 'any')
    return type === 'Patient' ? sql`true` : sql`exists (select from unnest(t.terms) as word where starts_with(word, '@Patient/'))`
  if (type === 'Patient') return sql`t.id = any(${patients}::text[])`
  const words = patients.map((id) => `@Patient/${id}`)
  if (words.length <= patientsByIndexMax) return sql`t.terms && ${words}::text[]`
  return sql`exists (select from unnest(t.terms) as word where word = any(${words}::text[]))`
}

const anyOf = (alternatives: readonly (readonly Sql[])[]): Sql =>
  sql`(${join(
    alternatives.map((all) => (all.length ? sql`(${join(all, ' and ')})` : sql`true`)),
    ' or ',
  )})`

function conditionsOf(definitions: Definitions, listing: Listing): Sql[] {
  const { type, bounds, filters, patients, since } = listing
  const scopes = bounds.map((one): Scope => ({ definitions, type, alias: 't', bounds: one }))
  const [scope] = scopes
  // Of named patients: that it is among theirs tells whose a masked visit is.
  const whole = scope && patients !== undefined && patients !== 'any' ? wholeRows(scope) : undefined
  return [
    sql`t.id > ${listing.after}::text`,
    ...(since === undefined ? [] : [sql`t.updated > ${since}::timestamptz`]),
    ...(patients === undefined ? [] : [patientCondition(type, patients)]),
    ...(whole ? [whole] : []),
    ...scopes.flatMap(boundConditions),
    ...(filters && scope ? [anyOf(filters.map((criteria) => criteria.map((one) => criterionCondition(scope, one))))] : []),
  ]
}

/** Lists the next batch of a type. Deletions are listed where a `since` was asked for. */
export async function listBatch(tx: Tx, definitions: Definitions, listing: Listing): Promise<Listed> {
  // One connection plans a statement once for all values; these values decide how many rows there are.
  await tx.query({ text: 'set local plan_cache_mode = force_custom_plan', values: [] })
  const { type, at, since } = listing
  const together = type === 'Binary' ? binariesTogetherMax : exportChunkMax
  const batch = sql`
    with batch as (
      select t.id, t.version, t.updated, t.deleted from ${raw(tableOf(type))} as t
       where ${join(conditionsOf(definitions, listing), ' and ')} order by t.id limit ${exportBatchMax}::int),
    stood as (
      select b.id, coalesce(h.version, b.version) as version, coalesce(h.deleted, b.deleted) as deleted, coalesce(h.updated, b.updated) as updated
        from batch b left join lateral (
          select version, deleted, updated from ${raw(historyTableOf(type))} h
           where b.updated > ${at}::timestamptz and h.id = b.id and h.updated <= ${at}::timestamptz order by h.version desc limit 1) h on true
       where b.updated <= ${at}::timestamptz or h.version is not null),
    numbered as (
      select id, version, deleted, (row_number() over (partition by deleted order by id) - 1) / ${together}::int as chunk from stood
       where (not deleted or ${since ?? null}::timestamptz is not null)
         and (${since ?? null}::timestamptz is null or updated > ${since ?? null}::timestamptz)),
    written as (
      insert into bulk_export_chunk (export, file, no, type, deleted, ids, versions)
      select ${listing.export}::text, ${listing.file}::int + deleted::int, ${listing.part * Math.ceil(exportBatchMax / together)}::int + chunk,
             ${type}::text, deleted, array_agg(id order by id), array_agg(version order by id)
        from numbered group by deleted, chunk)
    select (select max(id) from batch) as last, (select count(*)::int from batch) as seen, (select count(*)::int from numbered) as count`
  const [row] = await tx.query<{ last: string | null; seen: number; count: number }>({ text: batch.text, values: batch.values })
  return { last: row?.last && row.seen === exportBatchMax ? row.last : undefined, count: row?.count ?? 0 }
}

export type Chunk = {
  readonly no: number
  /** NDJSON of the versions that are still current, each line ended, some hundred lines at a time. */
  readonly pieces: readonly string[]
  /** Versions that have been written over or deleted since. */
  readonly superseded: readonly string[]
}

export type FilePlace = { readonly export: string; readonly file: number; readonly type: string }

const chunkAfter = (p: Params, place: FilePlace, after: number): string => `
  select no, ids, versions from bulk_export_chunk
   where export = ${p.add(place.export, 'text')} and file = ${p.add(place.file, 'int')} and no > ${p.add(after, 'int')} order by no limit 1`

const chunkShown = (p: Params, place: FilePlace, where: string): string => `
  select array(select distinct patient from found, unnest(${place.type === 'Patient' ? 'array[id]' : patientsIn('terms')}) patient where ${where}) as patients,
         ${p.add(`bulk-export/${place.export}/${place.file}`, 'text')} as entity`

type ChunkRow = { readonly no: number; readonly lines: string | null; readonly superseded: readonly string[] }

/** The rows differ in their lines alone. */
const chunkIn = (rows: readonly ChunkRow[]): Chunk | undefined =>
  rows[0] && { no: rows[0].no, pieces: rows.flatMap(({ lines }) => lines ?? []), superseded: rows[0].superseded }

/** The chunk after another, -1 before the first. Undefined where there is none: the file is at its end, or the export is gone. */
export async function chunkOf(db: Db, place: FilePlace, after: number, audit: AuditRow): Promise<Chunk | undefined> {
  const { type } = place
  const p = params()
  const rows = await db.query<ChunkRow>(
    prepared(
      `with chunk as (${chunkAfter(p, place, after)}),
      listed as (select u.id, u.version, u.place from chunk, unnest(ids, versions) with ordinality u (id, version, place)),
      found as materialized (
        select l.place, l.id, t.version = l.version and not t.deleted as current, t.body, t.terms
          from listed l join ${tableOf(type)} t on t.id = l.id),
      shown as (${chunkShown(p, place, 'current')}),
      audited as (${auditInsert(p, audit, 'shown')}),
      pieces as (
        select min(place) as first, string_agg(body::text || E'\\n', '' order by place) as lines
          from found where current group by (place - 1) / ${exportPieceMax}::int)
      select chunk.no, pieces.lines, array(select id from found where not current order by place) as superseded
        from chunk left join pieces on true order by pieces.first`,
      p.values,
    ),
  )
  return chunkIn(rows)
}

export type SupersededBody = { readonly id: string; readonly updated: Date; readonly body: string }

/** The bodies that `chunkOf` found written over. They are read without a record: whose they were, only their text says. */
export async function supersededBodies(db: Db, place: FilePlace, no: number, ids: readonly string[]): Promise<SupersededBody[]> {
  return db.query<SupersededBody>(
    prepared(
      `select h.id, h.updated, h.body::text as body from bulk_export_chunk c, unnest(c.ids, c.versions) u (id, version)
         join ${historyTableOf(place.type)} h on h.id = u.id and h.version = u.version
        where c.export = $1 and c.file = $2 and c.no = $3 and u.id = any($4::text[]) and not h.deleted order by h.id`,
      [place.export, place.file, no, ids],
    ),
  )
}

/** The deletions of a chunk as one line: a Bundle of type transaction. */
export async function deletionsOf(db: Db, place: FilePlace, after: number, audit: AuditRow): Promise<Chunk | undefined> {
  const { type } = place
  const p = params()
  const rows = await db.query<ChunkRow>(
    prepared(
      `with chunk as (${chunkAfter(p, place, after)}),
      found as materialized (
        select u.place, t.id, t.terms from chunk, unnest(ids) with ordinality u (id, place) join ${tableOf(type)} t on t.id = u.id),
      shown as (${chunkShown(p, place, 'true')}),
      audited as (${auditInsert(p, audit, 'shown')})
      select chunk.no, jsonb_build_object('resourceType', 'Bundle', 'type', 'transaction', 'entry', (
               select jsonb_agg(jsonb_build_object('request', jsonb_build_object('method', 'DELETE', 'url', ${p.add(type, 'text')} || '/' || id)) order by place)
                 from found))::text || E'\\n' as lines, '{}'::text[] as superseded
        from chunk`,
      p.values,
    ),
  )
  return chunkIn(rows)
}
