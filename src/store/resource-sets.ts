/**
 * Many resources of one type in one statement: new ones written, current ones locked. Each row, change row and audit row is
 * what `resources.ts` writes for one alone; a test compares the two.
 */
import type { Definitions } from '../fhir/definitions/types.ts'
import { patientsIn, purposeCase } from './audit-rows.ts'
import type { Tx } from './db.ts'
import { historyTableOf, tableOf } from './layout.ts'
import { writeNumbers } from './number-values.ts'
import { type ResourceWrite, type StoredRow, searchColumns, stamped, type Written } from './resources.ts'
import { prepared } from './sql.ts'

/**
 * Writes version 1 of each; one whose id is taken is not in the answer. All are of one type and have the same `columns`,
 * and one actor writes them at one time.
 */
export async function insertResources(tx: Tx, definitions: Definitions, writes: readonly ResourceWrite[]): Promise<Map<string, Written>> {
  const [first] = writes
  if (!first) return new Map()
  const { type, at, audit } = first
  const names = Object.keys(columnsOf(definitions, first)).join(', ')
  const table = tableOf(type)
  const patients = type === 'Patient' ? 'array[written.id]' : patientsIn('written.terms')
  const rows = await tx.query<Written>(
    prepared(
      `with sent as materialized (
        select id, body, ${names} from jsonb_populate_recordset(null::${table}, $1::jsonb)),
      place as materialized (
        select * from unnest($2::text[], $3::uuid[]) with ordinality as place (id, audit, n)),
      written as (
        insert into ${table} (id, version, updated, body, ${names})
        select id, 1, $4::text::timestamptz, ${stamped('body', 'id', '1', '$4::text')}, ${names} from sent
        on conflict (id) do nothing
        returning id, version, body, terms),
      changed as (
        insert into change (at, type, id, version, kind)
        select $4::text::timestamptz, $5::text, id, version, 'create' from written join place using (id) order by place.n),
      shown as (select written.id, place.audit, ${patients} as patients from written join place using (id)),
      audited as (
        insert into audit_event (id, at, interaction, action, client, person, address, query, purpose, patients, entity)
        select audit, $6::timestamptz, $7::text, $8::text, $9::text, $10::text, $11::text, $12::text, ${purposeCase('$13::text', '$14::text[]', 'patients')}, patients, $5::text || '/' || id
          from shown where cardinality(patients) > 0)
      select id, version::text as version, body::text as body from written`,
      [
        `[${writes.map((write) => rowText(definitions, write)).join(',')}]`,
        writes.map(({ id }) => id),
        writes.map((write) => write.audit.id),
        at,
        type,
        audit.at,
        audit.interaction,
        audit.action,
        audit.client,
        audit.person ?? null,
        audit.address ?? null,
        audit.query ?? null,
        audit.purpose ?? null,
        audit.emergency ?? null,
      ],
    ),
  )
  for (const { id, index } of writes) if (index.numbers.length > 0) await writeNumbers(tx, type, id, index.numbers)
  return new Map(rows.map((row) => [row.id, row]))
}

/** Column by column what `resources.ts` hands over as parameters. */
function columnsOf(definitions: Definitions, { type, index, columns }: ResourceWrite): Record<string, unknown> {
  const values: unknown[] = []
  const named = searchColumns(definitions, type, index, { values, add: (value) => String(values.push(value) - 1) })
  return { ...Object.fromEntries(named.map(([name, at]) => [name, values[Number(at)]])), ...columns }
}

/** The body goes in as the text that it is, so that its numbers keep their digits. */
const rowText = (definitions: Definitions, write: ResourceWrite): string =>
  `${JSON.stringify({ id: write.id, ...columnsOf(definitions, write) }).slice(0, -1)},"body":${write.text}}`

export type LockedRow = StoredRow & {
  /** The version that it had before this transaction wrote it, if it did. */
  readonly begun: string
}

/** The current rows of those that are there, held until the transaction ends. */
export async function lockResources(tx: Tx, type: string, ids: readonly string[]): Promise<Map<string, LockedRow>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<LockedRow & { id: string }>(
    prepared(
      `select t.id, t.version::text as version, t.updated, t.deleted, t.body::text as body,
              coalesce((select min(h.version) from ${historyTableOf(type)} h
                         where h.id = t.id and h.xmin = pg_current_xact_id_if_assigned()::xid), t.version)::text as begun
         from ${tableOf(type)} t where t.id = any($1::text[]) order by t.id for update of t`,
      [ids],
    ),
  )
  return new Map(rows.map(({ id, ...row }) => [id, row]))
}

/** Which of `ids` are there and not deleted. */
export async function presentIds(tx: Tx, type: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await tx.query<{ id: string }>(
    prepared(`select id from ${tableOf(type)} where id = any($1::text[]) and not deleted order by id`, [ids]),
  )
  return new Set(rows.map(({ id }) => id))
}
