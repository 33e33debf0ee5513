/** Different times never get in each other's way, also not on one Schedule. */
import { disagreements } from '../support/agreement.ts'
import { clinic } from '../support/clinic.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse

beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

describe('64 simultaneous bookings of 64 different times of one Schedule', () => {
  it('all succeed, and none waits for another', async () => {
    const place = await clinic(house.call, { start: '06:00:00', end: '22:00:00' })
    const warmUp = await place.slotsOn(2)
    const patients = await place.patients(64)
    // Connections and prepared statements are there already in a server that runs.
    await Promise.all(warmUp.map((slot, i) => place.book(slot.id, patients[i] ?? '')))
    const slots = await place.slotsOn(5)
    expect(slots).toHaveLength(64)
    const timed = await Promise.all(
      slots.map(async (slot, i) => {
        const began = performance.now()
        const { status } = await place.book(slot.id, patients[i] ?? '')
        return { status, took: performance.now() - began }
      }),
    )
    const slowest = Math.max(...timed.map(({ took }) => took))
    process.stdout.write(`64 at once on one Schedule: p99 ${Math.round(slowest)} ms\n`)
    expect(timed.map(({ status }) => status)).toEqual(slots.map(() => 201))
    // The aim is 150 ms; a machine that is busy with other tests gets more room, a queue behind a lock does not.
    expect(slowest).toBeLessThan(2_000)
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
