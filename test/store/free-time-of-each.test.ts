/** What is free of several Schedules at once: Slots that reach into the window, holds that are over, and what one gives back oneself. */
import { freeTimeOfEach } from '../../src/store/free-time-of-each.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
const run = (text: string) => database.pool.query({ text, values: [] })
const day = '2030-01-07'
const at = (time: string): string => `${day}T${time}:00Z`

/** Of Schedule `s`, whose time is Practitioner/p's. */
const slot = (id: string, from: string, until: string, status = 'free', takenBy?: string, heldUntil = 'null') =>
  run(`insert into slot (id, version, updated, body, terms, schedule, status, starts, ends, taken_by, held_until)
    values ('${id}', 1, now(), '{}', '{}', 's', '${status}', '${at(from)}', '${at(until)}', ${takenBy ? `'${takenBy}'` : 'null'}, ${heldUntil})`)
const claim = (holder: string, from: string, until: string, expires = 'null') =>
  run(`insert into claim (resource, session, period, appointment, expires, client)
    values ('Practitioner/p', '${holder}', tstzrange('${at(from)}', '${at(until)}'), '${holder}', ${expires}, 'c')`)

beforeAll(async () => {
  database = await testDatabase()
  await run(
    `insert into schedule_plan (schedule, version, plan, terms, stale, longest) values ('s', 1, '{}', '{}', false, interval '1 hour')`,
  )
  await run(`insert into schedule_claim (schedule, resource) values ('s', 'Practitioner/p')`)
})
afterEach(async () => {
  await run('delete from slot')
  await run('delete from claim')
})
afterAll(() => database.drop())

type Found = { readonly free: readonly string[]; readonly taken: readonly string[] }
async function found(from: string, until: string, ...own: string[]): Promise<Found> {
  const [row] = await freeTimeOfEach(database.pool, { schedules: ['s'], from: at(from), until: at(until), each: 100, own })
  const time = (ms: number): string => new Date(ms).toISOString().slice(11, 16)
  const [free, taken] = [JSON.parse(row?.free ?? '[]') as [string][], JSON.parse(row?.taken ?? '[]') as [number, number][]]
  return { free: free.map(([id]) => id), taken: taken.map(([start, end]) => `${time(start)} ${time(end)}`) }
}

it('has Slots that reach into the window from before, and none that end or begin at its edge', async () => {
  await slot('before', '08:00', '09:00')
  await slot('into', '08:30', '09:15')
  await slot('in', '09:15', '09:30')
  await slot('out-of', '09:30', '10:30')
  await slot('after', '10:00', '10:30')
  expect((await found('09:00', '10:00')).free).toEqual(['into', 'in', 'out-of'])
})

it('has what is taken beside the window, for whose buffers reach out of it', async () => {
  await claim('Appointment/a', '08:30', '09:00')
  await claim('Appointment/b', '10:00', '10:30')
  expect([...(await found('09:00', '10:00')).taken].sort()).toEqual(['08:30 09:00', '10:00 10:30'])
})

it('counts a hold that is over for nothing', async () => {
  await slot('lapsed', '09:00', '09:30', 'busy-tentative', 'Appointment/a', `now() - interval '1 minute'`)
  await claim('Appointment/a', '09:00', '09:30', `now() - interval '1 minute'`)
  await slot('held', '09:30', '10:00', 'busy-tentative', 'Appointment/b', `now() + interval '1 hour'`)
  await claim('Appointment/b', '09:30', '10:00', `now() + interval '1 hour'`)
  expect(await found('09:00', '10:00')).toEqual({ free: ['lapsed'], taken: ['09:30 10:00'] })
})

it('offers the time of a hold that is over to nobody where another has it by now', async () => {
  await slot('lapsed', '09:00', '09:30', 'busy-tentative', 'Appointment/a', `now() - interval '1 minute'`)
  await claim('Appointment/b', '09:15', '09:30')
  expect((await found('09:00', '10:00')).free).toEqual([])
  await run('delete from claim')
  await slot('block', '09:15', '09:45', 'busy-unavailable')
  expect((await found('09:00', '10:00')).free).toEqual([])
})

it('has what one gives back oneself, once, also where that has run out', async () => {
  await slot('mine', '09:00', '09:30', 'busy', 'Appointment/a')
  await claim('Appointment/a', '09:00', '09:30')
  await slot('kept', '09:30', '10:00', 'busy-tentative', 'Slot/k', `now() - interval '1 minute'`)
  await slot('theirs', '10:00', '10:30', 'busy', 'Appointment/b')
  await claim('Appointment/b', '10:00', '10:30')
  const { free, taken } = await found('09:00', '10:30', 'Appointment/a', 'Slot/k')
  expect([[...free].sort(), taken]).toEqual([['kept', 'mine'], ['10:00 10:30']])
})
