/**
 * Runs a compiled search, with its audit row in the same statement where the rows hold patients' data.
 */
import { type Fault, fault } from '../../base/fault.ts'
import { includedResourcesMax, pageBytesMax, unweighedPageMax } from '../../base/search-limits.ts'
import { type AuditRow, auditInsert } from '../audit-rows.ts'
import type { Db, Pool, Statement } from '../db.ts'
import { queryTogether } from '../query-together.ts'
import { type Params, params, prepared } from '../sql.ts'
import type { CompiledPage, FoundRow } from './page.ts'

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
  /** The shown entries with commas between them; null where there are none. */
  readonly entries: string | null
  /** Of the last row shown where there is one more, for `encodeCursor`. */
  readonly sort: readonly (string | null)[] | null
}

/**
 * A page put together by Postgres. Fifty rows of four columns are two hundred values that the client would read one by one,
 * which costs more than the search itself. `around`: what stands before the id, between it and the body, and behind that.
 */
export async function runPageText(
  db: Db | Pool,
  page: CompiledPage,
  audit: AuditRow | undefined,
  shown: number,
  around: EntryText,
): Promise<PageText> {
  if (!audit) return runPage(db, pageTextOf(page, shown, around), shown, around)
  const statement = audited(page.statement, audit, shown, (p, found) => pageText(p, found, page.keys, shown, around))
  return shownOf(await db.query<PageText>(statement), shown, around)
}

/** A page as one text that needs no audit row: the same statement for the same query. */
export const pageTextOf = ({ statement, keys }: CompiledPage, shown: number, around: EntryText): Statement =>
  wrapped(statement, (p, found) => pageText(p, found, keys, shown, around))

export async function runPage(db: Db | Pool, statement: Statement, shown: number, around: EntryText): Promise<PageText> {
  return shownOf(await together<PageText>(db, statement), shown, around)
}

/**
 * The one entry more is cut off here: to number the rows for it would cost Postgres more than the rest of putting them together.
 * What stands before an id is found in no body: there, a quotation mark is escaped or has a space behind its colon.
 */
function shownOf([page]: readonly PageText[], shown: number, [before]: EntryText): PageText {
  if (!page) return nothing
  const { fetched, entries } = page
  if (fetched > 0 && entries === null) throw pageTooLong(pageBytesMax)
  return entries !== null && fetched > shown ? { ...page, entries: entries.slice(0, entries.lastIndexOf(`,${before}`)) } : page
}

export const pageTooLong = (bytes: number): Fault =>
  fault('too-costly', `This page would be longer than ${bytes / 1024 / 1024} MB: ask for fewer at once with _count.`)

const nothing: PageText = { fetched: 0, entries: null, sort: null }

export type EntryText = readonly [before: string, between: string, behind: string]

function pageText(p: Params, found: string, keys: number, shown: number, [before, between, behind]: EntryText): string {
  const entry = `${p.add(before, 'text')} || id || ${p.add(between, 'text')} || body || ${p.add(behind, 'text')}`
  const last = p.add(shown, 'int')
  const sort = Array.from({ length: keys }, (_, at) => `(array_agg(k${at}))[${last}]::text`)
  const entries = `string_agg(${entry}, ',')`
  const weighed = shown > unweighedPageMax ? `case when sum(octet_length(body)) <= ${pageBytesMax} then ${entries} end` : entries
  return `select count(*)::int as fetched, ${weighed} as entries, case when count(*) > ${last} then array[${sort.join(', ')}] end as sort
    from ${found}`
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
  ['id', 'body', ...['sort', 'references', 'cut'].filter((name) => text.includes(` as ${name}`) || text.includes(` as "${name}"`))]
    .map((name) => `"${name}"`)
    .join(', ')

/** The statement must have been compiled with the wish for `patients`. */
function audited(statement: Statement, audit: AuditRow, shown: number, answer: (p: Params, found: string) => string): Statement {
  return wrapped(
    statement,
    (p, found) => `with found as materialized (select * from ${found}),
    shown as (select array(select distinct patient from (select patients from found ${statement.text.includes(' as cut') ? 'where not cut ' : ''}limit ${p.add(shown, 'int')}) page, unnest(page.patients) patient) as patients, null::text as entity),
    audited as (${auditInsert(p, audit, 'shown')})
    ${answer(p, 'found')}`,
  )
}
