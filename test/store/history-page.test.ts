/** A page of history is read off indexes, however much there is: Postgres's own plan over thirty thousand versions. */
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { storedTypes } from '../../src/fhir/resource.ts'
import type { Db, Statement } from '../../src/store/db.ts'
import { type HistoryWindow, historyKeys } from '../../src/store/history-page.ts'
import { testDatabase } from '../support/database.ts'

const definitions = loadDefinitions()
let database: Awaited<ReturnType<typeof testDatabase>>
beforeAll(async () => {
  database = await testDatabase()
  const rows = (table: string, from: number) => `insert into ${table} (id, version, updated, deleted, body)
    select 'o' || n, ${from}, '2026-01-01'::timestamptz + n * interval '1 second', false, '{}' from generate_series(1, 10000) n`
  const statements = [
    rows('organization', 3),
    rows('organization_history', 1),
    rows('organization_history', 2),
    'analyze organization',
    'analyze organization_history',
  ]
  for (const text of statements) await database.pool.query({ text, values: [] })
})
afterAll(() => database?.drop())

async function planOf(types: readonly string[], window: HistoryWindow): Promise<{ plan: string; keys: number }> {
  const asked: Statement[] = []
  const db: Db = {
    query: (statement) => {
      asked.push(statement)
      return database.pool.query(statement)
    },
  }
  const keys = await historyKeys(
    db,
    definitions,
    types.map((type) => ({ type, bounds: {} })),
    window,
  )
  const explain = { text: `explain ${asked[0]?.text}`, values: asked[0]?.values ?? [] }
  const lines = await database.pool.query<{ 'QUERY PLAN': string }>(explain)
  return { plan: lines.map((line) => line['QUERY PLAN']).join('\n'), keys: keys.length }
}

const before = { updated: '2026-01-01 01:00:00+00', type: 'Organization', id: 'o3600', version: '2' }

it.each([
  ['the first page of a type', ['Organization'], { count: 51 }],
  ['a later page of a type', ['Organization'], { count: 51, before }],
  ['a page of a type since a time', ['Organization'], { count: 51, since: '2026-01-01T02:00:00Z' }],
  ['the first page of everything', storedTypes, { count: 51 }],
  ['a later page of everything', storedTypes, { count: 51, before }],
])('%s scans no table of versions', async (_name, types, window) => {
  const { plan, keys } = await planOf(types, window)
  expect(keys).toBe(51)
  expect(plan).not.toMatch(/Seq Scan on organization/)
  expect(plan).toMatch(/organization_history_updated/)
})
