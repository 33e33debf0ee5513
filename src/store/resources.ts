/**
 * The one door to write a resource: current row, superseded version, search columns, change row and audit row in one
 * statement. And the ways to read one back, as the text that was stored.
 *
 * Bodies travel as text and are stamped with id and meta by SQL, so a decimal keeps the digits it came with.
 * Written exceptions make the same rows for many at once: Slots from rules (`slots.ts`) and as time is taken and given back
 * (`take-time.ts`, `slot-status.ts`), visits (`place-visits.ts`, `move-visits.ts`), and sets of one type (`resource-sets.ts`,
 * `write-many.ts`).
 */
import type { Definitions } from '../fhir/definitions/types.ts'
import type { IndexValues } from '../fhir/index-values-types.ts'
import { type AuditRow, auditInsert, patientsIn } from './audit-rows.ts'
import type { Db, Statement, Tx } from './db.ts'
import { dateColumns, hasPosition, hasStrings, historyTableOf, keptTerms, tableOf } from './layout.ts'
import { hasNumbers, writeNumbers } from './number-values.ts'
import { type Params, params, prepared } from './sql.ts'

export type ResourceWrite = {
  readonly type: string
  readonly id: string
  /** JSON text of the resource; `id`, `meta.versionId` and `meta.lastUpdated` are put right here. */
  readonly text: string
  readonly index: IndexValues
  /** ISO 8601. */
  readonly at: string
  /** Columns that the engine asks by: those of `slot` and `appointment`. */
  readonly columns?: Readonly<Record<string, unknown>>
  readonly audit: AuditRow
}

export type Written = { readonly id: string; readonly version: string; readonly body: string }

export type StoredRow = {
  readonly version: string
  readonly updated: Date
  readonly deleted: boolean
  /** Null when deleted. */
  readonly body: string | null
}

/** Each column with the parameter that fills it. */
export function searchColumns(definitions: Definitions, type: string, index: IndexValues, p: Params): [string, string][] {
  return [
    ['terms', p.add(keptTerms(definitions, type, index.terms), 'text[]')],
    ...(hasStrings(type) ? ([['strings', p.add(index.strings, 'text')]] as [string, string][]) : []),
    ...dateColumns(definitions, type).flatMap(({ parameter, lower, upper }): [string, string][] => [
      [lower, p.add(index.dates[parameter]?.lower ?? null, 'timestamptz')],
      [upper, p.add(index.dates[parameter]?.upper ?? null, 'timestamptz')],
    ]),
    ...(hasPosition(definitions, type)
      ? ([
          ['latitude', p.add(index.position?.latitude ?? null, 'float8')],
          ['longitude', p.add(index.position?.longitude ?? null, 'float8')],
        ] as [string, string][])
      : []),
  ]
}

/** The body with our id and meta over what was sent. */
export const stamped = (text: string, id: string, version: string, at: string): string =>
  `${text} || jsonb_build_object('id', ${id}, 'meta', coalesce(${text}->'meta', '{}') || jsonb_build_object('versionId', (${version})::text, 'lastUpdated', ${at}))`

/** The patients whose compartment a row is in, as SQL. */
export const patientsOf = (type: string, id: string, terms: string): string => (type === 'Patient' ? `array[${id}]` : patientsIn(terms))

function writeColumns(definitions: Definitions, write: ResourceWrite, p: Params): [string, string][] {
  return [
    ...searchColumns(definitions, write.type, write.index, p),
    ...Object.entries(write.columns ?? {}).map(([name, value]): [string, string] => [name, p.add(value)]),
  ]
}

/** Writes version 1; undefined if the id is taken, also by a deleted resource. */
export async function insertResource(tx: Tx, definitions: Definitions, write: ResourceWrite): Promise<Written | undefined> {
  const [row] = await tx.query<Written>(insertStatement(definitions, write))
  if (row && write.index.numbers.length > 0) await writeNumbers(tx, write.type, write.id, write.index.numbers)
  return row
}

function insertStatement(definitions: Definitions, write: ResourceWrite): Statement {
  const p = params()
  const id = p.add(write.id, 'text')
  const text = p.add(write.text, 'jsonb')
  const at = p.add(write.at, 'text')
  const columns = writeColumns(definitions, write, p)
  return prepared(
    `with written as (
      insert into ${tableOf(write.type)} (id, version, updated, body, ${columns.map(([name]) => name).join(', ')})
      values (${id}, 1, ${at}::timestamptz, ${stamped(text, id, '1', at)}, ${columns.map(([, value]) => value).join(', ')})
      on conflict (id) do nothing
      returning id, version, body, terms),
    changed as (
      insert into change (at, type, id, version, kind)
      select ${at}::timestamptz, ${p.add(write.type, 'text')}, id, version, 'create' from written),
    shown as (select ${patientsOf(write.type, 'id', 'terms')} as patients, ${p.add(`${write.type}/${write.id}`, 'text')} as entity from written),
    audited as (${auditInsert(p, write.audit, 'shown')})
    select id, version::text as version, body::text as body from written`,
    p.values,
  )
}

/** Each once; of most changes they are the same. */
const patientsBeforeAndAfter = (type: string): string =>
  type === 'Patient'
    ? 'array[id]'
    : `array(select distinct substr(term, 10) from (select terms from before union all select terms from written) v, unnest(v.terms) term where term like '@Patient/%' order by 1)`

