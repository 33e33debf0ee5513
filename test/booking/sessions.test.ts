/** Group visits: seats of one session are taken, held, given back and counted; everything else on those people clashes with it. */
import { settleLapsedHolds } from '../../src/jobs/settle-lapsed-holds.ts'
import { slotStartingAt, slotsStartingAt } from '../../src/store/slot-lookups.ts'
import { closeInAgreement } from '../support/agreement.ts'
import { availability, type Clinic, clinic, create, instantIn, ours, policyExtension, timezone } from '../support/clinic.ts'
import {
  type Answer,
  appointmentIn,
  type Body,
  made,
  matches,
  nextTimesIn,
  parameters,
  type TestHouse,
  testHouse,
} from '../support/house.ts'

const seats = 3
let house: TestHouse
let place: Clinic
let patients: string[]
let next = 0
const patient = (): string => patients[next++ % patients.length] as string

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2, minutes: 30, slotMinutes: 30, policy: { capacity: seats } })
  patients = await place.patients(40)
})
afterAll(() => closeInAgreement(house))

const slot = (id: string): Promise<Body> => house.call('GET', `Slot/${id}`).then((answer) => made(answer, 200))
const cancel = (id: string | undefined) => house.call('POST', `Appointment/${id}/$cancel`, parameters({}))
const booked = async (id: string, who = patient()): Promise<Body> => made(await place.book(id, who))

type Part = { url: string; valueUnsignedInt?: number; valuePositiveInt?: number }

/** What a Slot says of its seats: `2/3`. */
const seatsOf = ({ extension = [] }: Body): string | undefined => {
  const parts = extension.find(({ url }) => url === ours('slot-capacity'))?.extension as Part[] | undefined
  const part = (name: string): Part | undefined => parts?.find(({ url }) => url === name)
  return parts && `${part('booked')?.valueUnsignedInt}/${part('capacity')?.valuePositiveInt}`
}
const stateOf = async (id: string) => {
  const body = await slot(id)
  return { status: body.status, seats: seatsOf(body) }
}
const seatNumbers = (appointments: readonly string[]) =>
  house.house.pool
    .query<{ seat: number }>({
      text: 'select seat from claim where appointment = any($1::text[]) order by seat',
      values: [appointments.map((id) => `Appointment/${id}`)],
    })
    .then((rows) => rows.map(({ seat }) => seat))
const findable = async (day: number, more = ''): Promise<Body[]> =>
  matches(
    await house.call(
      'GET',
      `Schedule/${place.schedules[0]}/$find-slots?start=${instantIn(day, '00:00')}&end=${instantIn(day + 1, '00:00')}&_count=500${more}`,
    ),
  )

/** What `$explain-availability` says of one time. */
const explained = async (day: number, time: string): Promise<{ offered: boolean; codes: string[] }> => {
  const answer = await house.call('GET', `Schedule/${place.schedules[0]}/$explain-availability?start=${instantIn(day, time)}`)
  type Said = { name: string; valueBoolean?: boolean; valueCode?: string; valueCoding?: { code: string }; part?: Said[] }
  const all = (parts: readonly Said[]): Said[] => parts.flatMap((part) => [part, ...all(part.part ?? [])])
  const said = all((answer.json as unknown as { parameter: Said[] }).parameter)
  return {
    offered: said.find(({ name }) => name === 'offered')?.valueBoolean === true,
    codes: said.filter(({ name }) => name === 'code').map(({ valueCode, valueCoding }) => valueCode ?? valueCoding?.code ?? ''),
  }
}

