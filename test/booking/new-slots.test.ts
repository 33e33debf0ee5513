/** A Slot that comes to be while somebody takes its time: it reads as taken in the end, whichever of the two began first. */
import { settleNewSlots } from '../../src/booking/settle-new-slots.ts'
import type { Tx } from '../../src/store/db.ts'
import { newSlotsAfter } from '../../src/store/new-slots.ts'
import { takeTimeFor } from '../../src/store/take-time.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { disagreements } from '../support/agreement.ts'
import { availability, clinic, instantIn, timezone } from '../support/clinic.ts'
import { type Body, eventually, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

const sql = (text: string) => ({ text, values: [] })

/** Takes a practitioner's time by a view of the database from before `meanwhile`. */
async function takeBehind(practitioner: string, day: number, meanwhile: () => Promise<void>): Promise<void> {
  await house.house.pool.connect(async (db) => {
    // One view for the whole transaction is what one statement has that began before and goes on after.
    await db.query(sql('begin isolation level repeatable read'))
    await db.query(sql('select count(*) from slot'))
    await meanwhile()
    const [start, end] = [instantIn(day, '20:00'), instantIn(day, '20:15')]
    const placed = await takeTimeFor(db as Tx, {
      ...{ holder: `Slot/behind-${day}`, claims: [`Practitioner/${practitioner}`], from: start, until: end, start, end, needed: [] },
      ...{ client: 'test', at: new Date().toISOString() },
    })
    expect(placed).toBe(true)
    await db.query(sql('commit'))
  })
}

const settled = (): Promise<number> =>
  eventually(60_000, async () => {
    await settleNewSlots(house.house)
    return (await disagreements(house.house.pool)).length === 0
  })

it('is the Slot that a client writes', async () => {
  const place = await clinic(house.call)
  const slot: { id?: string } = {}
  await takeBehind(place.practitioners[0] ?? '', 3, async () => {
    const body = { resourceType: 'Slot', status: 'free', schedule: { reference: `Schedule/${place.schedules[0]}` } }
    slot.id = made(await house.call('POST', 'Slot', { ...body, start: instantIn(3, '20:00'), end: instantIn(3, '20:15') })).id
    // Nobody is asked about it before everybody sees it.
    await settleNewSlots(house.house)
  })
  expect(await disagreements(house.house.pool)).toEqual([`free under a claim: Slot/${slot.id} under Slot/behind-3`])
  expect((await place.book(String(slot.id), await place.patient())).status).toBe(409)
  await settled()
  expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy')
})

it('is a Slot of another of the practitioner’s Schedules, moved there by hand', async () => {
  const place = await clinic(house.call)
  const body = { resourceType: 'Slot', status: 'free', schedule: { reference: `Schedule/${place.schedules[0]}` } }
  const slot = made(await house.call('POST', 'Slot', { ...body, start: instantIn(4, '21:00'), end: instantIn(4, '21:15') }))
  await takeBehind(place.practitioners[0] ?? '', 4, async () => {
    made(await house.call('PUT', `Slot/${slot.id}`, { ...slot, start: instantIn(4, '20:00'), end: instantIn(4, '20:15') }), 200)
  })
  expect(await disagreements(house.house.pool)).toHaveLength(1)
  await settled()
  expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy')
})

it('is every Slot that rules make, and no other is touched', async () => {
  const place = await clinic(house.call)
  const made1 = { before: [] as Body[] }
  await takeBehind(place.practitioners[0] ?? '', 5, async () => {
    const schedule = await place.schedule()
    const extension = [timezone('Etc/UTC'), availability({ end: '21:00:00' })]
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, extension }), 200)
    await eventually(60_000, async () => (await place.slotsOn(5)).length === 48)
    made1.before = await place.slotsOn(5)
  })
  await settled()
  const after = await place.slotsOn(5)
  const changed = after.filter(({ meta }, n) => meta.versionId !== made1.before[n]?.meta.versionId)
  expect(changed.map(({ start, status }) => [start.slice(11, 16), status])).toEqual([['20:00', 'busy']])
  const [found] = matches(await house.call('GET', `Slot?_id=${changed[0]?.id}&status=free`))
  expect(found).toBeUndefined()
})

describe('what is found of new Slots in the log of changes', () => {
  const schedules: string[] = []
  beforeAll(async () => {
    schedules.push(...(await clinic(house.call, { n: 2 })).schedules)
  })
  const body = (day: number, schedule = schedules[0]): object => ({
    ...{ resourceType: 'Slot', status: 'free', schedule: { reference: `Schedule/${schedule}` } },
    ...{ start: instantIn(day, '20:00'), end: instantIn(day, '20:15') },
  })
  const slot = async (day: number): Promise<Body> => made(await house.call('POST', 'Slot', body(day)))
  const put = async (id: string, more: object): Promise<Body> =>
    made(await house.call('PUT', `Slot/${id}`, { ...made(await house.call('GET', `Slot/${id}`), 200), ...more }), 200)

  /** The Schedules on which something was found of all that the deed has written. */
  async function foundAfter(deed: () => Promise<unknown>): Promise<readonly (string | undefined)[]> {
    const { pool } = house.house
    const log = await clinic(house.call)
    const [before] = await pool.query<{ xid: string; pos: string }>(
      sql('select xid::text as xid, max(pos)::text as pos from change group by xid order by change.xid desc limit 1'),
    )
    await deed()
    // Its Slot stands at the end of the log: once that is found, all before it was looked at.
    await house.call('POST', 'Slot', body(9, log.schedules[0]))
    const seen = { schedules: [] as string[] }
    await eventually(60_000, async () => {
      const next = await inTransaction(pool, (tx) => newSlotsAfter(tx, before ?? { xid: '0', pos: '0' }))
      seen.schedules = (next?.found ?? []).map(({ schedule }) => schedule)
      return seen.schedules.includes(String(log.schedules[0]))
    })
    return schedules.filter((one) => seen.schedules.includes(one))
  }

  it('is one that comes back after it was deleted', async () => {
    const one = await slot(11)
    expect((await house.call('DELETE', `Slot/${one.id}`)).status).toBe(204)
    const { meta: _meta, ...same } = one
    expect(await foundAfter(async () => made(await house.call('PUT', `Slot/${one.id}`, same)))).toEqual([schedules[0]])
  })

  it('is one that is longer than before', async () => {
    const one = await slot(12)
    expect(await foundAfter(() => put(one.id, { end: instantIn(12, '20:30') }))).toEqual([schedules[0]])
  })

  it('is one that was moved to another Schedule', async () => {
    const one = await slot(13)
    expect(await foundAfter(() => put(one.id, { schedule: { reference: `Schedule/${schedules[1]}` } }))).toEqual([schedules[1]])
  })

  it('is none that stays where it was, and none that is over', async () => {
    const one = await slot(14)
    expect(await foundAfter(() => put(one.id, { comment: 'By the window' }))).toEqual([])
    expect(await foundAfter(() => slot(-2))).toEqual([])
  })
})
