/** Different times never get in each other's way, also not on one Schedule. */
import type { Db } from '../../src/store/db.ts'
import { disagreements } from '../support/agreement.ts'
import { clinic } from '../support/clinic.ts'
import { made, type TestHouse, testHouse } from '../support/house.ts'
import { untilWaiting } from '../support/until-waiting.ts'

let house: TestHouse

beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

describe('64 simultaneous bookings of 64 different times of one Schedule', () => {
  it('all succeed, and none waits for another', async () => {
    const place = await clinic(house.call, { start: '06:00:00', end: '22:00:00' })
    const patients = await place.patients(64)
    const slots = await place.slotsOn(5)
    const [first, ...others] = slots
    expect(slots).toHaveLength(64)
    const run = (db: Db, text: string, values: unknown[] = []) => db.query({ text, values })
    const stuck = await house.house.pool.connect(async (db) => {
      // Somebody else has the first of them in hand, so that its booking stops half way with all that it has taken by then.
      await run(db, 'begin')
      await run(db, 'select from slot where id = $1 for update', [first?.id])
      const waiting = place.book(first?.id ?? '', patients[0] ?? '')
      await untilWaiting(house.house.pool, 1)
      const answers = await Promise.all(others.map((slot, i) => place.book(slot.id, patients[i + 1] ?? '')))
      expect(answers.map(({ status }) => status)).toEqual(others.map(() => 201))
      await run(db, 'rollback')
      return { answer: waiting }
    })
    made(await stuck.answer)
    expect((await place.slotsOn(5)).map(({ status }) => status)).toEqual(slots.map(() => 'busy'))
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('all succeed with longer visits that join Slots, by holds that are then booked', async () => {
    const place = await clinic(house.call, { minutes: 30, start: '06:00:00', end: '22:00:00' })
    const patients = await place.patients(32)
    const starts = (await place.slotsOn(5)).filter((_, i) => i % 2 === 0)
    const held = await Promise.all(starts.map((slot, i) => place.hold(slot.id, patients[i] ?? '')))
    expect(held.map(({ status }) => status)).toEqual(starts.map(() => 201))
    const booked = await Promise.all(held.map(({ json }) => house.call('POST', `Appointment/${json.id}/$book`)))
    expect(booked.map(({ status }) => status)).toEqual(starts.map(() => 200))
    expect(new Set((await place.slotsOn(5)).map(({ status }) => status))).toEqual(new Set(['busy']))
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('lets overlapping visits of 30 minutes at every quarter never both stand', async () => {
    const place = await clinic(house.call, { minutes: 30, start: '06:00:00', end: '22:00:00' })
    const patients = await place.patients(64)
    const slots = await place.slotsOn(6)
    const answers = await Promise.all(slots.map((slot, i) => place.book(slot.id, patients[i] ?? '')))
    const won = answers.filter(({ status }) => status === 201).length
    expect(won).toBeGreaterThanOrEqual(21)
    expect(won).toBeLessThanOrEqual(32)
    const others = new Set(answers.filter(({ status }) => status !== 201).map(({ status }) => status))
    // The last quarter of the day has nothing after it to join.
    for (const status of others) expect([409, 422]).toContain(status)
    expect(await disagreements(house.house.pool)).toEqual([])
  })
})