describe('the seats of a session', () => {
  it('are taken one by one, the Slot free until the last one is gone, and each can be given back', async () => {
    const { id } = await place.slotAt(1, '09:00')
    expect(seatsOf((await findable(1)).find((one) => one.id === id) as Body)).toBe('0/3')
    const visits = [await booked(id), await booked(id)]
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '2/3' })
    expect(seatsOf((await findable(1)).find((one) => one.id === id) as Body)).toBe('2/3')
    const last = await booked(id)
    expect(await stateOf(id)).toEqual({ status: 'busy', seats: '3/3' })
    expect((await findable(1)).map((one) => one.id)).not.toContain(id)
    expect(
      matches(await house.call('GET', `Slot?status=free&schedule=Schedule/${place.schedules[0]}&_count=500`)).map((s) => s.id),
    ).not.toContain(id)
    const refused = await place.book(id, patient())
    expect(refused.status).toBe(409)
    expect(nextTimesIn(refused)).toHaveLength(3)
    expect(await seatNumbers([...visits, last].map((visit) => visit.id))).toEqual([1, 2, 3])

    await cancel(visits[0]?.id)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '2/3' })
    const again = await booked(id)
    expect(await seatNumbers([again.id])).toEqual([1])
    for (const visit of [again, visits[1], last]) expect((await cancel(visit?.id)).status).toBe(200)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: undefined })
  })

  it('are one for each patient of a visit, and each patient sits there once', async () => {
    const { id } = await place.slotAt(1, '10:00')
    const [one, two] = [patient(), patient()]
    made(
      await house.call('POST', `Slot/${id}/$book`, {
        resourceType: 'Parameters',
        parameter: [one, two].map((who) => ({ name: 'patient', valueReference: { reference: `Patient/${who}` } })),
      }),
    )
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '2/3' })
    expect((await place.book(id, two)).status).toBe(422)
    const byHand = await house.call('POST', 'Appointment', place.appointment(await slot(id), one))
    expect([byHand.status, byHand.json.issue[0]?.diagnostics]).toEqual([422, 'The patient has a seat in this session already.'])
    const family = await house.call('POST', `Slot/${id}/$book`, {
      resourceType: 'Parameters',
      parameter: [patient(), patient()].map((who) => ({ name: 'patient', valueReference: { reference: `Patient/${who}` } })),
    })
    expect(family.status).toBe(409)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '2/3' })
  })

  it('are held, booked and given back when the hold runs out', async () => {
    const { id } = await place.slotAt(1, '11:00')
    const holds = [await place.hold(id, patient()), await place.hold(id, patient())].map((answer) => made(answer))
    await booked(id)
    expect(await stateOf(id)).toEqual({ status: 'busy-tentative', seats: '3/3' })
    made(await house.call('POST', `Appointment/${holds[0]?.id}/$book`, parameters({})), 200)
    expect(await stateOf(id)).toEqual({ status: 'busy-tentative', seats: '3/3' })
    await house.house.pool.query({
      text: `update claim set expires = now() - interval '1 second' where appointment = $1`,
      values: [`Appointment/${holds[1]?.id}`],
    })
    await house.house.pool.query({ text: `update slot set held_until = now() - interval '1 second' where id = $1`, values: [id] })
    // Gone at once, before anybody has cleared it away.
    expect((await findable(1)).map((one) => one.id)).toContain(id)
    await booked(id)
    expect(await stateOf(id)).toEqual({ status: 'busy', seats: '3/3' })
    expect((await house.call('POST', `Appointment/${holds[1]?.id}/$book`, parameters({}))).status).toBe(410)
    expect((await house.call('POST', `Appointment/${holds[1]?.id}/$release`, parameters({}))).status).toBe(200)
    expect(await stateOf(id)).toEqual({ status: 'busy', seats: '3/3' })
  })

  it('leave no trace on a Slot where all were held and ran out', async () => {
    const { id } = await place.slotAt(1, '12:00')
    const hold = made(await place.hold(id, patient()))
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '1/3' })
    const past = '2020-01-01T00:00:00.000Z'
    await house.house.pool.query({
      text: `update claim set expires = $2::timestamptz where appointment = $1`,
      values: [`Appointment/${hold.id}`, past],
    })
    await house.house.pool.query({
      text: `update appointment set held_until = $2::text::timestamptz, body = jsonb_set(body, '{extension,0,valueInstant}', to_jsonb($2::text)) where id = $1`,
      values: [hold.id, past],
    })
    expect(seatsOf((await findable(1)).find((one) => one.id === id) as Body)).toBe('0/3')
    await settleLapsedHolds(house.house)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: undefined })
  })
})

