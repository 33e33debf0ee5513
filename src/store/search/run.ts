/**
 * Runs a compiled search, with its audit row in the same statement where the rows hold patients' data.
 */
import { includedResourcesMax } from '../../base/limits.ts'
import { type AuditRow, auditInsert } from '../audit-rows.ts'
import type { Db, Pool, Statement } from '../db.ts'
import { queryTogether } from '../query-together.ts'
import { params, prepared } from '../sql.ts'
import type { FoundRow } from './page.ts'

/** `shown`: so many of the rows are shown; the one more that tells of a next page concerns nobody yet. */
export async function runSearch(
  db: Db | Pool,
  statement: Statement,
  audit: AuditRow | undefined,
  shown = includedResourcesMax,
): Promise<FoundRow[]> {
  if (audit) return db.query<FoundRow>(audited(statement, audit, shown))
  return 'connect' in db ? queryTogether<FoundRow>(db, statement) : db.query<FoundRow>(statement)
}

/** The patients are written down, not sent. Every row has its id and body; some have what they are sorted by and point at. */
const shownColumns = ({ text }: Statement): string =>
  ['id', 'body', ...['sort', 'references'].filter((name) => text.includes(` as ${name}`) || text.includes(` as "${name}"`))]
    .map((name) => `"${name}"`)
    .join(', ')

/** The statement must have been compiled with the wish for `patients`. */
function audited(statement: Statement, audit: AuditRow, shown: number): Statement {
  const p = params()
  for (const value of statement.values) p.add(value)
  const text = `with found as materialized (${statement.text}),
    shown as (select array(select distinct patient from (select patients from found limit ${p.add(shown, 'int')}) page, unnest(page.patients) patient) as patients, null::text as entity),
    audited as (${auditInsert(p, audit, 'shown')})
    select ${shownColumns(statement)} from found`
  return statement.name === undefined ? { text, values: p.values } : prepared(text, p.values)
}
