/**
 * What a row of the audit names is found by an index in each month, however rare it is: the plan is read, so a slow machine
 * cannot make this fail. And the rows found are those of a table that was worked out beside it.
 */
import type { AuditCondition } from '../../src/store/audit-facts.ts'
import { type AuditFilter, findAudit } from '../../src/store/audit-search.ts'
import type { Db, Statement } from '../../src/store/db.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const rowsOfEach = 6_000
let database: TestDatabase

type Node = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; 'Index Cond'?: string; Plans?: Node[] }
const nodesOf = (plan: Node): Node[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

/** Two months that are past, and what has no month of its own. */
const months = ['2026-01-01', '2026-02-01', '2031-03-01']
const uuid = (month: number, n: number): string => `019a0000-0000-7000-8000-${String(month).padStart(4, '0')}${String(n).padStart(8, '0')}`

beforeAll(async () => {
  database = await testDatabase()
  const { pool } = database
  for (const month of months.slice(0, 2)) await pool.query({ text: 'select audit_partition($1::date)', values: [month] })
  for (const [at, month] of months.entries())
    await pool.query({
      text: `insert into audit_event (id, at, interaction, action, client, person, patients, entity)
             select ('019a0000-0000-7000-8000-' || lpad($3::text, 4, '0') || lpad(n::text, 8, '0'))::uuid, $1::timestamptz + n * interval '1 minute',
                    'read', 'R', case when n % 600 = 11 then 'kiosk' else 'desk' end, 'Practitioner/' || n % 600, array['p' || n % 500], case when n % 2 = 0 then 'Encounter/e' else 'Patient/p' end || n % 500
               from generate_series(1, $2::int) n`,
      values: [`${month}T00:00:00Z`, rowsOfEach, at],
    })
  await pool.query({ text: 'analyze audit_event', values: [] })
})
afterAll(() => database?.drop())

const filterOf = (condition: AuditCondition, more: Partial<AuditFilter> = {}): AuditFilter => ({
  times: [],
  conditions: [condition],
  limit: 50,
  ...more,
})

async function planOf(filter: AuditFilter): Promise<Node[]> {
  let plan: Node[] = []
  const explaining: Pick<Db, 'query'> = {
    query: async <Row>({ text, values }: Statement) => {
      const rows = await database.pool.query<{ 'QUERY PLAN': [{ Plan: Node }] }>({ text: `explain (format json) ${text}`, values })
      plan = rows.flatMap((row) => nodesOf(row['QUERY PLAN'][0].Plan))
      return [] as Row[]
    },
  }
  await findAudit(explaining as Db, filter)
  return plan
}

/** Newest first. */
const idsOf = (isMeant: (n: number) => boolean): string[] =>
  [2, 1, 0].flatMap((month) =>
    Array.from({ length: rowsOfEach }, (_, at) => rowsOfEach - at)
      .filter(isMeant)
      .map((n) => uuid(month, n)),
  )

describe('a row of the audit that names something rare', () => {
  it.each<[what: string, condition: AuditCondition, isMeant: (n: number) => boolean]>([
    ['an entity', { any: [{ entities: ['Encounter/e8'] }], not: false }, (n) => n % 500 === 8],
    ['who asked', { any: [{ people: ['Practitioner/7'] }, { clients: [] }], not: false }, (n) => n % 600 === 7],
    ['the program', { any: [{ people: [] }, { clients: ['kiosk'] }], not: false }, (n) => n % 600 === 11],
    [
      'a patient, as an entity or as whose data it is',
      { any: [{ entities: ['Patient/p9'] }, { noInteractions: ['token'], patients: ['p9'] }], not: false },
      (n) => n % 500 === 9,
    ],
    ['nothing that there is', { any: [{ entities: ['Encounter/none'] }], not: false }, () => false],
  ])('is found by an index: %s', async (_, condition, isMeant) => {
    const plan = await planOf(filterOf(condition))
    const scanned = plan.filter((node) => node['Relation Name']?.startsWith('audit_event')).map((node) => node['Node Type'])
    expect(scanned.filter((type) => type !== 'Bitmap Heap Scan')).toEqual([])
    expect(scanned).toHaveLength(months.length)
    for (const node of plan.filter((one) => one['Node Type'] === 'Bitmap Index Scan'))
      expect(node['Index Cond']).toMatch(/ARRAY\[entity, person, client\] &&|patients &&/)
    const found = await findAudit(database.pool, filterOf(condition, { limit: 100 }))
    expect(found.map(({ id }) => id)).toEqual(idsOf(isMeant))
  })

  it('is passed over by what is asked for not to be there', async () => {
    const others = await findAudit(database.pool, filterOf({ any: [{ entities: ['Encounter/e8'] }], not: true }, { limit: 20_000 }))
    expect(others.map(({ id }) => id)).toEqual(idsOf((n) => n % 500 !== 8))
  })
})