describe('everything else on the same people', () => {
  it('clashes with a session: another length, another service, a visit of its own, a Slot set busy', async () => {
    const { id } = await place.slotAt(2, '09:00')
    await booked(id)
    expect((await place.book(id, patient(), { duration: 60 })).status).toBe(409)
    const other = await house.call('POST', 'Appointment', {
      ...place.appointment(await slot(id), patient()),
      serviceType: [{ coding: [{ system: 'urn:test:service', code: 'something-else' }] }],
    })
    // A service that the Schedule does not offer is booked by the front desk under the Schedule's policy, apart from the session.
    expect(other.status).toBe(409)
    const alone = await house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'booked',
      start: instantIn(2, '09:10'),
      end: instantIn(2, '09:20'),
      participant: [`Patient/${patient()}`, `Practitioner/${place.practitioners[0]}`].map((reference) => ({
        actor: { reference },
        status: 'accepted',
      })),
    })
    expect(alone.status).toBe(409)
    expect((await house.call('PUT', `Slot/${id}`, { ...(await slot(id)), status: 'busy' })).status).toBe(409)
    expect((await house.call('PUT', `Slot/${id}`, { ...(await slot(id)), start: instantIn(2, '09:05') })).status).toBe(409)
    expect((await house.call('DELETE', `Slot/${id}`)).status).toBe(409)
    expect((await house.call('DELETE', `Schedule/${place.schedules[0]}`)).status).toBe(409)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '1/3' })
  })

  it('is not offered a Slot of a session, and has the Slot once all seats are given back', async () => {
    const type = [{ coding: [{ system: 'urn:test:service', code: 'single' }] }]
    const single = await create(house.call, {
      resourceType: 'HealthcareService',
      active: true,
      name: 'Single',
      type,
      extension: [policyExtension({ durationMinutes: 30 })],
    })
    const schedule = await place.schedule(0)
    const actors = (schedule as unknown as { actor: object[] }).actor
    made(
      await house.call('PUT', `Schedule/${schedule.id}`, {
        ...schedule,
        actor: [...actors, { reference: `HealthcareService/${single}` }],
      }),
      200,
    )
    const { id } = await place.slotAt(2, '11:00')
    const group = { 'healthcare-service': `HealthcareService/${place.service}` }
    const own = { 'healthcare-service': `HealthcareService/${single}` }
    const visit = made(await place.book(id, patient(), group))
    const offered = async (service: string) => (await findable(2, `&healthcare-service=HealthcareService/${service}`)).map((one) => one.id)
    expect(await offered(place.service)).toContain(id)
    expect(await offered(single)).not.toContain(id)
    expect((await place.book(id, patient(), own)).status).toBe(409)
    await cancel(visit.id)
    expect(await offered(single)).toContain(id)
    made(await place.book(id, patient(), own))
    expect(await stateOf(id)).toEqual({ status: 'busy', seats: undefined })
    expect((await place.book(id, patient(), group)).status).toBe(409)
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...(await place.schedule(0)), actor: actors }), 200)
  })

  it('has no free Slot under a session on a Schedule that comes later, though seats are left', async () => {
    await booked((await place.slotAt(20, '09:00')).id)
    const later = await create(house.call, {
      resourceType: 'Schedule',
      active: true,
      actor: [{ reference: `Practitioner/${place.practitioners[0]}` }],
      extension: [timezone('Etc/UTC'), availability({ slotMinutes: 20 })],
    })
    const window = `start=ge${instantIn(20, '00:00')}&start=lt${instantIn(21, '00:00')}`
    const slots = matches(await house.call('GET', `Slot?schedule=Schedule/${later}&${window}&_sort=start`))
    expect(slots.slice(0, 3).map(({ status }) => status)).toEqual(['busy', 'busy', 'free'])
  })

  it('is found by its start, though a Slot that it has made unavailable starts just then', async () => {
    const { id, start, schedule } = await place.slotAt(20, '11:00')
    const beside = { resourceType: 'Slot', id: '0-beside', schedule, status: 'free', start, end: instantIn(20, '11:10') }
    made(await house.call('PUT', 'Slot/0-beside', beside))
    await booked(id)
    expect((await slot('0-beside')).status).toBe('busy')
    const [first = ''] = place.schedules
    expect(await slotStartingAt(house.house.pool, first, start)).toBe(id)
    expect([...(await slotsStartingAt(house.house.pool, first, [Date.parse(start)]))]).toEqual([[Date.parse(start), id]])
  })

  it('stands under a block: nobody sits down, and the session goes on when it is lifted', async () => {
    const { id } = await place.slotAt(2, '13:00')
    const visit = await booked(id)
    const block = made(
      await house.call('POST', 'Slot', {
        resourceType: 'Slot',
        schedule: { reference: `Schedule/${place.schedules[0]}` },
        status: 'busy-unavailable',
        start: instantIn(2, '13:00'),
        end: instantIn(2, '14:00'),
      }),
    )
    expect((await stateOf(id)).status).toBe('busy-unavailable')
    expect((await place.book(id, patient())).status).toBe(409)
    expect((await house.call('DELETE', `Slot/${block.id}`)).status).toBe(204)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '1/3' })
    made(await house.call('PUT', `Slot/${id}`, { ...(await slot(id)), status: 'busy-unavailable' }), 200)
    expect((await place.book(id, patient())).status).toBe(409)
    made(await house.call('PUT', `Slot/${id}`, { ...(await slot(id)), status: 'free', extension: undefined }), 200)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '1/3' })
    await cancel(visit.id)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: undefined })
  })
})

