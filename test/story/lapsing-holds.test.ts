/** A hold past its time blocks nobody (docs/booking.md): at once for whoever asks, and within two seconds for whoever looks. */
import { lapsedHolds } from '../../src/store/lapsed-holds.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { pastEnd, whileHeld } from '../support/held.ts'
import { type Body, eventually, made, matches, promptly, type TestHouse, testHouse } from '../support/house.ts'

const short = { policy: { holdSeconds: 1 } }

/** Another hold each time, on the next Slot of a day. */
async function nextOf(place: Clinic, day: number): Promise<{ readonly hold: () => Promise<Body>; readonly slot: (held: Body) => Body }> {
  const slots = await place.slotsOn(day)
  const waiting = [...slots]
  return {
    hold: async () => made(await place.hold(waiting.shift()?.id ?? '', await place.patient())),
    slot: (held) => slots.find(({ id }) => held.slot[0]?.reference === `Slot/${id}`) as Body,
  }
}

describe('where nobody sweeps', () => {
  let house: TestHouse
  let place: Clinic
  beforeAll(async () => {
    house = await testHouse()
    place = await clinic(house.call, short)
  })
  afterAll(() => house.close())

  it('is bookable again at once after its second, by every way', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const slots = [await place.slotAt(2, '09:00'), await place.slotAt(2, '10:00'), await place.slotAt(2, '11:00')] as const
    const held = await Promise.all(slots.map((slot) => place.hold(slot.id, a)))
    expect(held.map(({ status }) => status)).toEqual([201, 201, 201])
    await pastEnd(...held.map(({ json }) => json))
    made(await place.book(slots[0].id, b))
    made(await house.call('POST', 'Appointment', place.appointment(slots[1], a)))
    made(await place.hold(slots[2].id, b))
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('is found again at once, and is not found before', async () => {
    const { hold, slot } = await nextOf(place, 3)
    const found = async (held: Body) => {
      const window = `start=${held.start}&end=${held.end}`
      return matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?${window}`)).map(({ id, status }) => ({
        id,
        status,
      }))
    }
    const before = await whileHeld(hold, found)
    expect(before.found).toEqual([])
    await pastEnd(before.held)
    expect(await found(before.held)).toEqual([{ id: slot(before.held).id, status: 'free' }])
  })

  it('is joined again at once into a longer visit around it', async () => {
    const slot = await place.slotAt(5, '09:15')
    const held = made(await place.hold(slot.id, await place.patient()))
    await pastEnd(held)
    const long = made(await place.book((await place.slotAt(5, '09:00')).id, await place.patient(), { duration: 45 }))
    expect(long.slot).toHaveLength(3)
  })

  it('cannot be booked any more: 410, whether or not somebody else took the time', async () => {
    const slot = await place.slotAt(4, '09:00')
    const [a = '', b = ''] = await place.patients(2)
    const held = made(await place.hold(slot.id, a))
    await pastEnd(held)
    const late = await house.call('POST', `Appointment/${held.id}/$book`)
    expect([late.status, late.json.issue[0]?.code]).toEqual([410, 'expired'])
    made(await place.book(slot.id, b))
    expect((await house.call('POST', `Appointment/${held.id}/$book`)).status).toBe(410)
    expect(await disagreements(house.house.pool)).toEqual([])
  })
})

describe('where the tick runs', () => {
  let house: TestHouse
  let place: Clinic
  beforeAll(async () => {
    house = await testHouse({ tick: true })
    place = await clinic(house.call, short)
  })
  afterAll(() => house.close())

  const read = async (type: string, id: string) => made(await house.call('GET', `${type}/${id}`), 200)

  it('is cancelled and its Slot read as free within two seconds of its end', async () => {
    const { hold, slot } = await nextOf(place, 2)
    const { held, found } = await whileHeld(hold, (one) => read('Slot', slot(one).id))
    expect(found.status).toBe('busy-tentative')
    await pastEnd(held)
    await promptly(2_000, async () => (await read('Slot', found.id)).status === 'free')
    expect((await read('Appointment', held.id)).status).toBe('cancelled')
    expect((await house.call('POST', `Appointment/${held.id}/$book`)).status).toBe(410)
  })

  it('gives a Slot that was set busy-tentative by hand back too', async () => {
    const slot = await place.slotAt(3, '10:00')
    const began = performance.now()
    made(await house.call('PUT', `Slot/${slot.id}`, { ...slot, status: 'busy-tentative' }), 200)
    // A second of the policy, and two for the sweep; not before that second.
    await promptly(3_000, async () => (await read('Slot', slot.id)).status === 'free')
    expect(performance.now() - began).toBeGreaterThan(900)
  })

  const kept = async (held: Body): Promise<void> => {
    // The sweep comes by each second, and once more since the end of another that began after this one was over.
    await pastEnd(held)
    const later = made(await place.hold((await place.slotAt(5, '09:00')).id, await place.patient()))
    await eventually(60_000, async () => (await read('Appointment', later.id)).status === 'cancelled')
    expect((await read('Appointment', held.id)).status).toBe('booked')
    expect((await read('Slot', held.slot[0]?.reference?.slice('Slot/'.length) ?? '')).status).toBe('busy')
    expect(await disagreements(house.house.pool)).toEqual([])
  }

  it('keeps a visit for good that was booked out of its hold in time', async () => {
    const { hold } = await nextOf(place, 4)
    const { held, found } = await whileHeld(hold, (one) => house.call('POST', `Appointment/${one.id}/$book`))
    made(found, 200)
    await kept(held)
    // And the sweep has nothing to look at for ever.
    expect(await lapsedHolds(house.house.pool, 1_000)).not.toContain(held.id)
  })

  it('keeps a visit for good that a client booked by PUT, leaving held-until in it', async () => {
    const { hold, slot } = await nextOf(place, 6)
    const { held, found } = await whileHeld(hold, (one) => house.call('PUT', `Appointment/${one.id}`, { ...one, status: 'booked' }))
    made(found, 200)
    await kept(held)
    expect((await place.book(slot(held).id, await place.patient())).status).toBe(409)
  })
})
