/** Endpoints that refuse, fail, dawdle or point elsewhere: nothing is lost, nothing comes out of order, and it ends. */
import { type Body, eventually, made, type TestHouse, testHouse } from '../support/house.ts'
import { answers, type Behaviour, isEvent, type Receiver, receiver, told } from '../support/receiver.ts'
import { becomes, byTopic, subscribed } from './subscribing.ts'

let house: TestHouse
let hook: Receiver
beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
})
afterAll(() => house.close())
beforeEach(async () => {
  hook = await receiver()
})
afterEach(() => hook.close())

type Job = { attempts: number; due: number; failure: string | null }
const jobOf = async (id: string): Promise<Job | undefined> => {
  const [row] = await house.house.pool.query<Job>({
    text: `select attempts, extract(epoch from run_at - now())::float as due, last_error as failure from graphile_worker._private_jobs
            where key = $1 and locked_at is null`,
    values: [`subscription:${id}`],
  })
  return row
}
/** The next attempt comes now. */
const hurry = (id: string) =>
  house.house.pool.query({
    text: 'update graphile_worker._private_jobs set run_at = now() where key = $1 and locked_at is null and attempts < max_attempts',
    values: [`subscription:${id}`],
  })
const appointment = async (comment: string): Promise<Body> =>
  made(
    await house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'proposed',
      comment,
      participant: [{ actor: { reference: 'Practitioner/x' }, status: 'needs-action' }],
    }),
  )
const subscribe = (more: Partial<Parameters<typeof byTopic>[0]> = {}) =>
  subscribed(house.call, byTopic({ endpoint: hook.url, content: 'full-resource', maxCount: 1, timeout: 1, ...more }))
const off = (id: string) => house.call('DELETE', `Subscription/${id}`)

const breaking: Behaviour = (response) => void response.socket?.destroy()
const dawdling: Behaviour = () => undefined

it.each([
  ['answers 500', answers(500), 'the endpoint answered 500'],
  ['breaks the line', breaking, 'the endpoint broke the connection off'],
  ['does not answer', dawdling, 'the endpoint did not answer within 1 s'],
  ['points elsewhere', answers(302, { location: 'http://127.0.0.1:1/' }), 'the endpoint answered 302'],
])('an endpoint that %s is tried again later, and told all in order', async (_how, behaviour, why) => {
  const { id } = await subscribe()
  hook.behave(behaviour)
  const first = await appointment('first')
  await eventually(60_000, async () => (await jobOf(id))?.failure === why)
  const second = await appointment('second')
  hook.behave(answers(200))
  const failed = hook.received.filter(isEvent).length
  await eventually(60_000, async () => {
    await hurry(id)
    return hook.received.filter(isEvent).length >= failed + 2
  })
  const events = hook.received.filter(isEvent).map(told)
  expect(new Set(events.slice(0, -1).map(({ numbers }) => numbers.join()))).toEqual(new Set(['1']))
  expect(events.at(-1)?.numbers).toEqual(['2'])
  expect(events.slice(-2).map(({ entries }) => entries[0].resource)).toEqual([first, second])
  await off(id)
})

it('an endpoint that nobody serves is given up after ever longer whiles, says so, and is told all when it is tried again', async () => {
  const { id } = await subscribe()
  hook.behave(answers(503))
  const visits = [await appointment('one'), await appointment('two')]
  const delays: number[] = []
  for (let attempt = 1; attempt < 10; attempt++) {
    await eventually(60_000, async () => (await jobOf(id))?.attempts === attempt)
    delays.push((await jobOf(id))?.due ?? 0)
    await hurry(id)
  }
  for (const [i, delay] of delays.entries()) if (i > 1) expect(delay).toBeGreaterThan((delays[i - 1] ?? 0) * 2)
  await becomes(house.call, id, 'error')
  const { json } = await house.call('GET', `Subscription/${id}`)
  expect((json as Body & { error: string }).error).toBe('The endpoint answered 503.')
  await eventually(60_000, async () => (await jobOf(id))?.attempts === 10)
  visits.push(await appointment('three'))

  hook.behave(answers(200))
  const before = hook.received.length
  await house.house.pool.query({
    text: `select graphile_worker.reschedule_jobs(array_agg(id), run_at => now(), attempts => 0) from graphile_worker._private_jobs where key = $1`,
    values: [`subscription:${id}`],
  })
  await eventually(60_000, async () => hook.received.slice(before).filter(isEvent).length >= 3)
  const events = hook.received.slice(before).filter(isEvent).map(told)
  expect(events.map(({ numbers }) => numbers.join())).toEqual(['1', '2', '3'])
  expect(events.map(({ entries }) => entries[0].resource)).toEqual(visits)
  await becomes(house.call, id, 'active')
  await off(id)
})

it('an endpoint that is slow keeps nobody else waiting', async () => {
  const slow = await Promise.all([1, 2, 3].map(() => receiver()))
  const ids = []
  for (const one of slow) ids.push((await subscribe({ endpoint: one.url, timeout: 30 })).id)
  for (const one of slow) one.behave(dawdling)
  const { id } = await subscribe()
  await appointment('for all')
  await hook.waitFor(1, isEvent)
  for (const one of [...ids, id]) await off(one)
  await Promise.all(slow.map((one) => one.close()))
})
