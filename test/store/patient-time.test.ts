/**
 * When a patient is taken up by visits of their own: the right ones, beside visits of several patients, and read no further than
 * the time that is asked about. Visits are put into the table as other paths would leave them.
 */
import { patientTime } from '../../src/store/visit-context.ts'
import { fc } from '../support/chance.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
const run = (text: string, values: unknown[] = []) => database.pool.query<{ 'QUERY PLAN': string }>({ text, values })

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

const taking = ['booked', 'arrived', 'checked-in']
const hour = 3_600_000
const zero = Date.UTC(2030, 0, 1)

const visit = fc.record({
  patients: fc.uniqueArray(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 }),
  status: fc.constantFrom('pending', 'proposed', 'booked', 'arrived', 'checked-in', 'fulfilled', 'cancelled', 'noshow', 'waitlist', null),
  held: fc.constantFrom('yet', 'over', 'never'),
  start: fc.nat(20),
  hours: fc.integer({ min: 1, max: 12 }),
})
type Visit = typeof visit extends fc.Arbitrary<infer V> ? V : never

const holdEnds = { yet: '2099-01-01T00:00:00Z', over: '2001-01-01T00:00:00Z', never: null } as const

/** Worked out from the visits one by one: who is in it, does it take time, does it lie there. */
const expected = (visits: readonly Visit[], patient: string, from: number, until: number) =>
  visits
    .filter(({ patients }) => patients.some((id) => id === patient))
    .filter(({ status, held }) => taking.includes(status ?? '') || (status === 'pending' && held === 'yet'))
    .map(({ start, hours }) => ({ start, end: start + hours }))
    .filter(({ start, end }) => start < until && end > from)
    .toSorted((a, b) => a.start - b.start || a.end - b.end)

it("a patient's time is that of every visit that names them and takes time, alone or with others, and of nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(visit, { maxLength: 12 }), fc.nat(20), fc.integer({ min: 1, max: 6 }), async (visits, from, length) => {
      await run('delete from appointment')
      for (const [n, { patients, status, held, start, hours }] of visits.entries())
        await run(
          `insert into appointment (id, version, updated, body, terms, status, starts, ends, held_until) values ($1, 1, now(), '{}', $2, $3, $4, $5, $6)`,
          [
            `v${n}`,
            ['actor=Patient/a', ...patients.map((id) => `@Patient/${id}`), 'slot=Slot/1'],
            status,
            new Date(zero + start * hour),
            new Date(zero + (start + hours) * hour),
            holdEnds[held],
          ],
        )
      for (const patient of ['a', 'b', 'ab', 'nobody']) {
        const at = (hours: number): string => new Date(zero + hours * hour).toISOString()
        const found = await patientTime(database.pool, patient, at(from), at(from + length))
        expect(found.map(({ start, end }) => ({ start: (start - zero) / hour, end: (end - zero) / hour }))).toEqual(
          expected(visits, patient, from, from + length),
        )
      }
    }),
    { numRuns: 60 },
  )
}, 60_000)

it('a booking for somebody with two thousand visits reads no more of them than lie at its time', async () => {
  await run('delete from appointment')
  await run(`insert into appointment (id, version, updated, body, terms, status, starts, ends)
    select 'h' || n, 1, now(), '{}', array['actor=Practitioner/' || n % 50, '@Patient/often'], 'booked',
           timestamptz '2030-01-01' + n * interval '1 day', timestamptz '2030-01-01' + n * interval '1 day' + interval '15 minutes'
      from generate_series(-1000, 1000) n`)
  await run('analyze appointment')
  const rows = await run(
    `explain (analyze) select * from time_of_patient('Patient/often', timestamptz '2030-01-01 12:00', timestamptz '2030-01-01 12:15')`,
  )
  const text = rows.map((row) => row['QUERY PLAN']).join('\n')
  expect(text.match(/Index Scan using appointment_patient_time/g)).toHaveLength(2)
  expect(text).not.toContain('Rows Removed')
})