describe('every path', () => {
  it('takes and gives back seats: POST, PUT, DELETE, a transaction', async () => {
    const { id } = await place.slotAt(3, '09:00')
    const other = await place.slotAt(3, '10:00')
    const posted = made(await house.call('POST', 'Appointment', place.appointment(await slot(id), patient())))
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '1/3' })
    made(await house.call('PUT', 'Appointment/seated-by-put', { ...place.appointment(await slot(id), patient()), id: 'seated-by-put' }))
    made(await house.call('PUT', `Appointment/${posted.id}`, { ...posted, comment: 'Brings a mat' }), 200)
    expect(await seatNumbers([posted.id, 'seated-by-put'])).toEqual([1, 2])
    const bundle = await house.call('POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [patient(), patient()].map((who) => ({
        resource: place.appointment({ ...other, id }, who, { start: instantIn(3, '09:00'), end: instantIn(3, '09:30') }),
        request: { method: 'POST', url: 'Appointment' },
      })),
    })
    expect(bundle.status).toBe(409)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '2/3' })
    const moved = await house.call('PUT', `Appointment/${posted.id}`, {
      ...posted,
      start: other.start,
      end: other.end,
      slot: [{ reference: `Slot/${other.id}` }],
    })
    made(moved, 200)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '1/3' })
    expect(await stateOf(other.id)).toEqual({ status: 'free', seats: '1/3' })
    expect((await house.call('DELETE', 'Appointment/seated-by-put')).status).toBe(204)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: undefined })
  })

  it('moves a seat: $reschedule to a session with one left, not to a full one, also within its own', async () => {
    const [from, full] = [await place.slotAt(3, '11:00'), await place.slotAt(3, '12:00')]
    const visits = [await booked(from.id), await booked(from.id), await booked(from.id)]
    for (let i = 0; i < seats; i++) await booked(full.id)
    const move = (id: string | undefined, to: string) =>
      house.call('POST', `Appointment/${id}/$reschedule`, parameters({ slot: `Slot/${to}` }))
    expect((await move(visits[0]?.id, full.id)).status).toBe(409)
    expect(await stateOf(from.id)).toEqual({ status: 'busy', seats: '3/3' })
    made(await move(visits[0]?.id, from.id), 200)
    expect(await stateOf(from.id)).toEqual({ status: 'busy', seats: '3/3' })
    const open = await place.slotAt(3, '13:00')
    made(await move(visits[0]?.id, open.id), 200)
    expect([await stateOf(from.id), await stateOf(open.id)]).toEqual([
      { status: 'free', seats: '2/3' },
      { status: 'free', seats: '1/3' },
    ])
    const moved = await house.call(
      'POST',
      `Slot/${from.id}/$book`,
      parameters({ patient: `Patient/${patient()}`, 'cancelled-appt-id': String(visits[0]?.id) }),
    )
    expect(appointmentIn(moved)?.status).toBe('booked')
    expect([await stateOf(from.id), await stateOf(open.id)]).toEqual([
      { status: 'busy', seats: '3/3' },
      { status: 'free', seats: undefined },
    ])
  })

  it('keeps a session when its Schedule is made anew', async () => {
    const { id } = await place.slotAt(4, '09:00')
    const visit = await booked(id)
    const schedule = await place.schedule(0)
    const { meta } = await slot(id)
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, comment: 'Made anew' }), 200)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '1/3' })
    expect((await slot(id)).meta).toEqual(meta)
    await cancel(visit.id)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: undefined })
  })
})

describe('two classes on one Schedule', () => {
  it('have each as many seats as their own service says, also when the Schedule is made anew', async () => {
    const both = await clinic(house.call, { minutes: 30, slotMinutes: 30, policy: { capacity: 4 } })
    const pair = await create(house.call, {
      resourceType: 'HealthcareService',
      active: true,
      name: 'Pair',
      type: [{ coding: [{ system: 'urn:test:service', code: 'pair' }] }],
      extension: [policyExtension({ durationMinutes: 30, capacity: 2 })],
    })
    const schedule = await both.schedule()
    const actor = [...(schedule as unknown as { actor: object[] }).actor, { reference: `HealthcareService/${pair}` }]
    const written = made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, actor }), 200)
    const [four, two] = [await both.slotAt(2, '09:00'), await both.slotAt(2, '10:00')]
    made(await both.book(four.id, patient(), { 'healthcare-service': `HealthcareService/${both.service}` }))
    made(await both.book(two.id, patient(), { 'healthcare-service': `HealthcareService/${pair}` }))
    const seen = async () => [await stateOf(four.id), await stateOf(two.id)].map((one) => one.seats)
    expect(await seen()).toEqual(['1/4', '1/2'])
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...written, comment: 'Made anew' }), 200)
    expect(await seen()).toEqual(['1/4', '1/2'])
    // Whoever sits in one of them keeps the Schedule, though the Slots are free for others still.
    expect((await house.call('DELETE', `Schedule/${schedule.id}`)).status).toBe(409)
  })
})

