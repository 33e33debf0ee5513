/** Staff books over a time that somebody has: in an overflow lane, with a reason, and never for patients. */
import { closeInAgreement, disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn, ours } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let patients: string[]
let next = 0
const patient = (): string => patients[next++ % patients.length] as string

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { minutes: 30, slotMinutes: 30 })
  patients = await place.patients(30)
})
afterAll(() => closeInAgreement(house))

type Shown = Body & { overbooked?: boolean }
const slot = async (id: string): Promise<Shown> => made(await house.call('GET', `Slot/${id}`), 200)
const stateOf = async (id: string) => {
  const { status, overbooked } = await slot(id)
  return { status, overbooked }
}
const over = (id: string, more: Readonly<Record<string, unknown>> = {}, call = house.call): Promise<Answer> =>
  call(
    'POST',
    `Slot/${id}/$book`,
    parameters({ patient: `Patient/${patient()}`, overbook: { valueBoolean: true }, 'overbook-reason': 'Acute pain', ...more }),
  )
const cancel = async (id: string) => made(await house.call('POST', `Appointment/${id}/$cancel`, parameters({})), 200)
const lanes = async (visits: readonly Body[]) =>
  (
    await house.house.pool.query<{ resource: string }>({
      text: 'select resource from claim where appointment = any($1::text[]) order by resource',
      values: [visits.map(({ id }) => `Appointment/${id}`)],
    })
  ).map(({ resource }) => resource.replace(`Practitioner/${place.practitioners[0]}`, ''))
