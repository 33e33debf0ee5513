/**
 * Superseded versions: one of them (vread), or a resource's whole past, newest first. They are read without an audit row:
 * which of them are shown, and whose they were, only their text says. The caller shows nothing before `auditShown`.
 * https://hl7.org/fhir/R4/http.html#history
 */
import { type AuditRow, auditInsert, patientsIn } from './audit-rows.ts'
import type { Db } from './db.ts'
import { historyTableOf, tableOf } from './layout.ts'
import type { StoredRow } from './resources.ts'
import { params, prepared } from './sql.ts'

const everyVersion = (type: string, id: string): string => `
  select version, updated, deleted, body from ${tableOf(type)} where id = ${id}
  union all
  select version, updated, deleted, body from ${historyTableOf(type)} where id = ${id}`

/** A patient is who the current row concerns; a Patient's own id says so even once it is deleted. */
const concerned = (type: string, id: string): string =>
  type === 'Patient' ? `array[${id}]` : `(select ${patientsIn('terms')} from ${tableOf(type)} where id = ${id})`

/** One version, or undefined. */
export async function versionOf(db: Db, type: string, id: string, version: string): Promise<StoredRow | undefined> {
  const p = params()
  const [row] = await db.query<StoredRow>(
    prepared(
      `select version::text as version, updated, deleted, body::text as body from (${everyVersion(type, p.add(id, 'text'))}) v
        where version = ${p.add(version, 'bigint')}`,
      p.values,
    ),
  )
  return row
}

export type VersionsWindow = {
  readonly before?: string
  /** ISO 8601: made at or after it. */
  readonly since?: string
  /** ISO 8601, half-open: current at some time between the two. */
  readonly at?: { readonly lower: string; readonly upper: string }
  readonly count: number
}

/** Versions older than `before`, newest first, at most `count`, and how many there are whatever their age. */
export async function versionsOf(db: Db, type: string, id: string, page: VersionsWindow): Promise<{ rows: StoredRow[]; total: number }> {
  const p = params()
  const rows = await db.query<StoredRow & { total: string }>(
    prepared(
      `with everything as (select v.*, lead(updated) over (order by version) as until from (${everyVersion(type, p.add(id, 'text'))}) v),
      asked as (
        select * from everything
         where (${p.add(page.since ?? null, 'timestamptz')} is null or updated >= ${p.add(page.since ?? null, 'timestamptz')})
           and (${p.add(page.at?.upper ?? null, 'timestamptz')} is null or updated < ${p.add(page.at?.upper ?? null, 'timestamptz')})
           and (${p.add(page.at?.lower ?? null, 'timestamptz')} is null or until is null or until > ${p.add(page.at?.lower ?? null, 'timestamptz')}))
      select version::text as version, updated, deleted, body::text as body, (select count(*) from asked)::text as total
        from asked e
       where (${p.add(page.before ?? null, 'bigint')} is null or version < ${p.add(page.before ?? null, 'bigint')})
       order by e.version desc limit ${p.add(page.count, 'int')}`,
      p.values,
    ),
  )
  return { rows, total: Number(rows[0]?.total ?? 0) }
}

/** Writes down that versions are shown: of the patients whom the resource concerns now, and of those whom they concerned. */
export async function auditShown(
  db: Db,
  shown: {
    readonly type: string
    readonly id: string
    readonly entity: string
    readonly patients: readonly string[]
    readonly audit: AuditRow
  },
): Promise<void> {
  const p = params()
  const now = concerned(shown.type, p.add(shown.id, 'text'))
  await db.query(
    prepared(
      `with shown as (
        select array(select unnest(${now}) union select unnest(${p.add(shown.patients, 'text[]')}) order by 1) as patients,
               ${p.add(shown.entity, 'text')} as entity)
      ${auditInsert(p, shown.audit, 'shown')}`,
      p.values,
    ),
  )
}