describe('what the clinic changes', () => {
  const withCapacity = async (capacity: number): Promise<void> => {
    const service = made(await house.call('GET', `HealthcareService/${place.service}`), 200)
    made(
      await house.call('PUT', `HealthcareService/${place.service}`, {
        ...service,
        extension: [policyExtension({ durationMinutes: 30, capacity })],
      }),
      200,
    )
  }

  it('gives a session more seats, or fewer: nobody loses one', async () => {
    const { id } = await place.slotAt(6, '09:00')
    const visits = [await booked(id), await booked(id), await booked(id)]
    await withCapacity(4)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '3/4' })
    await withCapacity(2)
    expect(await stateOf(id)).toEqual({ status: 'busy', seats: '3/2' })
    await cancel(visits[0]?.id)
    expect(await stateOf(id)).toEqual({ status: 'busy', seats: '2/2' })
    expect((await place.book(id, patient())).status).toBe(409)
    await withCapacity(seats)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '2/3' })
  })

  it('lets nobody else into a session that the new hours leave out, and ends its Slot with its last seat', async () => {
    const { id } = await place.slotAt(7, '09:00')
    const visit = await booked(id)
    const schedule = await place.schedule(0)
    const [zone] = schedule.extension ?? []
    const later = availability({ start: '12:00:00', slotMinutes: 30 })
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, extension: [zone, later] }), 200)
    expect(await stateOf(id)).toEqual({ status: 'busy', seats: '1/3' })
    expect((await place.book(id, patient())).status).toBe(409)
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...(await place.schedule(0)), extension: schedule.extension }), 200)
    expect(await stateOf(id)).toEqual({ status: 'free', seats: '1/3' })
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...(await place.schedule(0)), extension: [zone, later] }), 200)
    await cancel(visit.id)
    expect((await house.call('GET', `Slot/${id}`)).status).toBe(410)
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...(await place.schedule(0)), extension: schedule.extension }), 200)
  })

  it('is told why a session is offered or not', async () => {
    const { id } = await place.slotAt(8, '09:00')
    for (let i = 0; i < seats; i++) {
      const offered = await explained(8, '09:00')
      expect({ i, ...offered }).toEqual({ i, offered: true, codes: [] })
      await booked(id)
    }
    expect(await explained(8, '09:00')).toEqual({ offered: false, codes: ['busy', 'busy', 'busy'] })
  })
})

describe('200 who want the last seat', () => {
  it('see it go to exactly one, by whichever way they ask', async () => {
    const { id } = await place.slotAt(5, '09:00')
    const many = await place.patients(200)
    await booked(id)
    await booked(id)
    const body = await slot(id)
    const ways: readonly ((who: string) => Promise<Answer>)[] = [
      (who) => place.book(id, who),
      (who) => place.hold(id, who),
      (who) => house.call('POST', 'Appointment', place.appointment(body, who)),
    ]
    const answers = await Promise.all(many.map((who, i) => (ways[i % ways.length] as (who: string) => Promise<Answer>)(who)))
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(1)
    const refused = answers.filter(({ status }) => status >= 300)
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([409]))
    expect(new Set(refused.map((answer) => nextTimesIn(answer).length))).toEqual(new Set([3]))
    expect(seatsOf(await slot(id))).toBe('3/3')
  })

  it('and those who come and go all the while leave as many seats as there were', async () => {
    const { id } = await place.slotAt(5, '11:00')
    const many = await place.patients(24)
    await Promise.all(
      many.map(async (who, i) => {
        const taken = await (i % 2 ? place.book : place.hold)(id, who)
        if (taken.status === 201 && i % 3 !== 0) expect((await cancel(taken.json.id)).status).toBe(200)
      }),
    )
    const left = await house.house.pool.query<{ taken: number }>({
      text: `select count(*)::int as taken from claim where session like '%' || $1 || '%'`,
      values: [new Date(instantIn(5, '11:00')).toISOString()],
    })
    const taken = left[0]?.taken ?? 0
    expect(await stateOf(id)).toMatchObject({ seats: taken ? `${taken}/3` : undefined })
    let more = 0
    while ((await place.book(id, patient())).status === 201) more += 1
    expect(taken + more).toBe(seats)
  })
})
