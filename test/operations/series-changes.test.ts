/** A series after it was booked: one visit, this and those that follow, or all (docs/booking.md#series). */
import { DateTime } from 'luxon'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, dateIn, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { inSeries, numbersOf, recurrence, times, weekly } from '../support/recurrence.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
})
beforeEach(async () => {
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

async function series(day: number, time: string, template: object = weekly(4), at = place): Promise<{ patient: string; visits: Body[] }> {
  const patient = await at.patient()
  const resource = {
    resourceType: 'Appointment',
    status: 'proposed',
    extension: [template],
    participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
  }
  const slot = (await at.slotAt(day, time)).id
  return { patient, visits: matches(await house.call('POST', `Slot/${slot}/$book`, parameters({ 'appt-resource': { resource } }))) }
}
type More = Readonly<Record<string, unknown>>
const scoped = (scope: string, more: More = {}): object => parameters({ scope: { valueCode: scope }, ...more })
const cancel = (visit: Body | undefined, scope: string, headers?: Record<string, string>): Promise<Answer> =>
  house.call('POST', `Appointment/${visit?.id}/$cancel`, scoped(scope), headers)
const move = (visit: Body | undefined, scope: string, start: string, more: More = {}): Promise<Answer> =>
  house.call('POST', `Appointment/${visit?.id}/$reschedule`, scoped(scope, { start: { valueInstant: start }, ...more }))
const again = (visits: readonly Body[]): Promise<Body[]> =>
  Promise.all(visits.map(async ({ id }) => made(await house.call('GET', `Appointment/${id}`), 200)))
const statuses = async (visits: readonly Body[]): Promise<string[]> => (await again(visits)).map(({ status }) => status)
const clock = (visits: readonly Body[], zone = 'UTC'): string[] =>
  visits.map(({ start }) => DateTime.fromISO(start, { zone }).toFormat('yyyy-MM-dd HH:mm'))
const weeks = (day: number, time: string, count: number): string[] =>
  Array.from({ length: count }, (_, week) => `${dateIn(day + 7 * week)} ${time}`)
const changedOf = (visits: readonly Body[]): boolean[] => visits.map((visit) => inSeries(visit, 'occurrenceChanged')?.valueBoolean === true)

describe('$cancel of a series', () => {
  it('cancels one visit and leaves the others, as it always did', async () => {
    const { visits } = await series(2, '09:00')
    const one = made(await house.call('POST', `Appointment/${visits[1]?.id}/$cancel`), 200)
    expect([one.resourceType, one.status]).toEqual(['Appointment', 'cancelled'])
    expect(await statuses(visits)).toEqual(['booked', 'cancelled', 'booked', 'booked'])
  })

  it('cancels this and those that follow, gives their times back and answers with each', async () => {
    const { visits } = await series(2, '09:00')
    const answer = await cancel(visits[1], 'this-and-following')
    expect(numbersOf(matches(answer))).toEqual([2, 3, 4])
    expect(await statuses(visits)).toEqual(['booked', 'cancelled', 'cancelled', 'cancelled'])
    expect((await place.slotAt(16, '09:00')).status).toBe('free')
    expect((await place.slotAt(2, '09:00')).status).toBe('busy')
  })

  it('cancels all from any of them, and what was cancelled before stays as it was', async () => {
    const { visits } = await series(2, '09:00')
    const before = made(await cancel(visits[0], 'this'), 200)
    expect(numbersOf(matches(await cancel(visits[2], 'all')))).toEqual([2, 3, 4])
    const after = await again(visits)
    expect(after.map(({ status }) => status)).toEqual(visits.map(() => 'cancelled'))
    expect(after[0]?.meta.versionId).toBe(before.meta.versionId)
  })

  it('leaves no visit behind that is replaced at the same moment', async () => {
    for (let turn = 0; turn < 8; turn++) {
      const { patient, visits } = await series(2, '09:00')
      const last = visits[3]
      const replaced = place.book((await place.slotAt(23, '11:00')).id, patient, { 'cancelled-appt-id': `Appointment/${last?.id}` })
      const [answer] = await Promise.all([cancel(visits[0], 'all'), replaced])
      expect(answer.status).toBe(200)
      const left = matches(await house.call('GET', `Appointment?patient=Patient/${patient}&status=booked,pending`))
      const other = await replaced
      // Whoever came second found nothing to replace; whoever came first is cancelled with the rest.
      expect([other.status === 201 ? [] : left, left]).toEqual([[], []])
    }
  })

  it('cancels none where one may not be: the notice of the next binds a patient', async () => {
    const strict = await clinic(house.call, { policy: { cancelNoticeMinutes: 3 * 24 * 60 } })
    const { patient, visits } = await series(2, '09:00', weekly(3), strict)
    const mine = house.as(await house.token('patient/*.cruds', { patient }))
    const refused = await mine('POST', `Appointment/${visits[2]?.id}/$cancel`, scoped('all'))
    expect([refused.status, refused.json.issue[0]?.diagnostics]).toEqual([422, expect.stringMatching(/^Visit 1 of the series: /)])
    expect(await statuses(visits)).toEqual(['booked', 'booked', 'booked'])
    expect((await mine('POST', `Appointment/${visits[1]?.id}/$cancel`, scoped('this-and-following'))).status).toBe(200)
  })

  it('answers a repeated Idempotency-Key with the same visits', async () => {
    const { visits } = await series(2, '09:00')
    const key = { 'idempotency-key': `cancel-${visits[0]?.id}` }
    const [first, second] = [await cancel(visits[1], 'this-and-following', key), await cancel(visits[1], 'this-and-following', key)]
    expect(second.json).toEqual(first.json)
  })

  it('takes no visit along that only claims to be of the series and is another patient’s', async () => {
    const [own, other] = [await series(2, '09:00'), await series(3, '09:00')]
    const [target] = other.visits as [Body]
    // The front desk may write what it likes.
    const claimed = { ...target, extension: (own.visits[1] as Body).extension }
    made(await house.call('PUT', `Appointment/${target.id}`, claimed), 200)
    const mine = house.as(await house.token('patient/*.cruds', { patient: own.patient }))
    expect(matches(await mine('POST', `Appointment/${own.visits[0]?.id}/$cancel`, scoped('all')))).toHaveLength(4)
    expect(await statuses([target])).toEqual(['booked'])
  })

  it.each([
    ['another word', 'everything', 400, 'value'],
    ['a visit that is of no series', 'all', 422, 'business-rule'],
  ])('refuses %s', async (_, scope, status, code) => {
    const visit = made(await place.book((await place.slotAt(2, '09:00')).id, await place.patient()))
    const answer = await cancel(visit, scope)
    expect([answer.status, answer.json.issue[0]?.code]).toEqual([status, code])
  })
})

describe('$reschedule of a series', () => {
  it('moves one visit and says that it stands elsewhere; no visit comes or goes', async () => {
    const { patient, visits } = await series(2, '09:00')
    const moved = made(await move(visits[1], 'this', instantIn(10, '11:00')), 200)
    expect([moved.id, inSeries(moved, 'occurrenceChanged')?.valueBoolean]).toEqual([visits[1]?.id, true])
    expect(numbersOf([moved])).toEqual([2])
    const all = matches(await house.call('GET', `Appointment?patient=Patient/${patient}&_sort=date`))
    expect(clock(all)).toEqual([weeks(2, '09:00', 4)[0], `${dateIn(10)} 11:00`, ...weeks(2, '09:00', 4).slice(2)])
  })

  it('moves this and those that follow by as many days and minutes, each under its own id', async () => {
    const { visits } = await series(2, '09:00')
    const answer = await move(visits[1], 'this-and-following', instantIn(11, '10:30'))
    expect(matches(answer).map(({ id }) => id)).toEqual(visits.slice(1).map(({ id }) => id))
    const after = await again(visits)
    expect(clock(after)).toEqual([`${dateIn(2)} 09:00`, ...weeks(11, '10:30', 3)])
    expect(changedOf(after)).toEqual([false, true, true, true])
    expect((await place.slotAt(16, '09:00')).status).toBe('free')
  })

  it('moves into times that the series itself gives up: a daily one by a day', async () => {
    const { visits } = await series(2, '09:00', recurrence('d', times(5)))
    expect(matches(await move(visits[0], 'all', instantIn(3, '09:00')))).toHaveLength(5)
    expect(clock(await again(visits))).toEqual([3, 4, 5, 6, 7].map((day) => `${dateIn(day)} 09:00`))
  })

  it('moves none where one cannot be, and names it with other times for it', async () => {
    const { visits } = await series(2, '09:00')
    made(await place.book((await place.slotAt(16, '10:00')).id, await place.patient()))
    const answer = await move(visits[0], 'all', instantIn(2, '10:00'))
    expect(answer.status).toBe(409)
    expect(answer.json.issue.map(({ diagnostics }) => diagnostics)).toEqual([
      `Visit 3 of the series, ${dateIn(16)} 10:00: This time has just been taken.`,
    ])
    expect((answer.json.issue[0] as { extension?: unknown[] }).extension).toHaveLength(3)
    expect(clock(await again(visits))).toEqual(weeks(2, '09:00', 4))
  })

  it('keeps the clinic’s local time over the clock change of March', async () => {
    const zone = 'America/New_York'
    const away = await clinic(house.call, { zone, horizon: new Date(Date.now() + 390 * 86_400_000) })
    const first = DateTime.now().setZone(zone).plus({ days: 2 }).set({ hour: 9, minute: 0, second: 0, millisecond: 0 })
    const patient = await away.patient()
    const resource = {
      resourceType: 'Appointment',
      status: 'proposed',
      start: first.toISO(),
      end: first.plus({ minutes: 15 }).toISO(),
      extension: [weekly(12, { url: 'weeklyTemplate', extension: [{ url: 'weekInterval', valuePositiveInt: 4 }] })],
      participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
    }
    const sent = parameters({ 'appt-resource': { resource }, schedule: { valueReference: { reference: `Schedule/${away.schedules[0]}` } } })
    const visits = matches(await house.call('POST', 'Appointment/$book', sent))
    const later = first.set({ hour: 14, minute: 15 })
    expect((await move(visits[0], 'all', later.toUTC().toISO() ?? '')).status).toBe(200)
    const expected = clock(visits, zone).map((text) => text.replace('09:00', '14:15'))
    expect(clock(await again(visits), zone)).toEqual(expected)
  })

  it('moves a series to another doctor', async () => {
    const two = await clinic(house.call, { n: 2 })
    const { visits } = await series(2, '09:00', weekly(3), two)
    const other = (await two.slotAt(2, '09:00', 1)).id
    const answer = await house.call(
      'POST',
      `Appointment/${visits[0]?.id}/$reschedule`,
      scoped('all', { slot: { valueReference: { reference: `Slot/${other}` } } }),
    )
    expect(answer.status).toBe(200)
    expect([(await two.slotAt(9, '09:00', 0)).status, (await two.slotAt(9, '09:00', 1)).status]).toEqual(['free', 'busy'])
  })

  it('never loses a time to somebody who wants one of the new ones at the same moment', async () => {
    const { visits } = await series(2, '09:00')
    const rival = await place.patient()
    const wanted = (await place.slotAt(9, '10:00')).id
    const [moved, booked] = await Promise.all([move(visits[0], 'all', instantIn(2, '10:00')), place.book(wanted, rival)])
    expect([moved.status, booked.status].sort()).toEqual(moved.status === 200 ? [200, 409] : [201, 409])
    expect(clock(await again(visits))).toEqual(weeks(2, moved.status === 200 ? '10:00' : '09:00', 4))
  })

  it('lets two who move one series at once do it one after the other', async () => {
    const { visits } = await series(2, '09:00')
    const answers = await Promise.all([move(visits[0], 'all', instantIn(2, '10:00')), move(visits[3], 'all', instantIn(23, '11:00'))])
    for (const { status } of answers) expect([200, 409]).toContain(status)
    expect(new Set((await again(visits)).map(({ start }) => start.slice(11, 16))).size).toBe(1)
  })
})

describe('a visit that replaces one of a series', () => {
  it('takes its place and its number, so that cancelling the rest means it too', async () => {
    const { patient, visits } = await series(2, '09:00')
    const slot = (await place.slotAt(17, '12:00')).id
    const replacing = made(await place.book(slot, patient, { 'cancelled-appt-id': { valueUri: `Appointment/${visits[2]?.id}` } }))
    expect(numbersOf([replacing])).toEqual([3])
    expect(numbersOf(matches(await cancel(visits[1], 'this-and-following')))).toEqual([2, 3, 4])
    expect(await statuses([replacing])).toEqual(['cancelled'])
  })

  it('does so too where its time was held first', async () => {
    const { patient, visits } = await series(2, '09:00')
    const held = made(await place.hold((await place.slotAt(10, '12:00')).id, patient))
    const sent = parameters({
      'appt-id': { valueUri: `Appointment/${held.id}` },
      'cancelled-appt-id': { valueUri: `Appointment/${visits[0]?.id}` },
    })
    made(await house.call('POST', 'Appointment/$book', sent), 200)
    expect(numbersOf(await again([held]))).toEqual([1])
    expect(numbersOf(matches(await cancel(visits[1], 'all')))).toEqual([2, 1, 3, 4])
    expect(await statuses([held])).toEqual(['cancelled'])
  })
})
