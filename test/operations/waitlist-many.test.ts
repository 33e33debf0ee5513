/** A free time that very many of the first in the list cannot have goes to the first who can, however far behind. */
import { waitlistJudgedMax } from '../../src/base/limits.ts'
import { offerWaitlist } from '../../src/jobs/offer-waitlist.ts'
import { type Clinic, clinic, dateIn } from '../support/clinic.ts'
import { type Body, eventually, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterAll(() => house.close())

const wait = async (patient: string, more: Readonly<Record<string, unknown>>): Promise<Body> => {
  const wish = { patient: `Patient/${patient}`, 'healthcare-service': `HealthcareService/${place.service}`, ...more }
  return made(await house.call('POST', 'Appointment/$join-waitlist', parameters(wish)))
}

it('passes over those who have an earlier visit already, more of them than one round looks at', async () => {
  const [booked = '', last = ''] = await place.patients(2)
  // Their visit is sooner than the time that comes free: it is no help to them, and they wait on.
  made(await place.book((await place.slotAt(1, '09:00')).id, booked))
  const day = { start: `${dateIn(3)}T00:00:00Z`, end: `${dateIn(4)}T00:00:00Z` }
  const { id: _id, meta: _meta, ...first } = await wait(booked, { ...day, priority: 1 })
  const more = Array.from({ length: waitlistJudgedMax + 20 }, () => ({ resource: first, request: { method: 'POST', url: 'Appointment' } }))
  made(await house.call('POST', '', { resourceType: 'Bundle', type: 'batch', entry: more }), 200)
  const entry = await wait(last, { ...day, priority: 9 })
  const slot = await place.slotAt(3, '10:00')
  const visit = made(await place.book(slot.id, await place.patient()))
  made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
  await eventually(120_000, async () => {
    await offerWaitlist(house.house)
    return matches(await house.call('GET', 'Communication')).length > 0
  })
  const [offer] = matches(await house.call('GET', 'Communication'))
  expect((offer as Body & { about: { reference: string }[] }).about[0]?.reference).toBe(`Appointment/${entry.id}`)
}, 200_000)
