/** Wide looks for free time that are asked for at once answer what each answers alone, in fewer statements. */
import type { Pool, Statement } from '../../src/store/db.ts'
import { freeByTime, type TimeWindow } from '../../src/store/free-by-time.ts'
import { matchingTogether } from '../../src/store/matching-together.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
const run = (text: string) => database.pool.query({ text, values: [] })
const hourSeconds = 3600
const monday = Date.parse('2030-01-07T00:00:00Z') / 1000
const at = (hour: number): string => new Date((monday + hour * hourSeconds) * 1000).toISOString()

const schedules = ['a', 'b', 'c', 'd', 'e']
type Slot = { readonly id: string; readonly schedule: string; readonly hour: number; readonly free: boolean }
/** Of each Schedule one an hour; every fourth is booked, and each Schedule leaves out some hours. */
const slots: readonly Slot[] = schedules.flatMap((schedule, of) =>
  Array.from({ length: 48 }, (_, hour) => ({ id: `${schedule}${hour}`, schedule, hour, free: (hour + of) % 4 !== 0 })).filter(
    ({ hour }) => hour % (of + 2) !== 1,
  ),
)

beforeAll(async () => {
  database = await testDatabase()
  await run(`insert into schedule_plan (schedule, version, plan, terms, stale, longest)
    select one, ascii(one), '{}', array['specialty=x', 'place=' || (ascii(one) % 2)], false, interval '1 hour' from unnest('{${schedules}}'::text[]) one`)
  await run(`insert into slot (id, version, updated, body, terms, schedule, status, starts, ends)
    values ${slots.map(({ id, schedule, hour, free }) => `('${id}', 1, now(), '{"id": "${id}"}', '{}', '${schedule}', '${free ? 'free' : 'busy'}', '${at(hour)}', '${at(hour + 1)}')`)}`)
})
afterAll(() => database.drop())

function watched(pool: Pool): { pool: Pool; sent: Statement[] } {
  const sent: Statement[] = []
  const query: Pool['query'] = (statement) => {
    sent.push(statement)
    return pool.query(statement)
  }
  return { sent, pool: { ...pool, query } }
}

/** By hand: Slot for Slot in the order of time, free or not and whoever's, until one of both limits says stop. */
function expected({ schedules: asked, from, until, behind, looked, limit }: TimeWindow) {
  const order = slots
    .filter(({ hour, schedule }) => at(hour) >= from && at(hour) < until && (at(hour) > from || schedule > behind))
    .sort((a, b) => a.hour - b.hour || (a.schedule < b.schedule ? -1 : 1))
  const found: string[] = []
  for (const [seen, slot] of order.entries()) {
    if (seen === looked) return { found, last: slot.id }
    if (slot.free && asked.includes(slot.schedule)) found.push(slot.id)
    if (found.length === limit) return { found, last: slot.id }
  }
  return { found, last: undefined }
}

const windows: readonly TimeWindow[] = Array.from({ length: 40 }, (_, n) => ({
  schedules: [['a', 'b', 'c', 'd', 'e'], ['b', 'd'], ['e'], ['a', 'c', 'e']][n % 4] ?? [],
  from: at(n % 7),
  until: at(12 + ((n * 5) % 30)),
  behind: n % 3 === 0 ? 'c' : '',
  looked: n % 5 === 0 ? 9 : 400,
  limit: 1 + ((n * 3) % 25),
  bodies: n % 2 === 0,
  claims: n % 8 === 7,
}))

it('each of forty who look through the time at once finds their own Schedules in their own window', async () => {
  const { pool, sent } = watched(database.pool)
  const answers = await Promise.all(windows.map((window) => freeByTime(pool, window)))
  const bySlot = (last: { schedule: string; starts: number } | undefined) =>
    last && `${last.schedule}${(last.starts - monday) / hourSeconds}`
  expect(answers.map(({ free, last }) => ({ found: free.map(({ id }) => id), last: bySlot(last) }))).toEqual(windows.map(expected))
  for (const [n, { free, plans }] of answers.entries()) {
    for (const { id, body } of free) expect(body).toBe(windows[n]?.bodies ? `{"id": "${id}"}` : null)
    for (const { schedule } of free) expect(plans.get(schedule)).toBe(String(schedule.charCodeAt(0)))
  }
  expect(sent.length).toBeLessThan(10)
})

it('a hold whose time is over is free for all who look at once, and one that runs for none', async () => {
  await run(`insert into slot (id, version, updated, body, terms, schedule, status, starts, ends, held_until) values
    ('over', 1, now(), '{}', '{}', 'a', 'busy-tentative', '${at(100)}', '${at(101)}', now() - interval '1 second'),
    ('held', 1, now(), '{}', '{}', 'b', 'busy-tentative', '${at(100)}', '${at(101)}', now() + interval '1 hour')`)
  const window = { from: at(100), until: at(101), behind: '', looked: 50, limit: 10, bodies: false, claims: false }
  const lists = [['a', 'b'], ['a'], ['b'], ['c', 'd']]
  const answers = await Promise.all(lists.map((asked) => freeByTime(database.pool, { ...window, schedules: asked })))
  expect(answers.map(({ free }) => free.map(({ id }) => id))).toEqual([['over'], ['over'], [], []])
})

it('those who look for the same Schedules at once share a look, others have their own', async () => {
  const { pool, sent } = watched(database.pool)
  const [all, even, odd] = [[['specialty=x']], [['specialty=x'], ['place=0']], [['specialty=x'], ['place=1']]]
  const asked = [all, even, all, odd, all, even, all]
  const answers = await Promise.all(asked.map((groups) => matchingTogether(pool, groups, 10)))
  const [evens, odds] = [
    ['b', 'd'],
    ['a', 'c', 'e'],
  ]
  expect(answers).toEqual([schedules, evens, schedules, odds, schedules, evens, schedules])
  expect(sent).toHaveLength(3)
  expect(await Promise.all([matchingTogether(pool, all, 10), matchingTogether(pool, all, 2)])).toEqual([schedules, ['a', 'b']])
})

it('who asks while a look is under way is shown what was written before they asked', async () => {
  const groups = [['specialty=new']]
  const looks: Promise<readonly string[]>[] = []
  for (const name of ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']) {
    await run(`insert into schedule_plan (schedule, version, plan, terms, stale, longest)
      values ('${name}', 1, '{}', '{specialty=new}', false, interval '1 hour')`)
    looks.push(matchingTogether(database.pool, groups, 10))
    looks.push(matchingTogether(database.pool, groups, 10))
  }
  const counts = (await Promise.all(looks)).map((found) => found.length)
  for (const [n, count] of counts.entries()) expect(count).toBeGreaterThanOrEqual(Math.floor(n / 2) + 1)
})
