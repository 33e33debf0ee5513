/**
 * How Postgres finds the rows of each search parameter among 100,000: by an index condition, never by walking the table (or an
 * index in its order) and looking at every row. The plan is read, so a slow machine cannot make this fail.
 */
import { resourceTables } from '../../../scripts/make-resource-tables.ts'
import type { SearchParameter } from '../../../src/fhir/definitions/types.ts'
import { storedTypes } from '../../../src/fhir/resource.ts'
import { isSearchable } from '../../../src/fhir/search-criterion.ts'
import { parseSearch } from '../../../src/fhir/search-query.ts'
import { targetsOf } from '../../../src/fhir/search-words.ts'
import type { Statement } from '../../../src/store/db.ts'
import { layoutOf, tableOf } from '../../../src/store/layout.ts'
import { compileSearch } from '../../../src/store/search/page.ts'
import { testDatabase } from '../../support/database.ts'
import { base, definitions, migration } from './searchable.ts'

const allRows = 100_000
/**
 * Making the rows is nearly all of the time that this takes. Of types that a clinic has fewer of, 20,000 are made and the
 * planner is told that the same pages hold 100,000: it then thinks of walking them as a fifth of what it would cost, and
 * must prefer the index all the same. Numbers stand in a table of their own; one type with all kinds of them will do.
 */
const rowsOf = (type: string): number => (['Slot', 'Appointment', 'Patient', 'Encounter', 'ValueSet'].includes(type) ? allRows : 20_000)
const hasManyRows = (type: string): boolean => rowsOf(type) === allRows
/** Every value stands in so many rows. */
const alike = 20
const valueIn = (type: string): string => `(n % ${rowsOf(type) / alike})`

let query: <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>
let drop: () => Promise<void>

/** Half of all Slots are free: whoever asks for a status alone is answered as fast by looking at Slots in their order. */
const noIndexHelps: ReadonlySet<string> = new Set(['Slot?status'])

const parametersOf = (type: string): SearchParameter[] => [...(definitions.searchParameters.get(type)?.values() ?? [])].filter(isSearchable)

/** The words of one parameter in row `n`, as SQL. */
const wordOf = (parameter: SearchParameter, value: string): string => {
  const lead = parameter.type === 'reference' ? `${targetsOf(parameter)[0] ?? 'Patient'}/` : ''
  return `'${parameter.code}=${lead}v' || ${value}`
}

/** Each parameter has values in a quarter of the rows, which makes the indexes in a quarter of the time. */
const inSome = (at: number, sql: string): string => `case when n % 4 = ${at % 4} then ${sql} end`

/** One row's columns, as SQL over `n`. */
function columnsOf(type: string): [string, string][] {
  const layout = layoutOf(definitions, type)
  const value = valueIn(type)
  const placed = parametersOf(type).map((parameter) => ({ parameter, place: layout.get(parameter.code) }))
  const terms = placed.flatMap(({ parameter, place }, at) => (place?.kind === 'terms' ? [inSome(at, wordOf(parameter, value))] : []))
  const lines = placed.flatMap(({ parameter, place }, at) =>
    place?.kind === 'strings' ? [`coalesce(${inSome(at, `E'\\n${parameter.code}=v' || ${value}`)}, '')`] : [],
  )
  const day = `timestamptz '2020-01-01Z' + ${value} * interval '1 day'`
  const own = placed.flatMap(({ place }): [string, string][] => {
    switch (place?.kind) {
      case 'period':
        return [
          [place.lower, day],
          [place.upper, `${day} + interval '1 hour'`],
        ]
      case 'instant':
        return place.column === 'updated' ? [] : [[place.column, day]]
      case 'id':
        return place.column === 'id' ? [] : [[place.column, `'v' || ${value}`]]
      case 'code':
        return [[place.column, `'v' || ${value}`]]
      case 'position':
        return [
          ['latitude', '(n % 1000) * 0.18 - 90'],
          ['longitude', '(n / 1000) * 3.6 - 180'],
        ]
      default:
        return []
    }
  })
  return [
    ['id', `'v' || n`],
    ['version', '1'],
    ['updated', day],
    ['body', `'{}'::jsonb`],
    ['terms', `array_remove(array[${terms.join(', ')}]::text[], null)`],
    ...(lines.length > 0 ? ([['strings', `${lines.join(' || ')} || E'\\n'`]] as [string, string][]) : []),
    ...new Map(own),
  ]
}

