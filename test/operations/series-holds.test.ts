/** A series that is held: whole or not at all, booked in one step, given up, or over by itself (docs/booking.md#series). */
import { auditOf } from '../../src/audit/audit-of.ts'
import { confirmSeries } from '../../src/booking/series/confirm-series.ts'
import { settleLapsedHolds } from '../../src/jobs/settle-lapsed-holds.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, dateIn } from '../support/clinic.ts'
import { heldUntil, pastEnd } from '../support/held.ts'
import { type Answer, type Body, type Call, eventually, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { inSeries, numbersOf, weekly } from '../support/recurrence.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const weeks = 6
const place = (policy: Readonly<Record<string, number | boolean>> = {}) => clinic(house.call, { end: '10:00:00', policy })

async function hold(at: Clinic, patient: string, time = '09:00', call: Call = house.call): Promise<Answer> {
  const resource = {
    resourceType: 'Appointment',
    status: 'proposed',
    extension: [weekly(weeks)],
    participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
  }
  return call('POST', `Slot/${(await at.slotAt(2, time)).id}/$hold`, parameters({ 'appt-resource': { resource } }))
}
const book = (visit: Body | undefined, more: Readonly<Record<string, unknown>> = {}, headers?: Record<string, string>): Promise<Answer> =>
  house.call('POST', `Appointment/${visit?.id}/$book`, parameters(more), headers)
const slotStatuses = async (at: Clinic): Promise<string[]> =>
  Promise.all(Array.from({ length: weeks }, async (_, week) => (await at.slotsOn(2 + 7 * week))[0]?.status ?? ''))
const again = (visits: readonly Body[]): Promise<Body[]> =>
  Promise.all(visits.map(async ({ id }) => made(await house.call('GET', `Appointment/${id}`), 200)))
const statuses = async (visits: readonly Body[]): Promise<string[]> => (await again(visits)).map(({ status }) => status)
const allOf = (word: string): string[] => Array.from({ length: weeks }, () => word)

it('keeps every time for one instant, and is booked whole by any of its visits', async () => {
  const at = await place()
  const patient = await at.patient()
  const answer = await hold(at, patient)
  const visits = matches(answer)
  expect([answer.status, numbersOf(visits)]).toEqual([200, [1, 2, 3, 4, 5, 6]])
  expect(visits.map(({ status, start }) => `${status} ${start.slice(0, 10)}`)).toEqual(
    visits.map((_, week) => `pending ${dateIn(2 + 7 * week)}`),
  )
  const [until, ...others] = [...new Set(visits.map(heldUntil))]
  expect(others).toEqual([])
  expect(answer.headers.get('expires')).toBe(new Date(until ?? '').toUTCString())
  expect(await slotStatuses(at)).toEqual(allOf('busy-tentative'))
  expect((await hold(at, await at.patient())).status).toBe(409)
  const rival = { patient: `Patient/${await at.patient()}` }
  const third = visits[2]?.slot[0]?.reference
  expect((await house.call('POST', `${third}/$book`, parameters(rival))).status).toBe(409)
  const key = { 'idempotency-key': `held-series-${visits[0]?.id}` }
  const booked = await book(visits[2], {}, key)
  expect(matches(booked).map(({ id, status }) => [id, status])).toEqual(visits.map(({ id }) => [id, 'booked']))
  expect((await book(visits[2], {}, key)).json).toEqual(booked.json)
  const after = await again(visits)
  const numbers = after.flatMap(
    (visit) => (visit as Body & { identifier?: { value: string }[] }).identifier?.map(({ value }) => value) ?? [],
  )
  expect(new Set(numbers).size).toBe(weeks)
  expect(after.map(heldUntil)).toEqual(after.map(() => Number.NaN))
  expect(inSeries(after[0] as Body, 'recurrenceTemplate')).toBeDefined()
  expect(await slotStatuses(at)).toEqual(allOf('busy'))
})

it('is not held at all where one of its times is taken, and leaves nothing behind', async () => {
  const at = await place()
  made(await at.book((await at.slotAt(23, '09:00')).id, await at.patient()))
  const patient = await at.patient()
  expect((await hold(at, patient)).status).toBe(409)
  expect(matches(await house.call('GET', `Appointment?patient=Patient/${patient}`))).toEqual([])
  expect(await slotStatuses(at)).toEqual(['free', 'free', 'free', 'busy', 'free', 'free'])
})

it('goes whole to one of several who want it at once', async () => {
  const at = await place()
  const patients = await at.patients(4)
  const answers = await Promise.all(patients.map((patient) => hold(at, patient)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
  expect(await slotStatuses(at)).toEqual(allOf('busy-tentative'))
})

it('is over by itself: no part of it is booked after its end, and each time is free again', async () => {
  const at = await place({ holdSeconds: 1 })
  const visits = matches(await hold(at, await at.patient()))
  await pastEnd(...visits)
  const refused = await book(visits[3])
  expect([refused.status, refused.json.issue?.[0]?.code ?? refused.json.entry?.[0]?.resource.issue[0]?.code]).toEqual([410, 'expired'])
  await eventually(60_000, async () => {
    await settleLapsedHolds(house.house)
    return (await statuses(visits)).every((status) => status === 'cancelled')
  })
  expect(await slotStatuses(at)).toEqual(allOf('free'))
  expect((await book(visits[0])).status).toBe(410)
})

it('is released whole, or one visit of it, and the others can be booked still', async () => {
  const at = await place()
  const [first, second] = [matches(await hold(at, await at.patient())), matches(await hold(at, await at.patient(), '09:30'))]
  const release = (visit: Body | undefined, more: Readonly<Record<string, unknown>> = {}) =>
    house.call('POST', `Appointment/${visit?.id}/$release`, parameters(more))
  expect(matches(await release(first[1], { scope: { valueCode: 'all' } }))).toHaveLength(weeks)
  expect(await slotStatuses(at)).toEqual(allOf('free'))
  expect(made(await release(second[1]), 200).status).toBe('cancelled')
  expect(matches(await book(second[0]))).toHaveLength(weeks - 1)
  expect(await statuses(second)).toEqual(['booked', 'cancelled', 'booked', 'booked', 'booked', 'booked'])
})

it('that somebody else has booked meanwhile is told to be booked, however late that is noticed', async () => {
  const at = await place()
  const visits = matches(await hold(at, await at.patient()))
  expect((await book(visits[0])).status).toBe(200)
  const late = { id: visits[1]?.id ?? '', audit: auditOf(house.house, { client: 'desk' }, 'book'), assertMay: () => {} }
  await expect(confirmSeries(house.house, late)).rejects.toMatchObject({ kind: 'conflict' })
  expect(await statuses(visits)).toEqual(allOf('booked'))
})

it('replaces no visit, and counts as one of the times that a patient may hold', async () => {
  const at = await place()
  const [patient, other] = (await at.patients(2)) as [string, string]
  const mine = house.as(await house.token('patient/*.cruds', { patient }))
  const visits = matches(await hold(at, patient, '09:00', mine))
  const had = made(await at.book((await at.slotAt(3, '09:00')).id, patient))
  expect((await book(visits[0], { 'cancelled-appt-id': `Appointment/${had.id}` })).status).toBe(422)
  const free = (await at.slotsOn(4)).slice(0, 4).concat((await at.slotsOn(5)).slice(0, 4), (await at.slotsOn(6)).slice(0, 4))
  const held = await Promise.all(free.map(({ id }) => mine('POST', `Slot/${id}/$hold`, parameters({}))))
  expect(held.filter(({ status }) => status === 201)).toHaveLength(9)
  const theirs = house.as(await house.token('patient/*.cruds', { patient: other }))
  expect((await theirs('POST', `Appointment/${visits[0]?.id}/$book`)).status).toBe(404)
})

it('has its place among them until the last of it is released or booked, whichever visit goes first', async () => {
  const at = await place()
  const patient = (await at.patients(1))[0] as string
  const mine = house.as(await house.token('patient/*.cruds', { patient }))
  const release = async (visit: Body | undefined, more = {}): Promise<void> =>
    expect((await mine('POST', `Appointment/${visit?.id}/$release`, parameters(more))).status).toBe(200)
  const taken = async (): Promise<number> =>
    (await house.house.pool.query({ text: 'select 1 from hold_place where owner = $1', values: [`Patient/${patient}`] })).length
  const visits = matches(await hold(at, patient, '09:00', mine))
  await release(visits[0])
  expect(await taken()).toBe(1)
  await release(visits[2])
  expect(await taken()).toBe(1)
  await release(visits[1], { scope: { valueCode: 'all' } })
  expect([await taken(), await slotStatuses(at)]).toEqual([0, allOf('free')])
  const others = matches(await hold(at, patient, '09:00', mine))
  await release(others[0])
  expect(await taken()).toBe(1)
  expect((await mine('POST', `Appointment/${others[3]?.id}/$book`)).status).toBe(200)
  expect(await taken()).toBe(0)
})
