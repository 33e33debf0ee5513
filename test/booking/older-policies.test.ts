/** A booking-policy that was stored before its numbers had a greatest: it counts as if it said the greatest. */
import { planFrom } from '../../src/booking/plans.ts'
import { plansOf } from '../../src/store/plans.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { made, matches, type TestHouse, testHouse } from '../support/house.ts'

const dayMs = 86_400_000
const int32Max = 2_147_483_647

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const run = (text: string, values: unknown[]) => house.house.pool.query<Record<string, string>>({ text, values })

/** The plan of a clinic whose every policy says so of itself, as an older version would have left it. */
async function olderPlan(place: Clinic, policy: object): Promise<void> {
  await run(
    `update schedule_plan set version = nextval('schedule_plan_version'),
       plan = jsonb_set(jsonb_set(plan, '{policy}', plan->'policy' || $2::jsonb), '{services,0,policy}', plan#>'{services,0,policy}' || $2::jsonb)
      where schedule = $1`,
    [place.schedules[0], JSON.stringify(policy)],
  )
}

const stored = async (place: Clinic) => {
  const [row] = await plansOf(house.house.pool, [...place.schedules])
  return planFrom(house.house, row?.schedule ?? '', row?.version ?? '', row?.plan ?? '')
}

const greatest = {
  durationMinutes: 1440,
  bufferBeforeMinutes: 1440,
  bufferAfterMinutes: 1440,
  alignmentMinutes: 1440,
  maxPerDay: 10_000,
  maxOnlinePerDay: 10_000,
  capacity: 10_000,
  holdSeconds: 31 * 86_400,
  approvalHours: 10 * 365 * 24,
}
const beyond = Object.fromEntries(Object.keys(greatest).map((name) => [name, int32Max]))

it('is read within the greatest of each number, out of a plan', async () => {
  const place = await clinic(house.call)
  await olderPlan(place, { ...beyond, maxReschedules: int32Max, minNoticeMinutes: int32Max })
  const { policy, services } = await stored(place)
  const expected = { ...greatest, maxReschedules: int32Max, minNoticeMinutes: int32Max, onlineBooking: true }
  expect(policy).toMatchObject(expected)
  expect(services.map((service) => service.policy)).toEqual([expect.objectContaining(expected)])
})

it('is read within the greatest of each number, out of a resource', async () => {
  const place = await clinic(house.call, { policy: { capacity: 2 } })
  const extension = Object.entries(beyond).map(([url, valueInteger]) => ({ url, valueInteger }))
  await run(`update healthcare_service set body = jsonb_set(body, '{extension,0,extension}', $2::jsonb) where id = $1`, [
    place.service,
    JSON.stringify(extension),
  ])
  // What the plan is made from is gathered anew.
  const practitioner = made(await house.call('GET', `Practitioner/${place.practitioners[0]}`), 200)
  made(await house.call('PUT', `Practitioner/${practitioner.id}`, { ...practitioner, gender: 'female' }), 200)
  const [row] = await plansOf(house.house.pool, [...place.schedules])
  expect(JSON.parse(row?.plan ?? '{}')).toMatchObject({ policy: greatest, services: [{ policy: greatest }] })
})

it('holds, books and offers no further than the greatest', async () => {
  const place = await clinic(house.call, { horizon: new Date(Date.now() + 12 * dayMs) })
  const { holdSeconds, bufferAfterMinutes, maxPerDay } = beyond
  await olderPlan(place, { holdSeconds, bufferAfterMinutes, maxPerDay })
  const before = Date.now()
  const held = made(await place.hold((await place.slotAt(2, '09:00')).id, await place.patient()))
  const until = Date.parse(held.extension?.find(({ url }) => url.endsWith('/held-until'))?.valueInstant ?? '')
  expect(Math.round((until - before) / dayMs)).toBe(31)
  made(await place.book((await place.slotAt(5, '09:00')).id, await place.patient()))
  // A day after each visit is nobody's, and before the next one.
  const free = async (day: number, time: string) => {
    const window = `start=${instantIn(day, time)}&end=${instantIn(day, '17:00')}`
    return matches(await house.call('GET', `Slot/$find-slots?schedule=${place.schedules[0]}&${window}`)).length > 0
  }
  expect(await Promise.all([free(3, '09:15'), free(5, '09:15'), free(6, '09:15'), free(7, '09:15')])).toEqual([true, false, true, true])
})