const offered = async (day: number): Promise<string[]> => {
  const window = `start=${instantIn(day, '00:00')}&end=${instantIn(day + 1, '00:00')}&_count=500`
  return matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?${window}`)).map(({ id }) => id)
}

describe('$book with overbook', () => {
  it('takes a free time as it is, and one that is taken in the lowest free lane, up to three', async () => {
    const { id } = await place.slotAt(1, '09:00')
    const first = made(await over(id))
    expect(first.extension).toBeUndefined()
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: undefined })
    const visits = [made(await over(id)), made(await over(id)), made(await over(id))]
    expect(visits[0]?.extension).toEqual([{ url: ours('overbooked'), valueCodeableConcept: { text: 'Acute pain' } }])
    expect(await lanes([first, ...visits])).toEqual(['', '#2', '#3', '#4'])
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: true })
    expect((await over(id)).status).toBe(422)
    await cancel(String(visits[1]?.id))
    expect(await lanes([made(await over(id))])).toEqual(['#3'])
  })

  it('gives the Slot to the visit of the lane when the first one goes, and to nobody when that goes too', async () => {
    const { id } = await place.slotAt(1, '10:00')
    const [first, second] = [made(await place.book(id, patient())), made(await over(id))]
    await cancel(first.id)
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: true })
    expect(await offered(1)).not.toContain(id)
    expect((await place.book(id, patient())).status).toBe(409)
    await cancel(second.id)
    expect(await stateOf(id)).toEqual({ status: 'free', overbooked: undefined })
    expect(await offered(1)).toContain(id)
  })

  it('leaves the Slot with the first visit when the one over it goes', async () => {
    const { id } = await place.slotAt(1, '11:00')
    const [first, second] = [made(await place.book(id, patient())), made(await over(id))]
    await cancel(second.id)
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: undefined })
    await cancel(first.id)
    expect(await stateOf(id)).toEqual({ status: 'free', overbooked: undefined })
  })

  it('is written again, moved and found out like any other visit', async () => {
    const [{ id }, other] = [await place.slotAt(1, '12:00'), await place.slotAt(1, '13:00')]
    made(await place.book(id, patient()))
    const visit = made(await over(id))
    made(await house.call('PUT', `Appointment/${visit.id}`, { ...visit, comment: 'Called ahead' }), 200)
    expect(await lanes([visit])).toEqual(['#2'])
    made(await house.call('PUT', `Slot/${id}`, { ...(await slot(id)), overbooked: undefined, comment: 'Tight' }), 200)
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: true })
    const moved = made(await house.call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${other.id}` })), 200)
    expect((moved.extension ?? []).map(({ url }) => url)).toEqual([ours('moved')])
    expect(await lanes([visit])).toEqual([''])
    expect([await stateOf(id), await stateOf(other.id)]).toEqual([
      { status: 'busy', overbooked: undefined },
      { status: 'busy', overbooked: undefined },
    ])
  })

  it('is not for patients, wants a reason, holds nothing, and gives way to blocks and to the rules', async () => {
    const { id } = await place.slotAt(2, '09:00')
    const who = patient()
    made(await place.book(id, patient()))
    const theirs = house.as(await house.token('patient/*.cruds', { patient: who }))
    const asked = (more: object) => parameters({ patient: `Patient/${who}`, overbook: { valueBoolean: true }, ...more })
    expect((await theirs('POST', `Slot/${id}/$book`, asked({ 'overbook-reason': 'Pain' }))).status).toBe(403)
    expect((await house.call('POST', `Slot/${id}/$book`, asked({}))).status).toBe(400)
    expect((await house.call('POST', `Slot/${id}/$hold`, asked({ 'overbook-reason': 'Pain' }))).status).toBe(422)
    expect((await house.call('POST', `Slot/${id}/$book`, asked({ overbook: { valueBoolean: false } }))).status).toBe(409)
    made(await house.call('POST', `Slot/${id}/$book`, asked({ 'overbook-reason': 'Pain' })))
    // The same patient cannot be there twice.
    expect((await house.call('POST', `Slot/${id}/$book`, asked({ 'overbook-reason': 'Pain' }))).status).toBe(422)
    const block = { resourceType: 'Slot', schedule: { reference: `Schedule/${place.schedules[0]}` }, status: 'busy-unavailable' }
    made(await house.call('POST', 'Slot', { ...block, start: instantIn(2, '15:00'), end: instantIn(2, '16:00') }))
    expect((await over((await place.slotAt(2, '15:00')).id)).status).toBe(409)
  })

  it('leaves an AuditEvent that says so', async () => {
    const { id } = await place.slotAt(2, '10:00')
    made(await place.book(id, patient()))
    const visit = made(await over(id))
    const events = matches(await house.call('GET', `AuditEvent?entity=Appointment/${visit.id}&subtype=overbook`))
    expect(events).toHaveLength(1)
  })

  it('is raced for by many: three lanes and no more', async () => {
    const { id } = await place.slotAt(2, '11:00')
    made(await place.book(id, patient()))
    const answers = await Promise.all(Array.from({ length: 12 }, () => over(id)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 422]))
  })
})

