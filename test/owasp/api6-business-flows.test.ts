/**
 * API6:2023 Unrestricted Access to Sensitive Business Flows
 * https://owasp.org/API-Security/editions/2023/en/0xa6-unrestricted-access-to-sensitive-business-flows/
 *
 * Of a clinic these are its times: whoever hoards them, or takes them by a program, keeps others from being seen.
 */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Body, type Call, made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
beforeAll(async () => {
  house = await testHouse({ holdQuotas: { perPatient: 3 } })
  place = await clinic(house.call, { horizon: new Date(Date.now() + 8 * 86_400_000), policy: { maxOnlinePerDay: 4 } })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house?.close())

const somebody = async (): Promise<Call> =>
  house.as(await house.token('patient/*.cruds', { patient: await place.patient(), client: 'bot' }))
const free = async (day: number): Promise<Body[]> => (await place.slotsOn(day)).filter(({ status }) => status === 'free')
const counted = (statuses: readonly number[]) =>
  Object.fromEntries([...Map.groupBy(statuses, (status) => status)].map(([status, all]) => [status, all.length]))

it('who holds every time of a day at once has as many as one may, and the rest stays free', async () => {
  const ask = await somebody()
  const slots = (await free(2)).slice(0, 20)
  const answers = await Promise.all(slots.map(({ id }) => ask('POST', `Slot/${id}/$hold`)))
  expect(counted(answers.map(({ status }) => status))).toEqual({ 201: 3, 429: 17 })
  for (const { status, headers } of answers) if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await free(2)).toHaveLength(slots.length + (await place.slotsOn(2)).length - 20 - 3)
})

it('holds that are let go and taken anew by a program are never more at once', async () => {
  const ask = await somebody()
  const slots = (await free(3)).slice(0, 6)
  for (const { id } of slots.slice(0, 3)) made(await ask('POST', `Slot/${id}/$hold`))
  const again = await Promise.all([
    ...slots.slice(0, 3).map(({ id }) => ask('POST', `Slot/${id}/$hold`)),
    ...slots.slice(3).map(({ id }) => ask('POST', `Slot/${id}/$hold`)),
  ])
  expect(again.filter(({ status }) => status === 201)).toEqual([])
})

it('a day’s online bookings are bounded for all bots together, and the front desk still books', async () => {
  const slots = (await free(4)).slice(0, 10)
  const answers = await Promise.all(slots.map(async ({ id }) => (await somebody())('POST', `Slot/${id}/$book`)))
  expect(counted(answers.map(({ status }) => status))).toEqual({ 201: 4, 422: 6 })
  const left = (await free(4))[0]
  made(await house.call('POST', 'Appointment', place.appointment(left as Body, await place.patient())))
})

it('one time that fifty bots want goes to one', async () => {
  const [slot] = await free(5)
  const bots = await Promise.all(Array.from({ length: 50 }, somebody))
  const answers = await Promise.all(bots.map((ask) => ask('POST', `Slot/${slot?.id}/$book`)))
  expect(counted(answers.map(({ status }) => status))).toEqual({ 201: 1, 409: 49 })
})
