/**
 * Time that somebody is booked over is handed to them in whatever way its visit leaves, before the answer; and nobody who books,
 * leaves or is booked over others at one moment is undone by Postgres.
 */
import { auditOf } from '../../src/audit/audit-of.ts'
import { settleLapsed } from '../../src/booking/settle-lapsed.ts'
import { closeInAgreement, disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { pastEnd } from '../support/held.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { type Heard, listen } from '../support/listened-pool.ts'
import { weekly } from '../support/recurrence.ts'
import { untilWaiting } from '../support/until-waiting.ts'

let house: TestHouse
let place: Clinic
let heard: Heard
/** A second Schedule of the same practitioner. */
let beside: string
let patients: string[]
let next = 0
const patient = (): string => patients[next++ % patients.length] as string

beforeAll(async () => {
  house = await testHouse()
  heard = listen(house.house.pool)
  place = await clinic(house.call, { minutes: 30, slotMinutes: 30 })
  patients = await place.patients(120)
  beside = await secondSchedule(place)
})
afterEach(async () => {
  expect(await disagreements(house.house.pool)).toEqual([])
  expect(heard.deadlocks).toEqual([])
})
afterAll(() => closeInAgreement(house))

const practitioner = (at = place): string => `Practitioner/${at.practitioners[0]}`
const secondSchedule = async (at: Clinic): Promise<string> =>
  made(await house.call('POST', 'Schedule', { resourceType: 'Schedule', actor: [{ reference: practitioner(at) }] })).id
const besideAt = async (start: string, end: string, schedule = beside): Promise<string> =>
  made(
    await house.call('POST', 'Slot', { resourceType: 'Slot', schedule: { reference: `Schedule/${schedule}` }, status: 'free', start, end }),
  ).id
const over = (id: string, more: Readonly<Record<string, unknown>> = {}, call = house.call): Promise<Answer> =>
  call(
    'POST',
    `Slot/${id}/$book`,
    parameters({ patient: `Patient/${patient()}`, overbook: { valueBoolean: true }, 'overbook-reason': 'Acute pain', ...more }),
  )
/** By no Slot at all. */
const bare = (start: string, end: string, whose = practitioner()): Promise<Answer> =>
  house.call('POST', 'Appointment', {
    ...{ resourceType: 'Appointment', status: 'booked', start, end },
    participant: [whose, `Patient/${patient()}`].map((reference) => ({ actor: { reference }, status: 'accepted' })),
  })
const cancel = (visit: Body): Promise<Answer> => house.call('POST', `Appointment/${visit.id}/$cancel`, parameters({}))
const put = (visit: Body, change: object): Promise<Answer> => house.call('PUT', `Appointment/${visit.id}`, { ...visit, ...change })
const slot = async (id: string): Promise<Body & { overbooked?: boolean }> => made(await house.call('GET', `Slot/${id}`), 200)
const statusOf = async (id: string): Promise<string> => (await slot(id)).status
const writeSlot = async (id: string, change: object): Promise<Answer> => house.call('PUT', `Slot/${id}`, { ...(await slot(id)), ...change })
const lanes = async (visit: Body, whose = practitioner()): Promise<string[]> =>
  (
    await house.house.pool.query<{ resource: string }>({
      text: 'select resource from claim where appointment = $1 order by resource',
      values: [`Appointment/${visit.id}`],
    })
  ).map(({ resource }) => resource.replace(whose, ''))
const minutesAfter = (start: string, minutes: number): string => new Date(Date.parse(start) + minutes * 60_000).toISOString()
const sweep = (): Promise<number> => settleLapsed(house.house, () => auditOf(house.house, { client: 'test' }, 'expire'))
/** Holds of a second, on a practitioner of its own. */
const brief = (policy: Readonly<Record<string, number>> = {}): Promise<Clinic> =>
  clinic(house.call, { minutes: 30, slotMinutes: 30, policy: { holdSeconds: 1, ...policy } })

describe('time under an overbooked visit is its own as soon as the first visit', () => {
  const patientOf = (visit: Body): string =>
    (visit.participant.map(({ actor }) => actor?.reference).find((one) => one?.startsWith('Patient/')) ?? '').slice('Patient/'.length)
  const to = async (time: string): Promise<Body> => place.slotAt(3, time)
  const ways: readonly [string, (visit: Body, time: string) => Promise<Answer>][] = [
    ['is cancelled', (visit) => cancel(visit)],
    ['is deleted', (visit) => house.call('DELETE', `Appointment/${visit.id}`)],
    ['is cancelled by PUT', (visit) => put(visit, { status: 'cancelled' })],
    ['is an error', (visit) => put(visit, { status: 'entered-in-error' })],
    ['is moved', async (visit, time) => house.call('POST', `Appointment/${visit.id}/$reschedule`, slotIs(await to(time)))],
    [
      'is moved with a key',
      async (visit, time) => house.call('POST', `Appointment/${visit.id}/$reschedule`, slotIs(await to(time)), { 'idempotency-key': time }),
    ],
    ['is moved by PUT', async (visit, time) => put(visit, at(await to(time)))],
    [
      'is replaced by a booking',
      async (visit, time) => place.book((await to(time)).id, patientOf(visit), { 'cancelled-appt-id': `Appointment/${visit.id}` }),
    ],
    [
      'is replaced by one that is booked over another',
      async (visit, time) => {
        const { id } = await to(time)
        made(await place.book(id, patient()))
        return over(id, { patient: `Patient/${patientOf(visit)}`, 'cancelled-appt-id': `Appointment/${visit.id}` })
      },
    ],
    [
      'is cancelled in a Bundle',
      (visit) =>
        house.call('POST', '', {
          ...{ resourceType: 'Bundle', type: 'transaction' },
          entry: [{ resource: { ...visit, status: 'cancelled' }, request: { method: 'PUT', url: `Appointment/${visit.id}` } }],
        }),
    ],
    ['is given to somebody else', async (visit) => put(visit, await toAnother(visit))],
  ]
  const slotIs = ({ id }: Body): object => parameters({ slot: `Slot/${id}` })
  const at = ({ id, start, end }: Body): object => ({ start, end, slot: [{ reference: `Slot/${id}` }] })
  const toAnother = async (visit: Body): Promise<object> => {
    const { id } = made(await house.call('POST', 'Practitioner', { resourceType: 'Practitioner' }))
    const rest = visit.participant.filter(({ actor }) => actor?.reference !== practitioner())
    return { participant: [...rest, { actor: { reference: `Practitioner/${id}` }, status: 'accepted' }], slot: undefined }
  }

  it.each(ways.map(([how, leave], n) => [how, leave, n] as const))('%s', async (_, leave, n) => {
    const time = new Date(Date.parse(instantIn(2, '09:00')) + n * 30 * 60_000).toISOString().slice(11, 16)
    const { id, start, end } = await place.slotAt(2, time)
    const other = await besideAt(start, end)
    const first = made(await place.book(id, patient()))
    const second = made(await over(id))
    expect(await lanes(second)).toEqual(['#2'])
    expect((await leave(first, time)).status).toBeLessThan(300)
    expect(await lanes(second)).toEqual(['', '#2'])
    expect([await slot(id), await slot(other)]).toMatchObject([{ status: 'busy', overbooked: true }, { status: 'busy' }])
    expect((await bare(start, end)).status).toBe(409)
    made(await cancel(second), 200)
    expect([await statusOf(id), await statusOf(other)]).toEqual(['free', 'free'])
  })

  it.each(['this-and-following', 'all'])('of a series is cancelled with the others: %s', async (scope) => {
    const mine = await clinic(house.call, { minutes: 30, slotMinutes: 30 })
    const participant = [{ actor: { reference: `Patient/${patient()}` }, status: 'needs-action' }]
    const resource = { resourceType: 'Appointment', status: 'proposed', extension: [weekly(3)], participant }
    const { id } = await mine.slotAt(2, '09:00')
    const visits = matches(await house.call('POST', `Slot/${id}/$book`, parameters({ 'appt-resource': { resource } })))
    const slots = await Promise.all([2, 9, 16].map((day) => mine.slotAt(day, '09:00')))
    const seconds = await Promise.all(slots.map(async (one) => made(await over(one.id))))
    const answer = await house.call('POST', `Appointment/${visits[1]?.id}/$cancel`, parameters({ scope: { valueCode: scope } }))
    expect(answer.status).toBe(200)
    const left = scope === 'all' ? 3 : 2
    expect(await Promise.all(seconds.slice(-left).map((one) => lanes(one, practitioner(mine))))).toEqual(Array(left).fill(['', '#2']))
    expect(await Promise.all(slots.map((one) => statusOf(one.id)))).toEqual(['busy', 'busy', 'busy'])
  })

  it('that has no Slot of its own is moved', async () => {
    const [from, to] = [await place.slotAt(4, '11:00'), await place.slotAt(4, '12:00')]
    const quarter = minutesAfter(from.start, 15)
    const [, first] = [made(await bare(from.start, quarter)), made(await bare(quarter, from.end))]
    const second = made(await over(from.id))
    const { length } = heard.statements
    made(await house.call('POST', `Appointment/${first.id}/$reschedule`, slotIs(to)), 200)
    // Nothing else of it kept it from being moved in one statement.
    expect(heard.statements.slice(length).some((text) => text.includes('nobody_over'))).toBe(true)
    expect(await lanes(second)).toEqual(['', '#2'])
    expect((await bare(quarter, from.end)).status).toBe(409)
  })

  it('leaves while the visit over it leaves too: nobody has the time', async () => {
    const mine = await clinic(house.call, { minutes: 30, slotMinutes: 30, policy: { maxPerDay: 9 } })
    const { id, start, end } = await mine.slotAt(2, '09:00')
    const other = await besideAt(start, end, await secondSchedule(mine))
    const first = made(await place.book(other, patient()))
    const second = made(await over(id))
    made(await put(second, { slot: undefined }), 200)
    expect((await whileLeaving(second, () => cancel(first))).status).toBe(200)
    expect([await lanes(second, practitioner(mine)), await statusOf(id), await statusOf(other)]).toEqual([[], 'free', 'free'])
    made(await bare(start, end, practitioner(mine)))
  })

  it('has left, and it leaves itself while another is booked over it: that one has the time', async () => {
    const mine = await clinic(house.call, { minutes: 30, slotMinutes: 30, policy: { maxPerDay: 9 } })
    const { id, start, end } = await mine.slotAt(2, '09:00')
    const first = made(await mine.book(id, patient()))
    const second = made(await over(id))
    made(await cancel(first), 200)
    const third = made(await whileLeaving(second, () => over(id)))
    expect([await lanes(second, practitioner(mine)), await lanes(third, practitioner(mine))]).toEqual([[], ['', '#3']])
    expect((await bare(start, end, practitioner(mine))).status).toBe(409)
  })

  /** What is done while a visit is cancelled that has its claims and Slots by then, and has still to give back its place of the day. */
  const whileLeaving = (visit: Body, deed: () => Promise<Answer>): Promise<Answer> =>
    house.house.pool.connect(async (db) => {
      await db.query({ text: 'begin', values: [] })
      await db.query({ text: 'select 1 from visit_cap where appointment = $1 for update', values: [`Appointment/${visit.id}`] })
      const leaving = cancel(visit)
      await untilWaiting(house.house.pool, 1)
      const done = deed()
      await Promise.race([done, untilWaiting(house.house.pool, 2)])
      await db.query({ text: 'commit', values: [] })
      made(await leaving, 200)
      return done
    })

  it('that is only held is released', async () => {
    const { id, start, end } = await place.slotAt(4, '09:00')
    made(await place.hold(id, patient()))
    const second = made(await over(id))
    made(await house.call('POST', `Slot/${id}/$release`), 200)
    expect(await lanes(second)).toEqual(['', '#2'])
    expect((await bare(start, end)).status).toBe(409)
  })
})

it('a Slot is overbooked no more when the visit over it leaves, though that names it no longer', async () => {
  const { id } = await place.slotAt(4, '14:00')
  const first = made(await place.book(id, patient()))
  const second = made(await over(id))
  made(await put(second, { slot: undefined }), 200)
  expect(await lanes(second)).toEqual(['#2'])
  made(await cancel(second), 200)
  expect(await slot(id)).not.toHaveProperty('overbooked')
  made(await cancel(first), 200)
  expect(await statusOf(id)).toBe('free')
})

describe('a Slot that was set busy by hand, under an overbooked visit', () => {
  const byHand = async (time: string): Promise<{ own: Body; other: string }> => {
    const own = await place.slotAt(5, time)
    const other = await besideAt(own.start, own.end)
    made(await writeSlot(other, { status: 'busy' }), 200)
    return { own, other }
  }
  const asAnother = async () => house.as(await house.token('system/*.cruds', { client: 'another' }))

  it('is the visit’s when it is set free, and the answer says so', async () => {
    const { own, other } = await byHand('09:00')
    const second = made(await over(own.id, {}, await asAnother()))
    const answer = made(await writeSlot(other, { status: 'free' }), 200)
    expect(answer).toEqual(await slot(other))
    expect([answer.status, await lanes(second)]).toEqual(['busy', ['', '#2']])
    made(await cancel(second), 200)
    expect([await statusOf(other), await statusOf(own.id)]).toEqual(['free', 'free'])
  })

  it('also where the visit is of its own Schedule', async () => {
    const { id } = await place.slotAt(5, '10:00')
    made(await writeSlot(id, { status: 'busy' }), 200)
    const second = made(await over(id, {}, await asAnother()))
    const answer = made(await writeSlot(id, { status: 'free' }), 200)
    expect(answer).toEqual(await slot(id))
    expect(answer).toMatchObject({ status: 'busy', overbooked: true })
    expect((await writeSlot(id, { status: 'free' })).status).toBe(409)
    made(await cancel(second), 200)
    expect(await slot(id)).toMatchObject({ status: 'free' })
  })

  it('leaves its time to the visit when it is deleted, blocked, or put at another time', async () => {
    for (const [time, change] of [
      ['11:00', undefined],
      ['12:00', { status: 'busy-unavailable' }],
      ['13:00', { start: instantIn(5, '13:30'), end: instantIn(5, '14:00') }],
      ['15:00', { status: 'free', start: instantIn(5, '15:30'), end: instantIn(5, '16:00') }],
    ] as const) {
      const { own, other } = await byHand(time)
      const second = made(await over(own.id, {}, await asAnother()))
      if (change) made(await writeSlot(other, change), 200)
      else expect((await house.call('DELETE', `Slot/${other}`)).status).toBe(204)
      expect([time, await lanes(second)]).toEqual([time, ['', '#2']])
      expect((await bare(own.start, own.end)).status).toBe(409)
    }
  })

  it('is overbooked no more at another time', async () => {
    const { id, start, end } = made(
      await house.call('POST', 'Slot', {
        ...{ resourceType: 'Slot', schedule: { reference: `Schedule/${beside}` }, status: 'busy' },
        ...{ start: instantIn(6, '07:00'), end: instantIn(6, '07:30') },
      }),
    )
    const visit = made(await bare(minutesAfter(end, 30), minutesAfter(end, 60)))
    made(await cancel(visit), 200)
    const second = made(await over(id, { duration: 30 }, await asAnother()))
    expect(await slot(id)).toMatchObject({ status: 'busy', overbooked: true })
    const moved = made(await writeSlot(id, { start: minutesAfter(start, 60), end: minutesAfter(end, 60) }), 200)
    expect(moved).not.toHaveProperty('overbooked')
    expect(await lanes(second)).toEqual(['', '#2'])
  })
})

describe('a hold that somebody was booked over', () => {
  it('keeps its time while it lasts, and is booked as any is', async () => {
    const mine = await clinic(house.call, { minutes: 30, slotMinutes: 30 })
    const { id } = await mine.slotAt(2, '09:00')
    const held = made(await mine.hold(id, patient()))
    const second = made(await over(id))
    expect(await slot(id)).toMatchObject({ status: 'busy-tentative', overbooked: true })
    expect(await sweep()).toBe(0)
    made(await house.call('POST', `Appointment/${held.id}/$book`, parameters({})), 200)
    expect([await lanes(second, practitioner(mine)), (await slot(id)).status]).toEqual([['#2'], 'busy'])
    made(await cancel(held), 200)
    expect([await lanes(second, practitioner(mine)), (await slot(id)).status]).toEqual([['', '#2'], 'busy'])
  })

  it('past its end leaves that visit its time, and the sweep writes it down', async () => {
    const mine = await brief()
    const { id, start, end } = await mine.slotAt(2, '09:00')
    const held = made(await mine.hold(id, patient()))
    const second = made(await over(id))
    await pastEnd(held)
    expect((await bare(start, end, practitioner(mine))).status).toBe(409)
    expect(await sweep()).toBe(1)
    expect([await lanes(second, practitioner(mine)), (await slot(id)).status]).toEqual([['', '#2'], 'busy'])
    expect((await bare(start, end, practitioner(mine))).status).toBe(409)
  })

  it('leaves it also where visits of a role come to take up the same practitioner', async () => {
    const mine = await brief()
    const { id, start, end } = await mine.slotAt(2, '09:00')
    const role = made(await house.call('POST', 'PractitionerRole', { resourceType: 'PractitionerRole' }))
    made(await bare(minutesAfter(end, 60), minutesAfter(end, 90), `PractitionerRole/${role.id}`))
    const held = made(await mine.hold(id, patient()))
    const second = made(await over(id))
    await pastEnd(held)
    made(await house.call('PUT', `PractitionerRole/${role.id}`, { ...role, practitioner: { reference: practitioner(mine) } }), 200)
    expect(await lanes(second, practitioner(mine))).toEqual(['', '#2'])
    expect((await bare(start, end, practitioner(mine))).status).toBe(409)
    expect(await sweep()).toBe(1)
    expect(await lanes(second, practitioner(mine))).toEqual(['', '#2'])
  })

  it('past its end leaves what nobody lies over to whoever books it, at once', async () => {
    const mine = await brief()
    const [under, open] = [await mine.slotAt(2, '09:00'), await mine.slotAt(2, '09:30')]
    const other = await besideAt(under.start, under.end, await secondSchedule(mine))
    const held = made(await mine.hold(under.id, patient(), { duration: 60 }))
    const second = made(await over(under.id))
    await pastEnd(held)
    const window = `start=${instantIn(2, '09:00')}&end=${instantIn(2, '10:00')}&practitioner=${practitioner(mine)}`
    expect(matches(await house.call('GET', `Slot/$find-slots?${window}`)).map(({ id }) => id)).toEqual([open.id])
    expect((await mine.book(other, patient())).status).toBe(409)
    expect((await bare(under.start, open.end, practitioner(mine))).status).toBe(409)
    made(await mine.book(open.id, patient()))
    expect([await lanes(second, practitioner(mine)), await sweep()]).toEqual([['', '#2'], 1])
    expect([await statusOf(under.id), await statusOf(open.id), await statusOf(other)]).toEqual(['busy', 'busy', 'busy'])
    made(await cancel(second), 200)
    expect([await statusOf(under.id), await statusOf(open.id), await statusOf(other)]).toEqual(['free', 'busy', 'free'])
  })

  it('past its end gives its claims up in the order in which everybody locks them', async () => {
    const mine = await brief()
    const { id, start, end } = await mine.slotAt(2, '09:00')
    const room = made(await house.call('POST', 'Location', { resourceType: 'Location', physicalType: { coding: [{ code: 'ro' }] } })).id
    const held = made(await mine.hold(id, patient()))
    await pastEnd(held)
    const sql = (text: string, ...values: unknown[]) => ({ text, values })
    // As a claim may lie that was written into the place of another: before one that it sorts behind.
    const beside = `insert into claim (resource, session, period, appointment, expires, client)
                    select $1, session, period, appointment, expires, client from claim where appointment = $2`
    await house.house.pool.query(sql(beside, `Location/${room}`, `Appointment/${held.id}`))
    await house.house.pool.connect(async (db) => {
      await db.query(sql('begin'))
      const claim = 'select 1 from claim where resource = $1 and appointment = $2 for update'
      await db.query(sql(claim, `Location/${room}`, `Appointment/${held.id}`))
      const participant = [practitioner(mine), `Location/${room}`].map((reference) => ({ actor: { reference }, status: 'accepted' }))
      const booking = house.call('POST', 'Appointment', { resourceType: 'Appointment', status: 'booked', start, end, participant })
      await untilWaiting(house.house.pool, 1)
      await db.query(sql(`${claim} nowait`, practitioner(mine), `Appointment/${held.id}`))
      await db.query(sql('commit'))
      made(await booking)
    })
    await sweep()
  })

  it('is not cleared away by a booking that waited for the one over it', async () => {
    const mine = await brief({ holdSeconds: 3 })
    const { id, start, end } = await mine.slotAt(2, '09:00')
    const held = made(await mine.hold(id, patient()))
    const [second, third] = await house.house.pool.connect(async (db) => {
      await db.query({ text: 'begin', values: [] })
      await db.query({ text: 'select 1 from slot where id = $1 for update', values: [id] })
      const booked = over(id)
      await untilWaiting(house.house.pool, 1)
      await pastEnd(held)
      const other = bare(minutesAfter(start, 15), minutesAfter(end, 15), practitioner(mine))
      await untilWaiting(house.house.pool, 2)
      await db.query({ text: 'commit', values: [] })
      return Promise.all([booked, other])
    })
    expect([second.status, third.status]).toEqual([201, 409])
    await sweep()
    expect(await lanes(second.json, practitioner(mine))).toEqual(['', '#2'])
  })
})

describe('a class that somebody is booked over', () => {
  const classes = (policy: Readonly<Record<string, number>> = {}): Promise<Clinic> =>
    clinic(house.call, { minutes: 30, slotMinutes: 30, policy: { capacity: 3, ...policy } })
  const found = async (mine: Clinic): Promise<string[]> =>
    matches(
      await house.call('GET', `Schedule/${mine.schedules[0]}/$find-slots?start=${instantIn(2, '09:00')}&end=${instantIn(2, '09:30')}`),
    ).map(({ id }) => id)
  const write = (mine: Clinic, named: Body, who: string, call = house.call) => call('POST', 'Appointment', mine.appointment(named, who))

  it('takes nobody else in, on any path, until that visit leaves; who sits there stays', async () => {
    const mine = await classes()
    const named = await mine.slotAt(2, '09:00')
    const first = made(await mine.book(named.id, patient()))
    const second = await startOver(named)
    // What lies behind the class is its own.
    expect(await lanes(second, practitioner(mine))).toEqual(['', '#2'])
    expect([await found(mine), await slot(named.id)]).toMatchObject([[], { status: 'busy', overbooked: true }])
    const who = patient()
    const theirs = house.as(await house.token('patient/*.cruds', { patient: who }))
    expect((await mine.book(named.id, patient())).status).toBe(409)
    expect((await mine.hold(named.id, patient())).status).toBe(409)
    expect((await write(mine, named, patient())).status).toBe(409)
    expect((await write(mine, named, who, theirs)).status).toBe(409)
    made(await put(first, { comment: 'Called' }), 200)
    expect((await put(first, withAnother(first, `Patient/${patient()}`))).status).toBe(409)
    made(await put(first, withAnother(first, await device())), 200)
    expect(await statusOf(named.id)).toBe('busy')
    made(await cancel(second), 200)
    expect([await found(mine), await slot(named.id)]).toMatchObject([[named.id], { status: 'free' }])
    expect(await slot(named.id)).not.toHaveProperty('overbooked')
  })

  it('also where that visit is of another Schedule, and where the class was full', async () => {
    const mine = await classes({ capacity: 2 })
    const named = await mine.slotAt(2, '09:00')
    const other = await besideAt(named.start, named.end, await secondSchedule(mine))
    const [first, last] = [made(await mine.book(named.id, patient())), made(await mine.book(named.id, patient()))]
    const second = made(await over(other))
    made(await cancel(last), 200)
    expect([await found(mine), await slot(named.id)]).toMatchObject([[], { status: 'busy', overbooked: true }])
    expect((await write(mine, named, patient())).status).toBe(409)
    made(await cancel(first), 200)
    expect([await lanes(second, practitioner(mine)), (await mine.book(named.id, patient())).status]).toEqual([['', '#2'], 409])
    made(await cancel(second), 200)
    made(await mine.book(named.id, patient()))
  })

  it('keeps the seat that is held, until that is booked or over', async () => {
    const mine = await brief({ capacity: 3 })
    const named = await mine.slotAt(2, '09:00')
    const [first, held] = [made(await mine.book(named.id, patient())), made(await mine.hold(named.id, patient()))]
    const second = await startOver(named)
    await pastEnd(held)
    const named_ = await slot(named.id)
    expect((await write(mine, named_, patient())).status).toBe(409)
    // Who sits there may be written again, and keeps the seat.
    expect((await put(first, withAnother(first, `Patient/${patient()}`))).status).toBe(409)
    made(await put(first, withAnother(first, await device())), 200)
    expect([await sweep(), await statusOf(named.id)]).toEqual([1, 'busy'])
    expect((await write(mine, named_, patient())).status).toBe(409)
    made(await cancel(first), 200)
    expect(await lanes(second, practitioner(mine))).toEqual(['', '', '#2'])
  })

  const withAnother = ({ participant }: Body, reference: string) => ({
    participant: [...participant, { actor: { reference }, status: 'accepted' }],
  })
  const device = async () => `Device/${made(await house.call('POST', 'Device', { resourceType: 'Device' })).id}`

  /** Longer than the class: a seat that is left is taken as it is, whoever says `overbook`. */
  const startOver = async ({ id }: Body): Promise<Body> => made(await over(id, { duration: 60 }))
})

describe('at one moment', () => {
  const rounds = 5

  it('whoever is booked over others, books beside them and leaves under them waits for nobody in a circle', async () => {
    for (let round = 0; round < rounds; round++) {
      const slots = (await place.slotsOn(20 + round)).slice(0, 8)
      const others = await Promise.all(slots.map(({ start, end }) => besideAt(start, end)))
      const firsts = await Promise.all([0, 2, 4, 6].map(async (n) => made(await place.book(slots[n]?.id ?? '', patient()))))
      const answers = await Promise.all(
        [0, 2, 4, 6].flatMap((n, at) => [
          over(slots[n]?.id ?? '', { duration: 60 }),
          place.book(others[n + 1] ?? '', patient()),
          at % 2 === 0 ? cancel(firsts[at] as Body) : bare(slots[n + 1]?.start ?? '', slots[n + 1]?.end ?? ''),
        ]),
      )
      expect(answers.map(({ status }) => status).filter((status) => ![200, 201, 409].includes(status))).toEqual([])
      expect(await disagreements(house.house.pool)).toEqual([])
    }
  })

  it('one patient who is booked over others here and in the place of a visit there', async () => {
    for (let round = 0; round < rounds; round++) {
      const [a, b, c] = (await place.slotsOn(30 + round)).slice(0, 3) as [Body, Body, Body]
      const who = patient()
      for (const { id } of [b, c]) made(await place.book(id, patient()))
      const mine = made(await place.book(a.id, who))
      const answers = await Promise.all([
        over(b.id, { patient: `Patient/${who}`, 'cancelled-appt-id': `Appointment/${mine.id}` }),
        over(c.id, { patient: `Patient/${who}` }),
      ])
      expect(answers.map(({ status }) => status)).toEqual([201, 201])
    }
  })
})