describe('what is booked over others is known on every Schedule of its people', () => {
  const practitioner = () => `Practitioner/${place.practitioners[0]}`
  let beside: string

  beforeAll(async () => {
    beside = made(await house.call('POST', 'Schedule', { resourceType: 'Schedule', actor: [{ reference: practitioner() }] })).id
  })

  /** A Slot of the other Schedule. */
  const besideAt = async (start: string, end: string): Promise<string> =>
    made(
      await house.call('POST', 'Slot', { resourceType: 'Slot', schedule: { reference: `Schedule/${beside}` }, status: 'free', start, end }),
    ).id
  const bare = (start: string, end: string, whose = practitioner()) =>
    house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'booked',
      start,
      end,
      participant: [
        { actor: { reference: whose }, status: 'accepted' },
        { actor: { reference: `Patient/${patient()}` }, status: 'accepted' },
      ],
    })
  const statusOf = async (id: string) => (await slot(id)).status
  const move = async (visit: string, to: string) =>
    made(await house.call('POST', `Appointment/${visit}/$reschedule`, parameters({ slot: `Slot/${to}` })), 200)

  it.each([
    ['is cancelled', (visit: string) => cancel(visit)],
    ['is moved', async (visit: string) => move(visit, (await place.slotAt(4, '15:00')).id)],
    ['is deleted', (visit: string) => house.call('DELETE', `Appointment/${visit}`)],
  ])('once the first visit %s', async (how, leave) => {
    const time = { 'is cancelled': '09:00', 'is moved': '10:00', 'is deleted': '11:00' }[how] ?? ''
    const { id, start, end } = await place.slotAt(4, time)
    const other = await besideAt(start, end)
    const [first, second] = [made(await place.book(id, patient())), made(await over(id))]
    await leave(first.id)
    expect([await statusOf(id), await statusOf(other)]).toEqual(['busy', 'busy'])
    expect((await place.book(other, patient())).status).toBe(409)
    expect((await bare(start, end)).status).toBe(409)
    await cancel(second.id)
    expect([await statusOf(id), await statusOf(other)]).toEqual(['free', 'free'])
    made(await place.book(other, patient()))
  })

  it('where it reaches over time that nobody had, from the start on', async () => {
    const [taken, open] = [await place.slotAt(5, '09:00'), await place.slotAt(5, '09:30')]
    const other = await besideAt(open.start, open.end)
    made(await place.book(taken.id, patient()))
    const long = made(await over(taken.id, { duration: 60 }))
    expect([long.start, long.end].map((at) => Date.parse(String(at)))).toEqual([taken.start, open.end].map((at) => Date.parse(at)))
    expect([await statusOf(open.id), await statusOf(other)]).toEqual(['busy', 'busy'])
    expect((await place.book(other, patient())).status).toBe(409)
    expect((await bare(open.start, open.end)).status).toBe(409)
    await cancel(long.id)
    expect([await statusOf(taken.id), await statusOf(open.id), await statusOf(other)]).toEqual(['busy', 'free', 'free'])
  })

  it('also of two of them, when the first visit and then the one over it leave', async () => {
    const { id, start, end } = await place.slotAt(5, '11:00')
    const other = await besideAt(start, end)
    const visits = [made(await place.book(id, patient())), made(await over(id)), made(await over(id))]
    for (const [n, visit] of visits.entries()) {
      expect([n, await statusOf(other), (await place.book(other, patient())).status]).toEqual([n, 'busy', 409])
      await cancel(visit.id)
    }
    expect(await statusOf(other)).toBe('free')
  })

  it('leaves a first visit without Slots its time where that is written again with somebody more', async () => {
    const { id, start, end } = await place.slotAt(5, '14:00')
    const first = made(await bare(start, end))
    made(await over(id))
    const device = made(await house.call('POST', 'Device', { resourceType: 'Device' })).id
    const participant = [...(first.participant as object[]), { actor: { reference: `Device/${device}` }, status: 'accepted' }]
    made(await house.call('PUT', `Appointment/${first.id}`, { ...first, participant }), 200)
    const rows = await house.house.pool.query<{ resource: string }>({
      text: 'select resource from claim where appointment = $1 order by resource',
      values: [`Appointment/${first.id}`],
    })
    expect(rows.map(({ resource }) => resource)).toEqual([`Device/${device}`, practitioner()])
  })

  it('leaves a first visit its Slot too where that is written again with somebody more', async () => {
    const { id } = await place.slotAt(5, '15:00')
    const [first, second] = [made(await place.book(id, patient())), made(await over(id))]
    const device = made(await house.call('POST', 'Device', { resourceType: 'Device' })).id
    const participant = [...(first.participant as object[]), { actor: { reference: `Device/${device}` }, status: 'accepted' }]
    made(await house.call('PUT', `Appointment/${first.id}`, { ...first, participant }), 200)
    expect([await lanes([second]), await stateOf(id)]).toEqual([['#2'], { status: 'busy', overbooked: true }])
    await cancel(second.id)
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: undefined })
    await cancel(first.id)
    expect(await stateOf(id)).toEqual({ status: 'free', overbooked: undefined })
  })

  it('leaves who had the time first what they take again: a move that keeps part of it', async () => {
    const [from, to] = [await place.slotAt(7, '09:00'), await place.slotAt(7, '09:30')]
    const other = await besideAt(to.start, to.end)
    const first = made(await place.book(from.id, patient(), { duration: { valuePositiveInt: 60 } }))
    const second = made(await over(other))
    const moved = await house.call('POST', `Appointment/${first.id}/$reschedule`, parameters({ slot: `Slot/${to.id}` }))
    expect(Date.parse(String(made(moved, 200).start))).toBe(Date.parse(to.start))
    expect(await lanes([second])).toEqual(['#2'])
    await cancel(first.id)
    expect(await lanes([second])).toEqual(['', '#2'])
    expect([await statusOf(from.id), await statusOf(to.id)]).toEqual(['free', 'busy'])
  })

  it('also over a Slot of another Schedule that was set busy by hand, which is written again and given back', async () => {
    const { id, start, end } = await place.slotAt(7, '13:00')
    const other = await besideAt(start, end)
    const write = async (change: object) => made(await house.call('PUT', `Slot/${other}`, { ...(await slot(other)), ...change }), 200)
    await write({ status: 'busy' })
    const second = made(await over(id, {}, house.as(await house.token('system/*.cruds', { client: 'another' }))))
    await write({ comment: 'Called' })
    expect(await lanes([second])).toEqual(['#2'])
    await write({ status: 'free' })
    expect([await statusOf(other), await lanes([second])]).toEqual(['busy', ['', '#2']])
    expect((await place.book(other, patient())).status).toBe(409)
    await cancel(second.id)
    expect([await statusOf(other), await statusOf(id)]).toEqual(['free', 'free'])
  })

  it('where the first visit leaves while another is booked over it', async () => {
    const times = await Promise.all(['14:00', '14:30', '15:00', '15:30'].map((at) => place.slotAt(7, at)))
    const visits = await Promise.all(
      times.map(async ({ id, start, end }) => ({ id, other: await besideAt(start, end), first: made(await place.book(id, patient())).id })),
    )
    await Promise.all(visits.flatMap(({ first, other }) => [cancel(first), over(other).then(made)]))
    for (const { id, other } of visits) expect([await statusOf(id), await statusOf(other)]).toEqual(['busy', 'busy'])
  })

  it('whoever books and leaves beside whom', async () => {
    const slots = (await place.slotsOn(6)).slice(0, 8)
    const others = await Promise.all(slots.map(({ start, end }) => besideAt(start, end)))
    const firsts = await Promise.all(slots.map(({ id }) => place.book(id, patient()).then(made)))
    const seconds = await Promise.all(slots.map(({ id }) => over(id, { duration: 60 })))
    const answers = await Promise.all([
      ...firsts.map(({ id }) => house.call('POST', `Appointment/${id}/$cancel`, parameters({}))),
      ...others.map((id) => place.book(id, patient())),
    ])
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
    const standing = seconds.filter(({ status }) => status === 201).map(({ json }) => json)
    expect(standing.length).toBeGreaterThan(0)
    expect(await disagreements(house.house.pool)).toEqual([])
    const doubled = await house.house.pool.query({
      text: `select a.id, b.id from appointment a join appointment b on a.terms && array['practitioner=' || $1::text] and b.terms && array['practitioner=' || $1::text]
                and a.id < b.id and a.starts < b.ends and a.ends > b.starts
              where a.status = 'booked' and b.status = 'booked' and not exists (
                select from claim l where l.appointment in ('Appointment/' || a.id, 'Appointment/' || b.id) and l.resource like '%#%')`,
      values: [practitioner()],
    })
    expect(doubled).toEqual([])
  })
})
