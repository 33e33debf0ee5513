/** A Slot that is written by hand locks in the order of everybody (docs/decisions/0030): it meets no booking in a circle. */
import { systemIds } from '../../src/base/ids.ts'
import { lockResource } from '../../src/store/resources.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { closeInAgreement, disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { type Heard, listen } from '../support/listened-pool.ts'
import { untilWaiting } from '../support/until-waiting.ts'

let house: TestHouse
let place: Clinic
let heard: Heard
let schedule: string

beforeAll(async () => {
  house = await testHouse()
  heard = listen(house.house.pool)
  place = await clinic(house.call, { minutes: 30, slotMinutes: 30 })
  const actor = [{ reference: `Practitioner/${place.practitioners[0]}` }]
  schedule = made(await house.call('POST', 'Schedule', { resourceType: 'Schedule', actor })).id
})
afterEach(async () => {
  expect(heard.deadlocks.splice(0)).toEqual([])
  expect(await disagreements(house.house.pool)).toEqual([])
})
afterAll(() => closeInAgreement(house))

let day = 1
const slotOf = (id: string, status = 'free', [from, until] = ['09:00', '09:30']): Body =>
  ({
    ...{ resourceType: 'Slot', id, status, schedule: { reference: `Schedule/${schedule}` } },
    ...{ start: instantIn(day, from as string), end: instantIn(day, until as string) },
  }) as unknown as Body
const put = (resource: Body): Promise<Answer> => house.call('PUT', `Slot/${resource.id}`, resource)
const bundle = (...entry: object[]): Promise<Answer> => house.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })
const entryOf = (resource: Body) => ({ resource, request: { method: 'PUT', url: `Slot/${resource.id}` } })
const saidIn = async (answer: Promise<Answer>): Promise<number> => (await answer).status

/** Three Slots at one time, in the order of their names; the booking has the claim and the first, and waits for the second. */
async function beside(status: string, write: (last: Body) => Promise<number>): Promise<{ booked: number; written: number; now: Body }> {
  day++
  const tag = systemIds.next()
  const slots = ['a', 'b', 'c'].map((name) => slotOf(`${name}-${tag}`))
  for (const slot of slots) made(await put(slot))
  const [, second, last] = slots as [Body, Body, Body]
  if (status !== 'free') made(await put({ ...last, status } as Body), 200)
  const patient = await place.patient()
  const { pool } = house.house
  const asked = await inTransaction(pool, async (tx) => {
    await lockResource(tx, 'Slot', second.id)
    const booked = house.call('POST', `Slot/${last.id}/$book`, parameters({ patient: `Patient/${patient}` }))
    await untilWaiting(pool, 1)
    const written = write(last)
    await untilWaiting(pool, 2)
    return { booked, written }
  })
  const [booked, written] = [await asked.booked, await asked.written]
  return { booked: booked.status, written, now: made(await house.call('GET', `Slot/${last.id}`), 200) }
}

const patch = (last: Body, value: string): Promise<Answer> =>
  house.call('PATCH', `Slot/${last.id}`, [{ op: 'replace', path: '/status', value }], { 'content-type': 'application/json-patch+json' })

