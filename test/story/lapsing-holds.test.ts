/** A hold past its time blocks nobody (CONTRACT §6.4): at once for whoever asks, and within two seconds for whoever looks. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Body, eventually, made, matches, type TestHouse, testHouse } from '../support/house.ts'

const short = { policy: { holdSeconds: 1 } }
const heldUntil = (held: Body): number => Date.parse(held.extension?.find(({ url }) => url.endsWith('/held-until'))?.valueInstant ?? '')
const pastEnd = (held: Body): Promise<number> => eventually(3_000, async () => Date.now() > heldUntil(held) + 5)

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
    await Promise.all(held.map((answer) => pastEnd(answer.json)))
    made(await place.book(slots[0].id, b))
    made(await house.call('POST', 'Appointment', place.appointment(slots[1], a)))
    made(await place.hold(slots[2].id, b))
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('is found again at once, and is not found before', async () => {
    const slot = await place.slotAt(3, '09:00')
    const window = `start=${instantIn(3, '09:00')}&end=${instantIn(3, '09:15')}`
    const found = async () => matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?${window}`))
    const held = made(await place.hold(slot.id, await place.patient()))
    expect(await found()).toEqual([])
    await pastEnd(held)
    expect((await found()).map(({ id, status }) => ({ id, status }))).toEqual([{ id: slot.id, status: 'free' }])
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

  it('is cancelled and its Slot read as free within two seconds of its end', async () => {
    const slot = await place.slotAt(2, '09:00')
    const held = made(await place.hold(slot.id, await place.patient()))
    expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy-tentative')
    await pastEnd(held)
    const took = await eventually(2_500, async () => (await house.call('GET', `Slot/${slot.id}`)).json.status === 'free')
    expect(took).toBeLessThan(2_000)
    const ended = made(await house.call('GET', `Appointment/${held.id}`), 200)
    expect(ended.status).toBe('cancelled')
    expect((await house.call('POST', `Appointment/${held.id}/$book`)).status).toBe(410)
  })

  it('gives a Slot that was set busy-tentative by hand back too', async () => {
    const slot = await place.slotAt(2, '10:00')
    made(await house.call('PUT', `Slot/${slot.id}`, { ...slot, status: 'busy-tentative' }), 200)
    const took = await eventually(4_000, async () => (await house.call('GET', `Slot/${slot.id}`)).json.status === 'free')
    expect(took).toBeGreaterThan(500)
    expect(took).toBeLessThan(3_500)
  })

  it('keeps a visit for good that was booked out of its hold in time', async () => {
    const slot = await place.slotAt(2, '11:00')
    const held = made(await place.hold(slot.id, await place.patient()))
    made(await house.call('POST', `Appointment/${held.id}/$book`), 200)
    await eventually(4_000, async () => Date.now() > heldUntil(held) + 2_100)
    expect(made(await house.call('GET', `Appointment/${held.id}`), 200).status).toBe('booked')
    expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy')
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('keeps a visit for good that a client booked by PUT, leaving held-until in it', async () => {
    const slot = await place.slotAt(2, '12:00')
    const held = made(await place.hold(slot.id, await place.patient()))
    made(await house.call('PUT', `Appointment/${held.id}`, { ...held, status: 'booked' }), 200)
    await eventually(4_000, async () => Date.now() > heldUntil(held) + 2_100)
    expect(made(await house.call('GET', `Appointment/${held.id}`), 200).status).toBe('booked')
    expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy')
    expect((await place.book(slot.id, await place.patient())).status).toBe(409)
    expect(await disagreements(house.house.pool)).toEqual([])
  })
})
