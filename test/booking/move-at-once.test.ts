/**
 * A plain move is two statements, one to know and one to do; what is not plain goes the long way and ends the same. Whatever
 * moves at one moment, nobody's time is lost and nobody waits in a circle.
 */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { type Heard, listen } from '../support/listened-pool.ts'
import { numbersOf, weekly } from '../support/recurrence.ts'

let house: TestHouse
let place: Clinic
let heard: Heard

beforeAll(async () => {
  house = await testHouse()
  heard = listen(house.house.pool)
  place = await clinic(house.call, { n: 3 })
})
afterEach(async () => {
  expect(await disagreements(house.house.pool)).toEqual([])
  expect(heard.deadlocks).toEqual([])
  expect(house.warnings).toEqual([])
})
afterAll(() => house.close())

const move = (visit: Body, slot: Body, headers?: Record<string, string>): Promise<Answer> =>
  house.call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${slot.id}` }), headers)
const counted = async <T>(deed: () => Promise<T>): Promise<{ readonly answer: T; readonly ran: number; readonly begun: number }> => {
  const from = heard.statements.length
  const answer = await deed()
  // What a request asks besides, of its token say, is nothing of a move's.
  const ran = heard.statements.slice(from).filter((text) => text === 'begin' || /\b(appointment|slot|claim)\b/.test(text))
  return { answer, ran: ran.length, begun: ran.filter((text) => text === 'begin').length }
}
const booked = async (slot: Body, patient?: string): Promise<Body> => made(await place.book(slot.id, patient ?? (await place.patient())))
/** The clinic lets it end after five minutes of its Slot. */
const shortened = async (visit: Body): Promise<Body> =>
  made(await house.call('PUT', `Appointment/${visit.id}`, { ...visit, end: minutesIn(visit, 5), minutesDuration: 5 }), 200)
/** Another visit of the same practitioner, in what is left of the Slot. */
const behind = async (visit: Body): Promise<Answer> =>
  house.call('POST', 'Appointment', {
    ...{ resourceType: 'Appointment', status: 'booked', start: minutesIn(visit, 5), end: minutesIn(visit, 15) },
    participant: [`Patient/${await place.patient()}`, `Practitioner/${place.practitioners[0]}`].map((reference) => ({
      actor: { reference },
      status: 'accepted',
    })),
  })
const minutesIn = ({ start }: Body, minutes: number): string => new Date(Date.parse(start) + minutes * 60_000).toISOString()
const statusOf = async ({ id }: Body): Promise<string> => made(await house.call('GET', `Slot/${id}`), 200).status
const moveBody = (slot: Body): object => parameters({ slot: `Slot/${slot.id}` })

describe('a plain move', () => {
  it('is two statements and no transaction, there and back again, on its own Schedule and on another', async () => {
    const [nine, ten, other] = [await place.slotAt(2, '09:00'), await place.slotAt(2, '10:00'), await place.slotAt(2, '11:00', 1)]
    const visit = await booked(nine)
    // The plans come to hand.
    await booked(await place.slotAt(2, '16:00', 1))
    for (const [slot, left] of [
      [ten, nine],
      [nine, ten],
      [ten, nine],
    ] as const) {
      const { answer, ran, begun } = await counted(() => move(visit, slot))
      expect([answer.status, ran, begun]).toEqual([200, 2, 0])
      expect([await statusOf(slot), await statusOf(left)]).toEqual(['busy', 'free'])
    }
    const { answer, begun } = await counted(() => move(visit, other))
    expect([answer.status, begun, await statusOf(other), await statusOf(ten)]).toEqual([200, 0, 'busy', 'free'])
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200)).toEqual(answer.json)
  })

  it('leaves what a move leaves: each version, its line in the log of changes, and one AuditEvent', async () => {
    const [nine, ten] = [await place.slotAt(3, '09:00'), await place.slotAt(3, '10:00')]
    const visit = await booked(nine)
    made(await move(visit, ten), 200)
    const history = made(await house.call('GET', `Appointment/${visit.id}/_history`), 200).entry ?? []
    expect(history.map(({ resource: { meta, start } }) => [meta.versionId, Date.parse(start)])).toEqual([
      ['2', Date.parse(ten.start)],
      ['1', Date.parse(nine.start)],
    ])
    const read = (text: string) => house.house.pool.query({ text, values: [visit.id, nine.id, ten.id] })
    expect(
      await read(
        `select type, id, version::text as version, kind from change where id = any(array[$1, $2, $3]) order by type, id, version`,
      ),
    ).toEqual([
      { type: 'Appointment', id: visit.id, version: '1', kind: 'create' },
      { type: 'Appointment', id: visit.id, version: '2', kind: 'update' },
      ...[
        { type: 'Slot', id: nine.id, version: '2', kind: 'update' },
        { type: 'Slot', id: nine.id, version: '3', kind: 'update' },
        { type: 'Slot', id: ten.id, version: '2', kind: 'update' },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    ])
    const patient = visit.participant
      .find(({ actor }) => actor?.reference?.startsWith('Patient/'))
      ?.actor?.reference?.slice('Patient/'.length)
    const audited = await house.house.pool.query({
      text: `select action, patients, entity from audit_event where interaction = 'reschedule' and entity = $1`,
      values: [`Appointment/${visit.id}`],
    })
    expect(audited).toEqual([{ action: 'U', patients: [patient], entity: `Appointment/${visit.id}` }])
  })

  it('into time that is partly its own keeps the Slot that it has', async () => {
    const long = await clinic(house.call, { minutes: 30, slotMinutes: 15 })
    const [first, second, third] = (await long.slotsOn(2)) as [Body, Body, Body]
    const visit = made(await long.book(first.id, await long.patient()))
    const { answer, begun } = await counted(() => move(visit, second))
    expect([answer.status, begun]).toEqual([200, 0])
    expect(made(answer, 200).slot).toEqual([second, third].map(({ id }) => ({ reference: `Slot/${id}` })))
    const now = (await long.slotsOn(2)).slice(0, 3)
    expect(now.map(({ status, meta }) => [status, meta.versionId])).toEqual([
      ['free', '3'],
      ['busy', '2'],
      ['busy', '2'],
    ])
  })
})

describe('what is not plain', () => {
  it('with an Idempotency-Key takes a transaction', async () => {
    const visit = await booked(await place.slotAt(4, '09:00'))
    const { answer, begun } = await counted(async () => move(visit, await place.slotAt(4, '10:00'), { 'idempotency-key': 'plain-no-more' }))
    expect([answer.status, begun]).toEqual([200, 1])
  })

  it('leaves a Slot to another who lies over it too', async () => {
    const [nine, eleven] = [await place.slotAt(5, '09:00'), await place.slotAt(5, '11:00')]
    const visit = await booked(nine)
    await shortened(visit)
    const beside = made(await behind(visit))
    made(await move(visit, eleven), 200)
    expect(await statusOf(nine)).toBe('busy')
    made(await house.call('POST', `Appointment/${beside.id}/$cancel`), 200)
    expect(await statusOf(nine)).toBe('free')
  })

  it('leaves a Slot blocked where a block has come to lie over it', async () => {
    const [nine, eleven] = [await place.slotAt(6, '09:00'), await place.slotAt(6, '11:00')]
    const visit = await booked(nine)
    await create(house.call, {
      ...{ resourceType: 'Slot', schedule: { reference: `Schedule/${place.schedules[0]}` }, status: 'busy-unavailable' },
      start: nine.start,
      end: nine.end,
    })
    made(await move(visit, eleven), 200)
    expect(await statusOf(nine)).toBe('busy-unavailable')
  })

  it('is refused where the time is taken, and told the next times', async () => {
    const [nine, ten] = [await place.slotAt(7, '09:00'), await place.slotAt(7, '10:00')]
    const visit = await booked(nine)
    await booked(ten)
    const refused = await move(visit, ten)
    expect([refused.status, refused.json.issue[0]?.code]).toEqual([409, 'conflict'])
    expect(await statusOf(nine)).toBe('busy')
  })
})

describe('at one moment', () => {
  const rounds = 6

  it('two who want each other’s time are both refused, and neither waits for the other', async () => {
    for (let round = 0; round < rounds; round++) {
      const [a, b] = (await place.slotsOn(8)).slice(round * 2, round * 2 + 2) as [Body, Body]
      const [first, second] = [await booked(a), await booked(b)]
      const answers = await Promise.all([move(first, b), move(second, a)])
      expect(answers.map(({ status }) => status)).toEqual([409, 409])
      expect(await Promise.all([a, b].map(statusOf))).toEqual(['busy', 'busy'])
    }
  })

  it('one patient’s visits that are moved into each other’s neighbourhood never wait in a circle', async () => {
    const patients = await place.patients(rounds)
    const deeds = patients.flatMap((patient, round) => async () => {
      const slots = (await place.slotsOn(9, round % 3)).slice(Math.floor(round / 3) * 8, Math.floor(round / 3) * 8 + 8)
      const visits = await Promise.all([
        booked(slots[0] as Body, patient),
        booked(slots[2] as Body, patient),
        booked(slots[4] as Body, patient),
      ])
      const [one, two, three] = visits as [Body, Body, Body]
      const replaced = (visit: Body, slot: Body) => place.book(slot.id, patient, { 'cancelled-appt-id': `Appointment/${visit.id}` })
      return Promise.all([
        move(one, slots[3] as Body),
        move(two, slots[5] as Body, { 'idempotency-key': `circle-${round}` }),
        move(three, slots[0] as Body, { 'idempotency-key': `circle-back-${round}` }),
        replaced(two, slots[1] as Body),
      ])
    })
    const answers = (await Promise.all(deeds.map((deed) => deed()))).flat()
    expect(answers.map(({ status }) => status).filter((status) => ![200, 201, 409, 422].includes(status))).toEqual([])
  })

  it('who comes to lie over a Slot while its visit is moved away keeps it from being free', async () => {
    for (let round = 0; round < rounds; round++) {
      const [nine, later] = (await place.slotsOn(13)).slice(round * 2, round * 2 + 2) as [Body, Body]
      const visit = await shortened(await booked(nine))
      const [moved, beside] = await Promise.all([move(visit, later), behind(visit)])
      expect([moved.status, beside.status]).toEqual([200, 201])
      expect(await statusOf(nine)).toBe('busy')
    }
  })

  it('thirty who want one time: one has it, the others keep theirs', async () => {
    const wanted = await place.slotAt(10, '16:00')
    const visits = await Promise.all((await place.slotsOn(10)).slice(0, 20).map((slot) => booked(slot)))
    const others = await Promise.all((await place.slotsOn(10, 1)).slice(0, 10).map((slot) => booked(slot)))
    const all = [...visits, ...others]
    const answers = await Promise.all(all.map((visit) => move(visit, wanted)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(all.length - 1)
    const standing = matches(await house.call('GET', `Appointment?_id=${all.map(({ id }) => id)}&status=booked&_count=100`))
    expect(standing).toHaveLength(all.length)
  })

  it('a day of one practitioner is moved to another day, and each visit into the time of the one before it', async () => {
    const [one, other] = [(await place.slotsOn(14)).slice(0, 13), (await place.slotsOn(15)).slice(0, 12)]
    const visits = await Promise.all(one.slice(1).map((slot) => booked(slot)))
    const earlier = await Promise.all(visits.map((visit, at) => move(visit, one[at] as Body)))
    const stands = (answer: Answer, at: number): Body => (answer.status === 200 ? (one[at] as Body) : (one[at + 1] as Body))
    expect([200, 409]).toEqual(expect.arrayContaining([...new Set(earlier.map(({ status }) => status))]))
    expect(earlier[0]?.status).toBe(200)
    for (const [at, visit] of visits.entries())
      expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).slot).toEqual([
        { reference: `Slot/${stands(earlier[at] as Answer, at).id}` },
      ])
    const away = await Promise.all(visits.map((visit, at) => move(visit, other[at] as Body)))
    expect(away.map(({ status }) => status)).toEqual(away.map(() => 200))
    expect(await Promise.all(one.map(statusOf))).toEqual(one.map(() => 'free'))
    expect(await Promise.all(other.map(statusOf))).toEqual(other.map(() => 'busy'))
  })

  it('of one visit that is moved twice and cancelled, what was answered last stands', async () => {
    for (let round = 0; round < rounds; round++) {
      const [a, b, c] = (await place.slotsOn(11)).slice(round * 3, round * 3 + 3) as [Body, Body, Body]
      const visit = await booked(a)
      const answers = await Promise.all([move(visit, b), move(visit, c), house.call('POST', `Appointment/${visit.id}/$cancel`)])
      expect(answers[2]?.status).toBe(200)
      expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).status).toBe('cancelled')
      expect(await Promise.all([a, b, c].map(statusOf))).toEqual(['free', 'free', 'free'])
    }
  })
})

describe('at one moment, what takes a transaction', () => {
  const put = (visit: Body, slot: Body) =>
    house.call('PUT', `Appointment/${visit.id}`, { ...visit, start: slot.start, end: slot.end, slot: [{ reference: `Slot/${slot.id}` }] })
  const keyed = (visit: Body, slot: Body) => move(visit, slot, { 'idempotency-key': `swap-${visit.id}-${slot.id}` })
  const replaced = (visit: Body, slot: Body) => place.book(slot.id, patientOf(visit), { 'cancelled-appt-id': `Appointment/${visit.id}` })
  const ways = [keyed, put, replaced]
  const patientOf = (visit: Body): string =>
    (visit.participant.map(({ actor }) => actor?.reference).find((one) => one?.startsWith('Patient/')) ?? '').slice('Patient/'.length)

  it.each([
    ['with a key, both', keyed, keyed],
    ['by PUT, both', put, put],
    ['by a booking in its place, both', replaced, replaced],
    ['with a key and by PUT', keyed, put],
    ['by PUT and plainly', put, move],
    ['by a booking in its place and with a key', replaced, keyed],
  ])('many who want each other’s time, %s, are all refused, and nobody waits in a circle', async (_, one, other) => {
    const day = 14 + ways.length
    const slots = (await place.slotsOn(day)).filter(({ status }) => status === 'free').slice(0, 8)
    const visits = await Promise.all(slots.map((slot) => booked(slot)))
    const swaps = [0, 2, 4, 6].flatMap((at) => [
      one(visits[at] as Body, slots[at + 1] as Body),
      other(visits[at + 1] as Body, slots[at] as Body),
    ])
    expect((await Promise.all(swaps)).map(({ status }) => status)).toEqual(swaps.map(() => 409))
    expect(await Promise.all(slots.map(statusOf))).toEqual(slots.map(() => 'busy'))
    for (const visit of visits) made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
  })

  it('a ring in which each wants the next one’s time is refused whole', async () => {
    const slots = (await Promise.all([0, 1, 2].map(async (index) => (await place.slotsOn(20, index)).slice(0, 3)))).flat()
    const visits = await Promise.all(slots.map((slot) => booked(slot)))
    const answers = await Promise.all(visits.map((visit, at) => (ways[at % 2] ?? keyed)(visit, slots[(at + 1) % slots.length] as Body)))
    expect(answers.map(({ status }) => status)).toEqual(visits.map(() => 409))
  })

  it('seats of two classes that are exchanged are both had, however many exchange theirs', async () => {
    const classes = await clinic(house.call, { minutes: 30, slotMinutes: 30, policy: { capacity: 8 } })
    const [nine, ten] = [await classes.slotAt(3, '09:00'), await classes.slotAt(3, '10:00')]
    const sit = async (slot: Body) => made(await classes.book(slot.id, await classes.patient()))
    const visits = await Promise.all([nine, ten, nine, ten, nine, ten].map(sit))
    const answers = await Promise.all(visits.map((visit, at) => keyed(visit, at % 2 === 0 ? ten : nine)))
    expect(answers.map(({ status }) => status)).toEqual(visits.map(() => 200))
  })

  it('Bundles that move visits of the same two, each in its own order, all come through', async () => {
    const row = async (index: number) => (await place.slotsOn(21, index)).slice(0, 8)
    const [mine, yours] = [await row(0), await row(1)]
    const [a, b] = [
      await Promise.all(mine.slice(0, 4).map((slot) => booked(slot))),
      await Promise.all(yours.slice(0, 4).map((slot) => booked(slot))),
    ]
    const entry = (visit: Body, slot: Body) => ({
      resource: { ...visit, start: slot.start, end: slot.end, slot: [{ reference: `Slot/${slot.id}` }] },
      request: { method: 'PUT', url: `Appointment/${visit.id}` },
    })
    const bundles = [0, 1, 2, 3].map((at) => {
      const both = [entry(a[at] as Body, mine[at + 4] as Body), entry(b[at] as Body, yours[at + 4] as Body)]
      return { resourceType: 'Bundle', type: 'transaction', entry: at % 2 === 0 ? both : both.reverse() }
    })
    const answers = await Promise.all(bundles.map((bundle) => house.call('POST', '', bundle)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await Promise.all([...mine.slice(4), ...yours.slice(4)].map(statusOf))).toEqual(Array(8).fill('busy'))
  })

  it('a hold that is booked in the place of a visit, while that visit is put where the hold is, waits for it in no circle', async () => {
    const [early, late] = [(await place.slotsOn(23)).slice(0, 8), (await place.slotsOn(23)).slice(8, 16)]
    const visits = await Promise.all(early.map((slot) => booked(slot)))
    const holds = await Promise.all(late.map(async (slot, at) => made(await place.hold(slot.id, patientOf(visits[at] as Body)))))
    const confirmed = (hold: Body, visit: Body) =>
      house.call('POST', `Appointment/${hold.id}/$book`, parameters({ 'cancelled-appt-id': `Appointment/${visit.id}` }))
    const answers = await Promise.all(
      visits.map((visit, at) => Promise.all([confirmed(holds[at] as Body, visit), put(visit, late[at] as Body)])),
    )
    for (const [booking, other] of answers) {
      expect(booking.status).toBeLessThan(300)
      expect([409, 422]).toContain(other.status)
    }
    expect(await Promise.all([...early, ...late].map(statusOf))).toEqual([...early.map(() => 'free'), ...late.map(() => 'busy')])
  })

  it('parts of two series that want each other’s weeks are both refused', async () => {
    const book = async (time: string): Promise<Body[]> => {
      const slot = await place.slotAt(22, time, 2)
      const participant = [{ actor: { reference: `Patient/${await place.patient()}` }, status: 'needs-action' }]
      const resource = { resourceType: 'Appointment', status: 'proposed', extension: [weekly(3)], participant }
      return matches(await house.call('POST', `Slot/${slot.id}/$book`, parameters({ 'appt-resource': { resource } })))
    }
    const [early, late] = [await book('09:00'), await book('09:30')]
    expect([early, late].map(numbersOf)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
    const swaps = early.flatMap((_, at) => [
      keyed(early[at] as Body, { ...(late[at] as Body), id: idOfSlot(late[at] as Body) }),
      put(late[at] as Body, { ...(early[at] as Body), id: idOfSlot(early[at] as Body) }),
    ])
    expect((await Promise.all(swaps)).map(({ status }) => status)).toEqual(swaps.map(() => 409))
  })
  const idOfSlot = (visit: Body): string => (visit.slot[0]?.reference ?? '').slice('Slot/'.length)
})

it('Postgres has counted no deadlock', async () => {
  const [row] = await house.house.pool.query<{ deadlocks: string }>({
    text: 'select deadlocks::text as deadlocks from pg_stat_database where datname = current_database()',
    values: [],
  })
  expect(row?.deadlocks).toBe('0')
})

it('a body without a time is refused as ever', async () => {
  const visit = await booked(await place.slotAt(12, '09:00'))
  const gone = await house.call('POST', `Appointment/${visit.id}/$reschedule`, moveBody({ ...visit, id: 'no-such-slot' }))
  expect([gone.status, gone.json.issue[0]?.diagnostics]).toEqual([404, 'There is no Slot/no-such-slot.'])
  const none = await house.call('POST', 'Appointment/no-such-visit/$reschedule', moveBody(await place.slotAt(12, '10:00')))
  expect([none.status, none.json.issue[0]?.diagnostics]).toEqual([404, 'There is no Appointment/no-such-visit.'])
})
