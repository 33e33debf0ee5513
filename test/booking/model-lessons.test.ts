/** What random stories found once, told again on purpose. */
import { disagreements } from '../support/agreement.ts'
import { instantIn } from '../support/clinic.ts'
import { appointmentIn, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { type ModelClinic, modelClinic, offered, runOut, storedSlots } from './model-clinic.ts'

describe('a clinic with a shared room', () => {
  let server: TestHouse
  let clinic: ModelClinic
  beforeAll(async () => {
    server = await testHouse()
    clinic = await modelClinic(server.call, server.house, 12)
  })
  afterAll(() => server.close())

  const slotAt = async (schedule: number, day: number, time: string): Promise<Body> => {
    const start = instantIn(day, time)
    const [slot] = matches(await server.call('GET', `Slot?schedule=Schedule/${clinic.schedules[schedule]?.id}&start=${start}`))
    if (!slot) throw new Error(`no Slot at ${start}`)
    return slot
  }
  const take = (operation: 'book' | 'hold', slot: Body, patient: number) =>
    server.call('POST', `Slot/${slot.id}/$${operation}`, parameters({ patient: `Patient/${clinic.patients[patient]}` }))
  const slotOf = (schedule: number, day: number, from: string, to: string, status: string) => ({
    resourceType: 'Slot',
    schedule: { reference: `Schedule/${clinic.schedules[schedule]?.id}` },
    status,
    start: instantIn(day, from),
    end: instantIn(day, to),
  })

  it('does not book a hold that ran out, was taken by another, and was then written again', async () => {
    const slot = await slotAt(0, 1, '09:00')
    const hold = made(await take('hold', slot, 0))
    await runOut(clinic, `Appointment/${hold.id}`)
    const winner = made(await take('book', slot, 1))
    const lapsed = (await server.call('GET', `Appointment/${hold.id}`)).json
    made(await server.call('PUT', `Appointment/${hold.id}`, { ...lapsed, comment: 'Called back' }), 200)
    expect((await server.call('POST', `Appointment/${hold.id}/$book`, parameters({}))).status).toBe(410)
    expect((await storedSlots(clinic, 1)).get(slot.id)).toMatchObject({ status: 'busy', takenBy: `Appointment/${winner.id}` })
    expect(await disagreements(server.house.pool)).toEqual([])
  })

  it('frees a Slot that was made by hand when its visit is cancelled', async () => {
    const slot = made(await server.call('POST', 'Slot', slotOf(0, 2, '18:00', '18:30', 'free')))
    const visit = appointmentIn(await take('book', slot, 2))
    expect((await storedSlots(clinic, 2)).get(slot.id)?.status).toBe('busy')
    await server.call('POST', `Appointment/${visit?.id}/$cancel`, parameters({}))
    expect((await storedSlots(clinic, 2)).get(slot.id)?.status).toBe('free')
  })

  it('lets the other doctor use the shared room while a doctor is blocked', async () => {
    made(await server.call('POST', 'Slot', slotOf(2, 3, '10:00', '11:00', 'busy-unavailable')))
    const [mine, theirs] = [await slotAt(0, 3, '10:00'), await slotAt(1, 3, '10:15')]
    expect(mine.status).toBe('busy-unavailable')
    expect(await offered(clinic, clinic.schedules[1]?.id ?? '', 3)).toContain(theirs.id)
    expect((await take('book', theirs, 3)).status).toBe(201)
  })

  it('sets a blocked Slot busy by hand', async () => {
    const block = made(await server.call('POST', 'Slot', slotOf(1, 4, '18:00', '18:30', 'busy-unavailable')))
    made(await server.call('PUT', `Slot/${block.id}`, { ...block, status: 'busy' }), 200)
    expect((await storedSlots(clinic, 4)).get(block.id)).toMatchObject({ status: 'busy', takenBy: `Slot/${block.id}` })
  })

  it('joins Slots that a lapsed hold had, whichever of them it was', async () => {
    const [first, second] = [await slotAt(0, 5, '09:00'), await slotAt(0, 5, '09:30')]
    const hold = made(await take('hold', second, 4))
    await runOut(clinic, `Appointment/${hold.id}`)
    const asked = parameters({ patient: `Patient/${clinic.patients[5]}`, duration: 90 })
    expect((await server.call('POST', `Slot/${first.id}/$book`, asked)).status).toBe(201)
  })

  it('gives every Slot back when visits that share one are cancelled together', async () => {
    for (let round = 0; round < 10; round++) {
      // The first Schedule's Slot lies under both: under one for its doctor, under the other for its room.
      const [one, other] = [await slotAt(2, 6, '09:00'), await slotAt(1, 6, '09:15')]
      const visits = [await take('book', one, 6), await take('book', other, 7)].map((answer) => made(answer).id)
      await Promise.all(visits.map((id) => server.call('POST', `Appointment/${id}/$cancel`, parameters({}))))
      const left = [...(await storedSlots(clinic, 6)).values()].filter(({ status }) => status !== 'free')
      expect(left).toEqual([])
    }
  })
})
