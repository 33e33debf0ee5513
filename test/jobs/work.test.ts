/** Durable jobs: there if and only if their transaction was committed, done once by whoever is free, tried again, given back by the dead. */
import { JobFailed, startWork, type Task, type Work } from '../../src/jobs/work.ts'
import { addJob, type JobRow, jobsIn, keepWorker, type NewJob, replayJobs } from '../../src/store/jobs.ts'
import { openPool } from '../../src/store/pool.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { streetHouse, type TestHouse } from '../http/door.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { eventually } from '../support/house.ts'

const waitMs = 60_000

let database: TestDatabase
let house: TestHouse
let working: Work[]
beforeEach(async () => {
  database = await testDatabase()
  house = { ...streetHouse(), pool: database.pool }
  working = []
})
afterEach(async () => {
  await Promise.all(working.map((work) => work.close()))
  await database.drop()
})

const work = async (tasks: Readonly<Record<string, Task>>): Promise<Work> => {
  const started = await startWork(house, database.url, tasks)
  working.push(started)
  return started
}
const put = (job: NewJob) => inTransaction(database.pool, (tx) => addJob(tx, job))
const jobs = (): Promise<JobRow[]> => jobsIn(database.pool)
/** The next attempt comes now. */
const hurry = () =>
  database.pool.query({ text: 'update graphile_worker._private_jobs set run_at = now() where locked_at is null', values: [] })

it('runs what was committed, and not what was rolled back', async () => {
  const seen: unknown[] = []
  await work({ note: async (_house, { n }) => void seen.push(n) })
  await expect(
    inTransaction(database.pool, async (tx) => {
      await addJob(tx, { task: 'note', payload: { n: 1 } })
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  await put({ task: 'note', payload: { n: 2 } })
  await eventually(waitMs, async () => (await jobs()).length === 0)
  expect(seen).toEqual([2])
})

it('runs each job once, however many processes there are', async () => {
  const seen: unknown[] = []
  const note: Task = async (_house, { n }) => void seen.push(n)
  await Promise.all([work({ note }), work({ note }), work({ note })])
  await inTransaction(database.pool, async (tx) => {
    for (let n = 0; n < 60; n++) await addJob(tx, { task: 'note', payload: { n } })
  })
  await eventually(waitMs, async () => (await jobs()).length === 0)
  expect(seen.toSorted()).toEqual(Array.from({ length: 60 }, (_, n) => n).toSorted())
})

it('takes one job for a key while it waits, and another once it is done', async () => {
  const seen: unknown[] = []
  await work({ other: async () => {} })
  for (const n of [1, 2, 3]) await put({ task: 'note', payload: { n }, key: 'same' })
  await work({ note: async (_house, { n }) => void seen.push(n) })
  await eventually(waitMs, async () => (await jobs()).length === 0)
  await put({ task: 'note', payload: { n: 4 }, key: 'same' })
  await eventually(waitMs, async () => seen.length === 2)
  expect(seen).toEqual([1, 4])
})

it('runs jobs of one queue one after the other', async () => {
  const running = { now: 0, most: 0 }
  const slow: Task = async () => {
    running.now++
    running.most = Math.max(running.most, running.now)
    await new Promise((resolve) => setImmediate(resolve))
    await database.pool.query({ text: 'select pg_sleep(0.02)', values: [] })
    running.now--
  }
  await work({ slow })
  for (let n = 0; n < 8; n++) await put({ task: 'slow', payload: {}, queue: 'one' })
  await eventually(waitMs, async () => (await jobs()).length === 0)
  expect(running.most).toBe(1)
})

it('tries again after a growing while, is dead after the last attempt, and keeps no words but its own', async () => {
  const attempts: [number, boolean][] = []
  const outcome = { fails: true }
  const secret = 'Mrs. Example, born 1970'
  await work({
    fragile: async (_house, _payload, { attempt, isLast }) => {
      attempts.push([attempt, isLast])
      if (outcome.fails) throw attempt === 1 ? new Error(secret) : new JobFailed('the other side answered 500')
    },
  })
  await put({ task: 'fragile', payload: {}, key: 'k', attemptsMax: 3 })
  const delays: number[] = []
  for (const tries of [1, 2]) {
    await eventually(waitMs, async () => (await jobs())[0]?.state === 'failing' && attempts.length === tries)
    const [job] = await jobs()
    delays.push((job?.due.getTime() ?? 0) - Date.now())
    expect(job?.failure).toBe(tries === 1 ? 'exception' : 'the other side answered 500')
    await hurry()
  }
  expect(delays[1]).toBeGreaterThan((delays[0] ?? 0) * 1.8)
  await eventually(waitMs, async () => (await jobs())[0]?.state === 'dead')
  expect(attempts).toEqual([
    [1, false],
    [2, false],
    [3, true],
  ])
  expect(house.warnings.map(({ details }) => details)).toEqual([{ job: expect.any(String), why: 'the other side answered 500' }])
  expect(JSON.stringify([house.warnings, await jobs()])).not.toContain('Example')

  outcome.fails = false
  await put({ task: 'fragile', payload: {}, key: 'k' })
  expect(attempts).toHaveLength(3)
  const [dead] = await jobs()
  expect(await replayJobs(database.pool, [dead?.id ?? ''])).toEqual([dead?.id])
  await eventually(waitMs, async () => (await jobs()).length === 0)
  expect(attempts.at(-1)).toEqual([1, false])
})

it('gives back the jobs of a worker that was killed, and not those of one that lives', async () => {
  await work({ other: async () => {} })
  await put({ task: 'note', payload: { n: 'of the dead' } })
  await put({ task: 'note', payload: { n: 'of the living' } })
  const [dead, living] = await jobs()
  const take = (job: JobRow | undefined, worker: string) =>
    database.pool.query({
      text: `update graphile_worker._private_jobs set locked_at = now() - interval '1 minute', locked_by = $2, attempts = 1 where id = $1`,
      values: [job?.id, worker],
    })
  const line = openPool(database.url, { max: 1 })
  await keepWorker(line, 'pool-living')
  await take(dead, 'pool-dead')
  await take(living, 'pool-living')
  const seen: unknown[] = []
  await work({ note: async (_house, { n }) => void seen.push(n) })
  await eventually(waitMs, async () => (await jobs()).length === 1)
  expect(seen).toEqual(['of the dead'])
  expect((await jobs()).map(({ state }) => state)).toEqual(['running'])
  await line.end()
  await eventually(waitMs, async () => seen.length === 2)
})

it('ends when it is asked to, after the job that it is doing', async () => {
  const done: string[] = []
  const started = await work({
    slow: async () => {
      done.push('begun')
      await database.pool.query({ text: 'select pg_sleep(0.3)', values: [] })
      done.push('done')
    },
  })
  await put({ task: 'slow', payload: {} })
  await eventually(waitMs, async () => done.length === 1)
  await started.close()
  expect(done).toEqual(['begun', 'done'])
  expect(await jobs()).toEqual([])
})

it('goes on after the database has thrown out all its connections', async () => {
  const seen: unknown[] = []
  await work({ note: async (_house, { n }) => void seen.push(n) })
  await database.pool.query({
    text: 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    values: [],
  })
  await eventually(waitMs, async () =>
    put({ task: 'note', payload: { n: 1 } }).then(
      () => true,
      () => false,
    ),
  )
  await eventually(waitMs, async () => seen.length >= 1)
})