/** Writes the next version over a row that the caller has locked (`lockResource`). Whose it was before is told of it too. */
export async function replaceResource(tx: Tx, definitions: Definitions, write: ResourceWrite): Promise<Written> {
  const p = params()
  const id = p.add(write.id, 'text')
  const text = p.add(write.text, 'jsonb')
  const at = p.add(write.at, 'text')
  const columns = writeColumns(definitions, write, p)
  const table = tableOf(write.type)
  const [row] = await tx.query<Written>(
    prepared(
      `with before as (select terms from ${table} where id = ${id} and not deleted),
      superseded as (
        insert into ${historyTableOf(write.type)} (id, version, updated, deleted, body)
        select id, version, updated, deleted, body from ${table} where id = ${id} returning version),
      written as (
        update ${table} t set version = t.version + 1, updated = ${at}::timestamptz, deleted = false,
          body = ${stamped(text, 't.id', 't.version + 1', at)},
          ${columns.map(([name, value]) => `${name} = ${value}`).join(', ')}
        where t.id = ${id} returning id, version, body, terms),
      changed as (
        insert into change (at, type, id, version, kind)
        select ${at}::timestamptz, ${p.add(write.type, 'text')}, id, version, 'update' from written),
      shown as (select ${patientsBeforeAndAfter(write.type)} as patients, ${p.add(`${write.type}/${write.id}`, 'text')} as entity from written),
      audited as (${auditInsert(p, write.audit, 'shown')})
      select id, version::text as version, body::text as body from written`,
      p.values,
    ),
  )
  if (!row) throw new Error(`replaceResource: ${write.type} was not locked before`)
  if (hasNumbers(definitions, write.type)) await writeNumbers(tx, write.type, write.id, write.index.numbers)
  return row
}

/** Marks a row deleted; its last body stays in its history. Gives the version of the deletion. */
export async function removeResource(
  tx: Tx,
  removal: { type: string; id: string; at: string; audit: AuditRow; columns?: Readonly<Record<string, unknown>> },
): Promise<string> {
  const { type, at, audit } = removal
  const p = params()
  const id = p.add(removal.id, 'text')
  const table = tableOf(type)
  const cleared = Object.entries(removal.columns ?? {}).map(([name, value]) => `, ${name} = ${p.add(value)}`)
  const [row] = await tx.query<{ version: string }>(
    prepared(
      `with superseded as (
        insert into ${historyTableOf(type)} (id, version, updated, deleted, body)
        select id, version, updated, deleted, body from ${table} where id = ${id}),
      before as (select ${patientsOf(type, 'id', 'terms')} as patients, ${p.add(`${type}/${removal.id}`, 'text')} as entity from ${table} where id = ${id}),
      written as (
        update ${table} t set version = t.version + 1, updated = ${p.add(at, 'timestamptz')}, deleted = true, body = null${cleared.join('')}
        where t.id = ${id} returning id, version),
      changed as (
        insert into change (at, type, id, version, kind)
        select ${p.add(at, 'timestamptz')}, ${p.add(type, 'text')}, id, version, 'delete' from written),
      audited as (${auditInsert(p, audit, 'before')})
      select version::text as version from written`,
      p.values,
    ),
  )
  if (!row) throw new Error(`removeResource: ${type} was not locked before`)
  return row.version
}

/** The current row, held until the transaction ends. */
export async function lockResource(tx: Tx, type: string, id: string): Promise<StoredRow | undefined> {
  const [row] = await tx.query<StoredRow>(
    prepared(`select version::text as version, updated, deleted, body::text as body from ${tableOf(type)} where id = $1 for update`, [id]),
  )
  return row
}

/** The current row, without a trace; for the engine's own needs, never for an answer. */
export async function currentResource(db: Db, type: string, id: string): Promise<StoredRow | undefined> {
  const [row] = await db.query<StoredRow>(
    prepared(`select version::text as version, updated, deleted, body::text as body from ${tableOf(type)} where id = $1`, [id]),
  )
  return row
}

/** The current bodies of those of `ids` that exist. */
export async function currentBodies(db: Db, type: string, ids: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ body: string }>(
    prepared(`select body::text as body from ${tableOf(type)} where id = any($1::text[]) and not deleted order by id`, [ids]),
  )
  return rows.map((row) => row.body)
}

/** A row as a read answers it: as few columns as will do, and no Date, which costs as much as the rest of the row. */
export type ReadRow = {
  readonly version: string
  /** Unix seconds. */
  readonly updated: number
  /** Null when deleted. */
  readonly body: string | null
}

/** Reads the current row for an answer, with its audit row in the same statement where the type holds patient data. */
export async function readResource(db: Db, type: string, id: string, audit: AuditRow | undefined): Promise<ReadRow | undefined> {
  const [row] = await db.query<ReadRow>(readStatement(type, id, audit))
  return row
}

export const readColumns = "version::text as version, date_part('epoch', updated) as updated, body::text as body"

function readStatement(type: string, id: string, audit: AuditRow | undefined): Statement {
  const p = params()
  const place = p.add(id, 'text')
  if (!audit) return prepared(`select ${readColumns} from ${tableOf(type)} where id = ${place}`, p.values)
  return prepared(
    `with found as (select id, version, updated, deleted, body, terms from ${tableOf(type)} where id = ${place}),
    shown as (select ${patientsOf(type, 'id', 'terms')} as patients, ${p.add(`${type}/${id}`, 'text')} as entity from found where not deleted),
    audited as (${auditInsert(p, audit, 'shown')})
    select ${readColumns} from found`,
    p.values,
  )
}
