/** The topic `waitlist-offer`: whoever delivers offers by other ways is told of each, with what it says, and of nothing else. */
import { clinic } from '../support/clinic.ts'
import { type Body, eventually, made, matches, type TestHouse, testHouse } from '../support/house.ts'
import { isEvent, type Receiver, receiver, told } from '../support/receiver.ts'
import { byTopic, subscribed } from './subscribing.ts'

let house: TestHouse
let hook: Receiver
beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
  hook = await receiver()
})
afterAll(async () => {
  await house.close()
  await hook.close()
})

it('tells of an offer once, when it is made, and not of other Communications or of its end', async () => {
  const place = await clinic(house.call, { start: '09:00:00', end: '09:15:00' })
  await subscribed(house.call, byTopic({ endpoint: hook.url, topic: 'waitlist-offer', content: 'full-resource' }))
  const note = { resourceType: 'Communication', status: 'completed', subject: { reference: 'Patient/somebody' } }
  made(await house.call('POST', 'Communication', note))
  /** Waits for this time, and is known to. */
  const waiting = async ({ start, end }: Body, patient: string): Promise<string> => {
    const { id } = made(
      await house.call('POST', 'Appointment', {
        resourceType: 'Appointment',
        status: 'waitlist',
        serviceType: place.type,
        requestedPeriod: [{ start, end }],
        participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
      }),
    )
    await eventually(60_000, async () => {
      const rows = await house.house.pool.query({ text: 'select 1 from waitlist_entry where appointment = $1', values: [id] })
      return rows.length > 0
    })
    return id
  }
  const slot = await place.slotAt(4, '09:00')
  const booked = made(await place.book(slot.id, await place.patient())).id
  const patient = await place.patient()
  const entry = await waiting(slot, patient)
  made(await house.call('POST', `Appointment/${booked}/$cancel`, { resourceType: 'Parameters' }), 200)
  await hook.waitFor(1, isEvent)
  const [offer] = matches(await house.call('GET', `Communication?recipient=Patient/${patient}`))
  made(await house.call('POST', `Appointment/${entry}/$accept-offer`, { resourceType: 'Parameters' }), 200)
  // A second offer is the sign that nothing came of what was written between.
  made(await house.call('POST', `Appointment/${entry}/$cancel`, { resourceType: 'Parameters' }), 200)
  const other = await place.slotAt(5, '09:00')
  const taken = made(await place.book(other.id, await place.patient())).id
  await waiting(other, await place.patient())
  made(await house.call('POST', `Appointment/${taken}/$cancel`, { resourceType: 'Parameters' }), 200)
  const sent = (await hook.waitFor(2, isEvent)).map(told)
  expect(sent.map(({ numbers }) => numbers)).toEqual([['1'], ['2']])
  expect(sent[0]?.focuses).toEqual([`${house.house.base}/Communication/${offer?.id}`])
  const [first] = sent[0]?.entries ?? []
  expect(first.request.method).toBe('POST')
  expect(first.resource).toMatchObject({
    resourceType: 'Communication',
    id: offer?.id,
    meta: { versionId: '1' },
    status: 'in-progress',
    recipient: [{ reference: `Patient/${patient}` }],
  })
  expect(sent[1]?.focuses[0]).not.toBe(sent[0]?.focuses[0])
})