describe('beside a booking of its time', () => {
  /** What is as it is asked to be, however it came to it, stays so. */
  const ways: readonly [string, string, number, (last: Body) => Promise<number>][] = [
    ['set busy', 'free', 200, (last) => saidIn(put({ ...last, status: 'busy' } as Body))],
    ['held by hand', 'free', 409, (last) => saidIn(put({ ...last, status: 'busy-tentative' } as Body))],
    ['patched', 'free', 200, (last) => saidIn(patch(last, 'busy'))],
    ['set busy in a transaction', 'free', 200, (last) => saidIn(bundle(entryOf({ ...last, status: 'busy' } as Body)))],
    ['set busy by criteria', 'free', 200, (last) => saidIn(house.call('PUT', `Slot?_id=${last.id}`, { ...last, status: 'busy' }))],
    ['made a block', 'free', 200, (last) => saidIn(put({ ...last, status: 'busy-unavailable' } as Body))],
    ['freed', 'busy', 409, (last) => saidIn(put(last))],
    ['set busy again', 'busy', 200, (last) => saidIn(put({ ...last, status: 'busy' } as Body))],
    ['deleted', 'busy', 409, (last) => saidIn(house.call('DELETE', `Slot/${last.id}`))],
    ['deleted in a transaction', 'busy', 409, (last) => saidIn(bundle({ request: { method: 'DELETE', url: `Slot/${last.id}` } }))],
  ]
  it.each(ways)('one that is %s waits before it has a Slot', async (how, status, answer, write) => {
    const { booked, written, now } = await beside(status, write)
    expect([booked, written]).toEqual([201, answer])
    expect(now.status).toBe(how === 'made a block' ? 'busy-unavailable' : 'busy')
  })
})

it('keeps the time that it takes from a booking that comes while it waits for a Slot', async () => {
  day++
  const tag = systemIds.next()
  const [first, last] = [slotOf(`a-${tag}`), slotOf(`b-${tag}`)]
  for (const slot of [first, last]) made(await put(slot))
  const { pool } = house.house
  const patient = await place.patient()
  const asked = await inTransaction(pool, async (tx) => {
    await lockResource(tx, 'Slot', first.id)
    const written = put({ ...last, status: 'busy' } as Body)
    await untilWaiting(pool, 1)
    const booked = place.book(first.id, patient)
    await untilWaiting(pool, 2)
    return { written, booked }
  })
  expect([(await asked.written).status, (await asked.booked).status]).toEqual([200, 409])
  const left = { text: `select 1 from claim where appointment like '%?'`, values: [] }
  expect(await pool.query(left)).toEqual([])
})

it.each(['$book', 'an Appointment that is written'])('%s waits for its turn before it takes over what a Slot has by hand', async (how) => {
  day++
  const slot = made(await put(slotOf(`${systemIds.next()}`, 'busy')))
  const patient = await place.patient()
  const { pool } = house.house
  const booked = await inTransaction(pool, async (tx) => {
    const turn = 'select pg_advisory_xact_lock(hashtextextended($1, 15))'
    await tx.query({ text: turn, values: [`Practitioner/${place.practitioners[0]}`] })
    const answer = how === '$book' ? place.book(slot.id, patient) : house.call('POST', 'Appointment', place.appointment(slot, patient))
    await untilWaiting(pool, 1)
    await tx.query({ text: 'select 1 from claim where appointment = $1 for update nowait', values: [`Slot/${slot.id}`] })
    return { answer }
  })
  made(await booked.answer)
  expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy')
})

it('one that is free and stays so, or is over, takes no turn and asks after no claim first', async () => {
  day++
  const tag = systemIds.next()
  const slots = Array.from({ length: 20 }, (_, n) => slotOf(`${n + 10}-${tag}`))
  const turns = async (work: () => Promise<Answer>): Promise<number> => {
    const begun = heard.statements.length
    expect((await work()).status).toBeLessThan(300)
    return heard.statements.slice(begun).filter((text) => text.includes('pg_advisory_xact_lock') || text.includes('all_open')).length
  }
  expect(await turns(() => bundle(...slots.map(entryOf)))).toBe(1)
  expect(await turns(() => bundle(...slots.map((slot) => entryOf({ ...slot, comment: 'Bring papers' } as Body))))).toBe(1)
  expect(await turns(() => put({ ...(slots[0] as Body), comment: 'Bring nothing' } as Body))).toBe(1)
  expect(await turns(() => house.call('DELETE', `Slot/${slots[1]?.id}`))).toBe(1)
  day = -2
  const over = slotOf(`over-${tag}`, 'busy')
  expect(await turns(() => put(over))).toBe(1)
  expect(await turns(() => put({ ...over, comment: 'Came' } as Body))).toBe(1)
})
