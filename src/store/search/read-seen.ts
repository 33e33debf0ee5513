/**
 * A current row as those read it to whom sensitive visits are busy time: of a type that may be about one. What is, is as if it
 * were not there; an Encounter says by a label that it is masked. https://hl7.org/fhir/R4/http.html#read
 */
import sql, { raw, type Sql } from 'sql-template-tag'
import { type AuditRow, auditInsert } from '../audit-rows.ts'
import type { Db, Statement } from '../db.ts'
import { tableOf } from '../layout.ts'
import { patientsOf, type ReadRow } from '../resources.ts'
import { params, prepared } from '../sql.ts'
import { bodyShown, hiddenRows } from './masked.ts'
import type { Bounds } from './scope.ts'
import { text } from './statement.ts'

export type Seen = { readonly type: string; readonly id: string; readonly bounds: Bounds }

/** With its audit row in the same statement, like `readResource`. */
export async function readSeen(db: Db, { type, id, bounds }: Seen, audit: AuditRow): Promise<ReadRow | undefined> {
  const scope = { type, alias: 't', bounds }
  const hidden = hiddenRows(scope)
  const unhidden: Sql = hidden ? sql` and not ${hidden}` : raw('')
  const found = sql`select t.id, t.version, t.updated, t.deleted, ${bodyShown(scope)} as body, t.terms from ${raw(tableOf(type))} as t where t.id = ${text(id)}${unhidden}`
  const [row] = await db.query<ReadRow>(audited(found, { type, id }, audit))
  return row
}

function audited(found: Sql, { type, id }: Pick<Seen, 'type' | 'id'>, audit: AuditRow): Statement {
  const p = params()
  for (const value of found.values) p.add(value)
  return prepared(
    `with found as (${found.text}),
    shown as (select ${patientsOf(type, 'id', 'terms')} as patients, ${p.add(`${type}/${id}`, 'text')} as entity from found where not deleted),
    audited as (${auditInsert(p, audit, 'shown')})
    select version::text as version, date_part('epoch', updated) as updated, body from found`,
    p.values,
  )
}
