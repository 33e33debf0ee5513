/**
 * Whatever is done to series at once, every Slot stays either free or somebody's, nobody has a time twice, and every series
 * that was answered is whole: booked, moved and cancelled as it was said.
 */

import { disagreements } from '../support/agreement.ts'
import { fc } from '../support/chance.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { weekly } from '../support/recurrence.ts'

let house: TestHouse

beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

type Deed = {
  readonly kind: 'book' | 'skip' | 'cancel' | 'move' | 'single'
  readonly week: number
  readonly place: number
  readonly visits: number
  readonly which: number
}

const firstDay = 2
const weeks = 6
const times = ['09:00', '09:15', '09:30', '09:45']
const scopes = ['this', 'this-and-following', 'all']

const deed: fc.Arbitrary<Deed> = fc.record({
  kind: fc.constantFrom('book', 'skip', 'cancel', 'move', 'single'),
  week: fc.nat(weeks - 1),
  place: fc.nat(times.length - 1),
  visits: fc.integer({ min: 1, max: 4 }),
  which: fc.nat(20),
})

/** Series that were answered, first visits and all. */
type World = { readonly place: Clinic; readonly slots: readonly string[][]; readonly series: Body[][]; readonly patients: string[] }

const slotOf = ({ slots }: World, { week, place }: Deed): string => slots[week]?.[place] ?? ''

async function done(world: World, one: Deed): Promise<Answer | undefined> {
  const { kind, week, place, visits, which } = one
  const patient = world.patients[which % world.patients.length] ?? ''
  if (kind === 'single') return world.place.book(slotOf(world, one), patient)
  if (kind === 'book' || kind === 'skip') {
    const resource = {
      resourceType: 'Appointment',
      status: 'proposed',
      extension: [weekly(visits)],
      participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
    }
    const manner = { 'on-clash': { valueCode: kind === 'skip' ? 'skip' : 'refuse' } }
    const answer = await house.call('POST', `Slot/${slotOf(world, one)}/$book`, parameters({ 'appt-resource': { resource }, ...manner }))
    if (answer.status === 200) world.series.push(matches(answer))
    return answer
  }
  const series = world.series[which % Math.max(1, world.series.length)]
  const visit = series?.[place % series.length]
  if (!visit) return undefined
  const scope = { scope: { valueCode: scopes[visits % scopes.length] } }
  if (kind === 'cancel') return house.call('POST', `Appointment/${visit.id}/$cancel`, parameters(scope))
  const start = { valueInstant: instantIn(firstDay + 7 * week, times[place] ?? '') }
  return house.call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ ...scope, start }))
}

async function world(): Promise<World> {
  const place = await clinic(house.call, { end: '10:00:00' })
  const days = Array.from({ length: weeks }, (_, week) => firstDay + 7 * week)
  const slots = await Promise.all(days.map(async (day) => (await place.slotsOn(day)).map(({ id }) => id)))
  return { place, slots, series: [], patients: await place.patients(6) }
}

it('series that are booked, moved and cancelled at once keep every time whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(deed, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 }), async (rounds) => {
      const now = await world()
      for (const round of rounds)
        for (const answer of await Promise.all(round.map((one) => done(now, one))))
          if (answer) expect([200, 201, 409, 422]).toContain(answer.status)
      expect(await disagreements(house.house.pool)).toEqual([])
      const schedule = `Schedule/${now.place.schedules[0]}`
      const slots = matches(await house.call('GET', `Slot?schedule=${schedule}&_count=1000`))
      const booked = matches(
        await house.call('GET', `Appointment?actor=Practitioner/${now.place.practitioners[0]}&status=booked&_count=1000`),
      )
      const taken = booked.flatMap(({ slot }) => slot.map(({ reference }) => reference))
      expect(new Set(taken).size).toBe(taken.length)
      expect(
        slots
          .filter(({ status }) => status === 'busy')
          .map(({ id }) => `Slot/${id}`)
          .sort(),
      ).toEqual(taken.sort())
    }),
    { numRuns: 8 },
  )
})
