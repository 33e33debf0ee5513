/**
 * Bulk exports as they stand: who asked for what, how far the listing is, which files there are. What is in a file is
 * `export-chunks.ts`; the rows are made by migration 0006.
 */
import type { AuditRow } from './audit-rows.ts'
import type { Db, Tx } from './db.ts'
import { params, prepared } from './sql.ts'

export type ExportState = 'waiting' | 'done' | 'failed'

export type ExportRow = {
  readonly id: string
  readonly state: ExportState
  /** ISO 8601: the transactionTime. */
  readonly at: string
  readonly client: string
  /** JSON text. */
  readonly actor: string
  readonly request: string
  /** JSON text. */
  readonly wish: string
  readonly step: number
  readonly after: string
  readonly file: number
  readonly part: number
  readonly listed: string
  readonly expires: Date | null
}

/** `count` in lines: resources, or Bundles of deletions. */
export type ExportFile = { readonly file: number; readonly type: string; readonly deleted: boolean; readonly count: number }

const columns = `id, state, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, client, actor::text as actor, request,
  wish::text as wish, step, after, file, part, listed::text as listed, expires`

type NewExport = Pick<ExportRow, 'id' | 'at' | 'client' | 'actor' | 'request' | 'wish'>

/** `bulk` in ASCII: any number would do, as long as every process takes the same. */
const countingLock = 0x62756c6b

/** False where the client has as many under way as it may. */
export async function startExport(tx: Tx, wanted: NewExport, underWayMax: number): Promise<boolean> {
  await tx.query(prepared('select pg_advisory_xact_lock($1)', [countingLock]))
  const { id, at, client, actor, request, wish } = wanted
  const rows = await tx.query(
    prepared(
      `insert into bulk_export (id, at, client, actor, request, wish)
       select $1, $2::timestamptz, $3, $4::jsonb, $5, $6::jsonb
        where (select count(*) from bulk_export where client = $3 and state = 'waiting') < $7::int
       returning id`,
      [id, at, client, actor, request, wish, underWayMax],
    ),
  )
  return rows.length > 0
}

/** One client's export; anybody else's is not there. */
export async function exportOf(db: Db, id: string, client: string): Promise<ExportRow | undefined> {
  const [row] = await db.query<ExportRow>(
    prepared(`select ${columns} from bulk_export where id = $1 and client = $2 and (expires is null or expires > now())`, [id, client]),
  )
  return row
}

/** What a file holds; undefined where the export has no such file. */
export async function fileOf(db: Db, id: string, file: number): Promise<Pick<ExportFile, 'type' | 'deleted'> | undefined> {
  const [row] = await db.query<Pick<ExportFile, 'type' | 'deleted'>>(
    prepared('select type, deleted from bulk_export_chunk where export = $1 and file = $2 order by no limit 1', [id, file]),
  )
  return row
}

export async function filesOf(db: Db, id: string): Promise<ExportFile[]> {
  return db.query<ExportFile>(
    prepared(
      `select file, type, deleted, sum(case when deleted then 1 else cardinality(ids) end)::int as count
         from bulk_export_chunk where export = $1 group by file, type, deleted order by file`,
      [id],
    ),
  )
}

/** False where there is none. What is being listed just then is waited for. */
export async function removeExport(db: Db, id: string, client: string): Promise<boolean> {
  const rows = await db.query(prepared('delete from bulk_export where id = $1 and client = $2 returning id', [id, client]))
  return rows.length > 0
}

export async function forgetOldExports(db: Db): Promise<void> {
  await db.query(prepared('delete from bulk_export where expires <= now()', []))
}

/**
 * The next export that has anything left to list, locked until the transaction ends; the smallest first, so that none waits for
 * a large one.
 */
export async function lockNextExport(tx: Tx, only?: string): Promise<ExportRow | undefined> {
  const [row] = await tx.query<ExportRow>(
    prepared(
      `select ${columns} from bulk_export
        where state = 'waiting' and at < now() - interval '1 second' and ($1::text is null or id = $1)
        order by listed, at, id limit 1 for update skip locked`,
      [only ?? null],
    ),
  )
  return row
}

export type Progress = Pick<ExportRow, 'id' | 'step' | 'after' | 'file' | 'part'> & { readonly listed: number }

export async function advanceExport(tx: Tx, { id, step, after, file, part, listed }: Progress): Promise<void> {
  await tx.query(
    prepared('update bulk_export set step = $2, after = $3, file = $4, part = $5, listed = listed + $6, failures = 0 where id = $1', [
      id,
      step,
      after,
      file,
      part,
      listed,
    ]),
  )
}

/** All is listed: its files may be fetched until `expires`. The record of it is written in the same statement. */
export async function finishExport(tx: Tx, id: string, expires: string, audit: AuditRow): Promise<void> {
  const p = params()
  const place = p.add(id, 'text')
  await tx.query(
    prepared(
      `with finished as (update bulk_export set state = 'done', expires = ${p.add(expires, 'timestamptz')} where id = ${place} returning id, request),
      counted as (
        select string_agg(type || ' ' || count, ', ' order by type) as counts from (
          select type, sum(cardinality(ids)) as count from bulk_export_chunk where export = ${place} group by type) t)
      insert into audit_event (id, at, interaction, action, client, person, address, query, purpose, patients, entity)
      select ${p.add(audit.id, 'uuid')}, ${p.add(audit.at, 'timestamptz')}, ${p.add(audit.interaction, 'text')}, ${p.add(audit.action, 'text')},
             ${p.add(audit.client, 'text')}, ${p.add(audit.person ?? null, 'text')}, ${p.add(audit.address ?? null, 'text')},
             finished.request || ': ' || coalesce(counted.counts, 'nothing'), ${p.add(audit.purpose ?? null, 'text')}, '{}', null
        from finished, counted`,
      p.values,
    ),
  )
}

/** After so many failures in a row it is given up; what was listed goes at `expires`. */
export async function noteFailure(db: Db, id: string, failuresMax: number, expires: string): Promise<void> {
  await db.query(
    prepared(
      `update bulk_export set failures = failures + 1, state = case when failures + 1 >= $2::int then 'failed' else state end,
              expires = case when failures + 1 >= $2::int then $3::timestamptz else expires end where id = $1 and state = 'waiting'`,
      [id, failuresMax, expires],
    ),
  )
}

/**
 * Whether every write that was begun before an instant is over: until then what was true at that instant is not known.
 * A second more, since a write says its time a moment before Postgres hears of it.
 */
export async function isSettledAt(db: Db, at: string): Promise<boolean> {
  const [row] = await db.query<{ settled: boolean }>(
    prepared(
      `select not exists (
         select from pg_stat_activity
          where datname = current_database() and application_name = 'slotwise' and pid <> pg_backend_pid()
            and xact_start <= $1::timestamptz + interval '1 second') as settled`,
      [at],
    ),
  )
  return row?.settled === true
}
