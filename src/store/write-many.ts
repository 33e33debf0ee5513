/**
 * Writes many resources of one type in one statement, for an import: a written exception to the one door of
 * `resources.ts`, whose rows it makes; a test compares both. What is stored already as it was sent is left as it is.
 *
 * For types that nothing hangs on but their own row: time that is taken or given back, and plans, are for the engine.
 */
import type { Definitions } from '../fhir/definitions/types.ts'
import type { IndexValues } from '../fhir/index-values-types.ts'
import { type AuditRow, auditInsert, patientsIn } from './audit-rows.ts'
import type { Tx } from './db.ts'
import { historyTableOf, tableOf } from './layout.ts'
import { searchColumns, stamped } from './resources.ts'
import { type Params, params, prepared } from './sql.ts'

export type Incoming = { readonly id: string; readonly text: string; readonly index: IndexValues }

export type Batch = {
  readonly type: string
  /** No id twice. */
  readonly rows: readonly Incoming[]
  /** ISO 8601. */
  readonly at: string
  readonly audit: AuditRow
}

/** `lost`: another writer made the id at the same moment. */
export type WriteOutcome = 'created' | 'updated' | 'unchanged' | 'lost'

type Column = { readonly name: string; readonly cast: string; readonly values: unknown[] }

/** Each search column with its values, row by row: as the one door fills them. */
function columnsOf(definitions: Definitions, { type, rows }: Batch): Column[] {
  const columns: Column[] = []
  for (const { index } of rows) {
    const taken: { value: unknown; cast: string }[] = []
    const recorder: Params = { values: [], add: (value, cast = 'text') => String(taken.push({ value, cast }) - 1) }
    for (const [at, [name, place]] of searchColumns(definitions, type, index, recorder).entries()) {
      const { value, cast } = taken[Number(place)] as { value: unknown; cast: string }
      columns[at] ??= { name, cast, values: [] }
      columns[at].values.push(cast.endsWith('[]') ? arrayText(value as readonly string[]) : value)
    }
  }
  return columns
}

/** An array as Postgres writes it: rows of arrays of differing length cannot travel as one. */
const arrayText = (items: readonly string[]): string => `{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`

/** A list of words for each row, or one value for each. */
const travelling = ({ cast }: Column): string => (cast.endsWith('[]') ? 'text' : cast)

/** What became of each row, in order. */
export async function writeMany(tx: Tx, definitions: Definitions, batch: Batch): Promise<WriteOutcome[]> {
  const { type, rows } = batch
  const columns = columnsOf(definitions, batch)
  const table = tableOf(type)
  const p = params()
  const ids = p.add(
    rows.map(({ id }) => id),
    'text[]',
  )
  // Joined rather than an array of texts: nothing has to be quoted twice.
  const texts = p.add(`[${rows.map(({ text }) => text).join(',')}]`, 'jsonb')
  const at = p.add(batch.at, 'text')
  const lists = columns.map((column) => p.add(column.values, `${travelling(column)}[]`))
  const names = columns.map(({ name }) => name)
  const values = columns.map(({ cast }, n) => (cast.endsWith('[]') ? `j.c${n}::${cast}` : `j.c${n}`))
  const patients = type === 'Patient' ? 'array[id]' : patientsIn('terms')
  const found = await tx.query<{ outcome: WriteOutcome }>(
    prepared(
      `with incoming as (
        select i.*, b.body as text from unnest(${[ids, ...lists].join(', ')}) with ordinality i (id, ${[...names.map((_, n) => `c${n}`), 'place'].join(', ')})
          join jsonb_array_elements(${texts}) with ordinality b (body, place) on b.place = i.place),
      known as materialized (
        select id, version, updated, deleted, body from ${table} where id = any(${ids}) order by id for update),
      judged as materialized (
        select i.*, k.id is not null as known,
               k.id is not null and not k.deleted and k.body = ${stamped('i.text', 'i.id', 'k.version', `k.body #>> '{meta,lastUpdated}'`)} as same
          from incoming i left join known k on k.id = i.id),
      superseded as (
        insert into ${historyTableOf(type)} (id, version, updated, deleted, body)
        select k.id, k.version, k.updated, k.deleted, k.body from known k join judged j on j.id = k.id where not j.same),
      made as (
        insert into ${table} (id, version, updated, body, ${names.join(', ')})
        select j.id, 1, ${at}::timestamptz, ${stamped('j.text', 'j.id', '1', at)}, ${values.join(', ')}
          from judged j where not j.known order by j.id
        on conflict (id) do nothing returning id, version, terms),
      renewed as (
        update ${table} t set version = t.version + 1, updated = ${at}::timestamptz, deleted = false,
               body = ${stamped('j.text', 't.id', 't.version + 1', at)}, ${names.map((name, n) => `${name} = ${values[n]}`).join(', ')}
          from judged j where t.id = j.id and j.known and not j.same returning t.id, t.version, t.terms),
      written as (select id, version, terms, 'create' as kind from made union all select id, version, terms, 'update' from renewed),
      changed as (
        insert into change (at, type, id, version, kind)
        select ${at}::timestamptz, ${p.add(type, 'text')}, id, version, kind from written),
      shown as (
        select array(select distinct patient from written, unnest(${patients}) patient) as patients, null::text as entity),
      audited as (${auditInsert(p, batch.audit, 'shown')})
      select case when w.kind = 'create' then 'created' when w.kind = 'update' then 'updated' when j.same then 'unchanged' else 'lost' end as outcome
        from judged j left join written w on w.id = j.id order by j.place`,
      p.values,
    ),
  )
  return found.map(({ outcome }) => outcome)
}