/** The table with its rows first and its indexes after, which is many times faster. */
async function fill(type: string): Promise<void> {
  const [table = '', ...indexes] = resourceTables(definitions, [type])
    .split(/(?=^create (?:table|index))/m)
    .filter((one) => one.startsWith('create table') || one.startsWith('create index'))
    .toSorted((a, b) => Number(a.startsWith('create index')) - Number(b.startsWith('create index')))
  await query(table.replace('create table', 'create unlogged table'))
  if (type === 'Slot') await query(migration('slot-text'))
  // Whoever counted the rows anew would tell the planner otherwise.
  await query(`alter table ${tableOf(type)} set (autovacuum_enabled = off)`)
  const layout = layoutOf(definitions, type)
  const columns = columnsOf(type)
  await query(
    `insert into ${tableOf(type)} (${columns.map(([name]) => name).join(', ')})
     select ${columns.map(([, sql]) => sql).join(', ')} from generate_series(1, ${rowsOf(type)}) n`,
  )
  for (const one of indexes.filter((text) => !text.includes('_history'))) await query(one)
  if (type === 'Location') await query(migration('location-position'))
  // A guess about a pattern rests on a hundred values taken at random: one that matches by chance is one row in a hundred.
  if (columns.some(([name]) => name === 'strings')) await query(`alter table ${tableOf(type)} alter column strings set statistics 0`)
  await query(`analyze ${tableOf(type)}`)
  await query(
    `update pg_class set reltuples = reltuples * $2::int
      where oid = $1::regclass or oid in (select indexrelid from pg_index where indrelid = $1::regclass)`,
    [tableOf(type), allRows / rowsOf(type)],
  )
  for (const { code } of parametersOf(type)) {
    if (layout.get(code)?.kind !== 'numbers' || !hasManyRows(type)) continue
    await query(`insert into search_number (type, id, code, lower, upper, tokens)
      select '${type}', 'v' || n, '${code}', ${valueIn(type)}, ${valueIn(type)}, array['a'] from generate_series(1, ${rowsOf(type)}) n`)
    await query('analyze search_number')
  }
}

type Node = { 'Node Type': string; 'Plan Rows': number; 'Relation Name'?: string; 'Index Cond'?: string; Plans?: Node[] }

async function planOf({ name, text, values }: Statement): Promise<Node> {
  const literal = (one: unknown): string =>
    Array.isArray(one)
      ? `array[${one.map(literal).join(', ')}]::text[]`
      : typeof one === 'number'
        ? String(one)
        : `'${String(one).replaceAll("'", "''")}'`
  // A named statement is planned once for all values, so its plan must do without them.
  await query(`set plan_cache_mode = ${name ? 'force_generic_plan' : 'force_custom_plan'}`)
  await query(`prepare asked as ${text}`)
  try {
    const [row] = await query<{ 'QUERY PLAN': [{ Plan: Node }] }>(`explain (format json) execute asked(${values.map(literal).join(', ')})`)
    if (!row) throw new Error('no plan')
    return row['QUERY PLAN'][0].Plan
  } finally {
    await query('deallocate asked')
  }
}

/** How many rows the planner thinks a type has. */
async function rowsThought(type: string): Promise<number> {
  const [row] = await query<{ 'QUERY PLAN': [{ Plan: Node }] }>(`explain (format json) select from ${tableOf(type)}`)
  return row?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0
}

const nodesOf = (plan: Node): Node[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

/** How the plan looks at every row of a table, if it does. */
const walks = (plan: Node): string[] =>
  nodesOf(plan)
    .filter(
      (node) => node['Node Type'] === 'Seq Scan' || (/^Index (Only )?Scan$/.test(node['Node Type']) && node['Index Cond'] === undefined),
    )
    .map((node) => `${node['Node Type']} of ${node['Relation Name']}`)

/** A search by the parameter that few rows answer. */
function searchOf(type: string, parameter: SearchParameter): string {
  if (parameter.code === '_id') return '_id=v17'
  if (parameter.code === 'near') return 'near=0|0|10|km'
  if (parameter.code === 'phonetic') return 'phonetic=smith'
  switch (parameter.type) {
    case 'date':
      return `${parameter.code}=2021-03-04`
    case 'reference':
      return `${parameter.code}=${targetsOf(parameter)[0] ?? 'Patient'}/v17`
    case 'string':
      return `${parameter.code}=${hasManyRows(type) ? 'v4321' : 'v432'}`
    case 'number':
    case 'quantity':
      return `${parameter.code}=17`
    case 'composite':
      return `${parameter.code}=${parameter.components?.[1]?.type === 'quantity' ? 'a$17' : 'a$b'}`
    default:
      return `${parameter.code}=v17`
  }
}

beforeAll(async () => {
  const database = await testDatabase({ empty: true, connections: 1 })
  drop = database.drop
  query = <Row>(text: string, values: readonly unknown[] = []) => database.pool.query<Row>({ text, values })
  await query('create extension if not exists pg_trgm')
  await query(migration('search-numbers'))
})
afterAll(() => drop())

it.each(storedTypes)('every parameter of %s is found by an index', async (type) => {
  await fill(type)
  expect(Math.round((await rowsThought(type)) / 1000)).toBe(allRows / 1000)
  const walked: Record<string, string[]> = {}
  for (const parameter of parametersOf(type)) {
    if (noIndexHelps.has(`${type}?${parameter.code}`)) continue
    if (layoutOf(definitions, type).get(parameter.code)?.kind === 'numbers' && !hasManyRows(type)) continue
    const asked = searchOf(type, parameter)
    const found = walks(await planOf(compileSearch(definitions, type, parseSearch(definitions, type, new URLSearchParams(asked), base))))
    if (found.length > 0) walked[asked] = found
  }
  await query(`drop table ${tableOf(type)} cascade`)
  expect(walked).toEqual({})
})
