/**
 * Runs a compiled search, with its audit row in the same statement where the rows hold patients' data.
 */
import { includedResourcesMax } from '../../base/limits.ts'
import { type AuditRow, auditInsert } from '../audit-rows.ts'
import type { Db, Pool, Statement } from '../db.ts'
import { queryTogether } from '../query-together.ts'
import { type Params, params, prepared } from '../sql.ts'
import type { FoundRow } from './page.ts'

/** `shown`: so many of the rows are shown; the one more that tells of a next page concerns nobody yet. */
export async function runSearch(
  db: Db | Pool,
  statement: Statement,
  audit: AuditRow | undefined,
  shown = includedResourcesMax,
): Promise<FoundRow[]> {
  if (!audit) return together<FoundRow>(db, statement)
  return db.query<FoundRow>(audited(statement, audit, shown, (_, found) => `select ${shownColumns(statement)} from ${found}`))
}

/** A page as one text: nobody needs its rows one by one. */
export type PageText = {
  /** The rows that were found, the one more that tells of a next page among them. */
  readonly fetched: number
  /** The entries with commas between them; null where there are none. */
  readonly entries: string | null
  /** Of the last row of a full page, for `encodeCursor`. */
  readonly sort: readonly (string | null)[] | null
}

/**
 * A page put together by Postgres. Fifty rows of four columns are two hundred values that the client would read one by one,
 * which costs more than the search itself. `around`: what stands before the id, between it and the body, and behind that.
 */
export async function runPageText(
  db: Db | Pool,
  statement: Statement,
  audit: AuditRow | undefined,
  shown: number,
  around: EntryText,
): Promise<PageText> {
  if (!audit) return runPage(db, pageTextOf(statement, shown, around))
  const [page] = await db.query<PageText>(audited(statement, audit, shown, (p, found) => pageText(p, found, shown, around)))
  return page ?? nothing
}

/** A page as one text that needs no audit row: the same statement for the same query. */
export const pageTextOf = (statement: Statement, shown: number, around: EntryText): Statement =>
  wrapped(statement, (p, found) => pageText(p, found, shown, around))

export async function runPage(db: Db | Pool, statement: Statement): Promise<PageText> {
  const [page] = await together<PageText>(db, statement)
  return page ?? nothing
}

const nothing: PageText = { fetched: 0, entries: null, sort: null }

export type EntryText = readonly [before: string, between: string, behind: string]

function pageText(p: Params, found: string, shown: number, [before, between, behind]: EntryText): string {
  const entry = `${p.add(before, 'text')} || id || ${p.add(between, 'text')} || body || ${p.add(behind, 'text')}`
  return `select count(*)::int as fetched, string_agg(case when place <= ${p.add(shown, 'int')} then ${entry} end, ',') as entries, min(sort) as sort
    from (select *, row_number() over () as place from ${found}) page`
}

/** The statement with another around it, as well named as it is. */
function wrapped({ name, text, values }: Statement, around: (p: Params, found: string) => string): Statement {
  const p = params()
  for (const value of values) p.add(value)
  const composed = around(p, `(${text}) found`)
  return name === undefined ? { text: composed, values: p.values } : prepared(composed, p.values)
}

const together = <Row extends object>(db: Db | Pool, statement: Statement): Promise<Row[]> =>
  'connect' in db ? queryTogether<Row>(db, statement) : db.query<Row>(statement)

/** The patients are written down, not sent. Every row has its id and body; some have what they are sorted by and point at. */
const shownColumns = ({ text }: Statement): string =>
  ['id', 'body', ...['sort', 'references'].filter((name) => text.includes(` as ${name}`) || text.includes(` as "${name}"`))]
    .map((name) => `"${name}"`)
    .join(', ')

/** The statement must have been compiled with the wish for `patients`. */
function audited(statement: Statement, audit: AuditRow, shown: number, answer: (p: Params, found: string) => string): Statement {
  return wrapped(
    statement,
    (p, found) => `with found as materialized (select * from ${found}),
    shown as (select array(select distinct patient from (select patients from found limit ${p.add(shown, 'int')}) page, unnest(page.patients) patient) as patients, null::text as entity),
    audited as (${auditInsert(p, audit, 'shown')})
    ${answer(p, 'found')}`,
  )
}
