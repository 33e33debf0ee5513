/** A free time finds its best entry among 50,000 by reading a few rows, in the order of the pure ranking. */
import { rankingWeightsDefault } from '../../src/base/waitlist-settings.ts'
import { ranking } from '../../src/scheduling/waitlist-ranking.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { applyWeights, entriesFor, entriesForText, keepEntry } from '../../src/store/waitlist-entries.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

const many = 50_000
const service = 'healthcare-service=HealthcareService/1'
const ask = {
  slot: 's',
  terms: [service, 'practitioner=Practitioner/7', 'location=Location/1', 'specialty=x', 'any'],
  start: '2027-03-01T10:00:00Z',
  day: 1,
  minutes: 600,
  now: '2027-02-01T00:00:00Z',
}
const week = {
  earliest: '2027-01-01T00:00:00Z',
  latest: '2028-01-01T00:00:00Z',
  days: 127,
  timeFrom: 0,
  timeTo: 1440,
  expires: '2029-01-01T00:00:00Z',
}
const entry = (appointment: string, more: object = {}) => ({
  ...{
    appointment,
    patient: appointment,
    keys: [service],
    urgency: 0.5,
    fit: 0,
    services: [service],
    practitioners: [],
    places: [],
    devices: [],
  },
  ...week,
  joined: '2027-01-10T00:00:00Z',
  ...more,
})

it('gives those whose words allow the time, in the order of the ranking, page by page', async () => {
  const entries = Array.from({ length: 60 }, (_, i) =>
    entry(`e${i}`, {
      urgency: (i % 9) / 8,
      fit: (i % 4) / 4,
      joined: new Date(Date.UTC(2027, 0, 1 + (i % 13))).toISOString(),
      ...(i % 5 === 0 && { days: 2 }),
      ...(i % 7 === 0 && { timeFrom: 660 }),
      ...(i % 11 === 0 && { practitioners: ['practitioner=Practitioner/8'], keys: ['practitioner=Practitioner/8'] }),
    }),
  )
  await inTransaction(database.pool, async (tx) => {
    await applyWeights(tx, rankingWeightsDefault)
    for (const one of entries) await keepEntry(tx, one, rankingWeightsDefault)
  })
  const allowed = entries.filter((_, i) => i % 5 !== 0 && i % 7 !== 0 && i % 11 !== 0)
  const ranked = allowed.map(({ appointment, joined, urgency, fit }) => ({
    ...{ entry: appointment, joined: Date.parse(joined), urgency, fit, passed: 0, offered: 0 },
  }))
  const first = await entriesFor(database.pool, ask)
  const rest = await entriesFor(database.pool, { ...ask, after: first.at(-1) })
  expect([...first, ...rest].map((one) => one.entry)).toEqual(ranking(ranked, rankingWeightsDefault).map((one) => one.entry))
})

it('reads a few rows of very many that wait for the same', async () => {
  await database.pool.query({
    text: `insert into waitlist_entry (key, appointment, patient, standing, joined, urgency, fit, services, practitioners, places, devices,
             earliest, latest, days, time_from, time_to, expires)
           select $1, 'm' || n, 'm' || n, -20000 - n / 1000.0, now(), 0.5, 0, array[$1], '{}', '{}', '{}',
             '2027-01-01', '2028-01-01', case when n % 10 = 0 then 127 else 2 end, 0, 1440, '2029-01-01' from generate_series(1, $2::int) n`,
    values: [service, many],
  })
  await database.pool.query({ text: 'analyze waitlist_entry', values: [] })
  const values = [ask.slot, ask.terms, ask.start, ask.day, ask.minutes, ask.now, null, null]
  const [plan] = await database.pool.query<{ 'QUERY PLAN': { Plan: Node }[] }>({
    text: `explain (analyze, format json) ${entriesForText}`,
    values,
  })
  const walked = nodes(plan?.['QUERY PLAN'][0]?.Plan).filter((node) => node['Relation Name'] === 'waitlist_entry')
  expect(walked.map((node) => node['Index Name'])).toEqual(['waitlist_entry_rank'])
  // One in ten is allowed: twenty are found among some two hundred.
  const read = walked.reduce(
    (sum, node) => sum + node['Actual Rows'] * node['Actual Loops'] + (node['Rows Removed by Filter'] ?? 0) * node['Actual Loops'],
    0,
  )
  expect(read).toBeLessThan(1_000)
  expect(await entriesFor(database.pool, ask)).toHaveLength(20)
})

type Node = {
  Plans?: Node[]
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
}
const nodes = (node: Node | undefined): Node[] => (node ? [node, ...(node.Plans ?? []).flatMap(nodes)] : [])
