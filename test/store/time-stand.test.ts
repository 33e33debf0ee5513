/**
 * How Postgres finds what stands on a Schedule, beside 60,000 visits that are over and 200 other Schedules: by index, never
 * by reading a table through. The plan is read, so a slow machine cannot make this fail.
 */
import type { Db, Statement } from '../../src/store/db.ts'
import { auditAppointments, timeStand } from '../../src/store/time-stand.ts'
import { madeSlots, visitsToCome } from '../../src/store/visits-to-come.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
const run = (text: string) => database.pool.query({ text, values: [] })

beforeAll(async () => {
  database = await testDatabase()
  const soon = `now() + n * interval '15 minutes'`
  await run(`insert into schedule_plan (schedule, version, plan, terms, stale, longest)
    select 's' || n, n, '{}', '{}', false, interval '1 hour' from generate_series(1, 200) n`)
  await run(`insert into schedule_claim (schedule, resource) select 's' || n, 'Practitioner/' || n from generate_series(1, 200) n`)
  await run(`insert into schedule (id, version, updated, body, terms) select 's' || n, 1, now(), '{}', '{}' from generate_series(1, 200) n`)
  await run(`insert into slot (id, version, updated, body, terms, schedule, status, starts, ends, rule)
    select 's' || s || '-' || n, 1, now(), '{}', '{}', 's' || s, 'free', ${soon}, ${soon} + interval '15 minutes', 'r'
      from generate_series(1, 200) s, generate_series(1, 300) n`)
  await run(`insert into appointment (id, version, updated, body, terms, status, starts, ends)
    select 'a' || n, 1, now(), '{}', array['slot=Slot/s' || (1 + n % 200) || '-' || n, '@Patient/p' || n % 5000], 'fulfilled',
           now() - n * interval '10 minutes', now() - n * interval '9 minutes' from generate_series(1, 60000) n`)
  await run(`insert into appointment (id, version, updated, body, terms, status, starts, ends)
    select 'b' || n, 1, now(), '{}', array['slot=Slot/s' || n || '-' || 7, '@Patient/p' || n], 'booked', now() + interval '2 hours',
           now() + interval '3 hours' from generate_series(1, 200) n`)
  await run(`insert into claim (resource, session, period, appointment, client)
    select 'Practitioner/' || n, 'b' || n, tstzrange(now() + interval '2 hours', now() + interval '3 hours'), 'Appointment/b' || n, 'c'
      from generate_series(1, 200) n`)
  for (const table of ['slot', 'appointment', 'claim', 'schedule_plan', 'schedule_claim', 'schedule']) await run(`analyze ${table}`)
}, 120_000)
afterAll(() => database.drop())

type Plan = { readonly 'Node Type': string; readonly 'Relation Name'?: string; readonly Plans?: readonly Plan[] }

const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

/** The tables that a statement reads through, of those that grow. */
async function walked(ask: (db: Db) => Promise<unknown>): Promise<string[]> {
  const asked: Statement[] = []
  const listening: Db = {
    query: async (statement) => {
      asked.push(statement)
      return []
    },
  }
  await ask(listening)
  const [statement] = asked
  const [row] = await database.pool.query<{ 'QUERY PLAN': { Plan: Plan }[] }>({
    text: `explain (format json) ${statement?.text}`,
    values: statement?.values ?? [],
  })
  const scans = row?.['QUERY PLAN'].flatMap(({ Plan }) => nodes(Plan)).filter((node) => node['Node Type'] === 'Seq Scan') ?? []
  const grows = ['appointment', 'slot', 'visit_cap', 'audit_event']
  return scans.flatMap((node) => node['Relation Name'] ?? []).filter((name) => grows.includes(name))
}

const from = new Date().toISOString()
const until = new Date(Date.now() + 6 * 3_600_000).toISOString()

it.each<[string, (db: Db) => Promise<unknown>]>([
  ['how a time stands', (db) => timeStand(db, { schedule: 's7', from, until, limit: 1_000 })],
  ['the visits to come', (db) => visitsToCome(db, 's7', from, 100)],
  ['the Slots that rules have made', (db) => madeSlots(db, 's7', from, 10_000)],
])('%s is found by index', async (_, ask) => expect(await walked(ask)).toEqual([]))

it('whose visits are shown is found by index', async () => {
  const audit = { id: '01890000-0000-7000-8000-000000000000', at: from, interaction: 'x', action: 'E', client: 'c' } as const
  const shown = { entity: 'Schedule/s7', appointments: ['b7', 'a7'], patients: [] }
  expect(await walked((db) => auditAppointments(db, audit, shown))).toEqual([])
})

it('what is found is that Schedule’s alone, and the visit that has its time', async () => {
  const stand = await timeStand(database.pool, { schedule: 's7', from, until, limit: 1_000 })
  expect(stand?.claims).toEqual([expect.objectContaining({ resource: 'Practitioner/7', holder: 'Appointment/b7' })])
  // The visit itself beside what is claimed for it; they were put in by two statements.
  for (const { from, to, start, end } of stand?.claims ?? [])
    expect(Math.max(Math.abs(Number(from) - start), Math.abs(Number(to) - end))).toBeLessThan(60_000)
  expect(stand?.slots.length).toBeGreaterThan(20)
  expect(stand?.slots.every(({ id }) => id.startsWith('s7-'))).toBe(true)
  expect((await visitsToCome(database.pool, 's7', from, 100)).map(({ id }) => id)).toEqual(['b7'])
})
