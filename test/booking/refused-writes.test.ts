/** What no path may do to who has which time, each refused with its reason (docs/operations.md), and what must not be refused. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, dateIn, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, nextTimesIn, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const saidBy = ({ status, json }: Answer): string => `${status} ${json.issue?.[0]?.code}`
const put = (slot: Body, more: object): Promise<Answer> => house.call('PUT', `Slot/${slot.id}`, { ...slot, ...more })
const handMade = (day: number, from: string, to: string, more: object = {}): Promise<Answer> =>
  house.call('POST', 'Slot', {
    resourceType: 'Slot',
    schedule: { reference: `Schedule/${place.schedules[0]}` },
    status: 'free',
    start: instantIn(day, from),
    end: instantIn(day, to),
    ...more,
  })

describe('$hold and $book refuse', () => {
  it('a time in the past', async () => {
    const past = made(await handMade(-1, '09:00', '09:15'))
    const patient = await place.patient()
    for (const take of [place.hold, place.book]) expect(saidBy(await take(past.id, patient))).toBe('422 business-rule')
    expect((await place.book(past.id, patient)).json.issue[0]?.diagnostics).toBe('That time is in the past.')
  })

  it('a time off the grid, by schedule and start, and by an Appointment that names a Slot', async () => {
    const patient = await place.patient()
    const slot = await place.slotAt(1, '09:00')
    for (const operation of ['$hold', '$book']) {
      const asked = {
        schedule: `Schedule/${place.schedules[0]}`,
        start: { valueDateTime: instantIn(1, '09:07') },
        patient: `Patient/${patient}`,
      }
      expect(saidBy(await house.call('POST', `Appointment/${operation}`, parameters(asked)))).toBe('422 business-rule')
      const proposed = place.appointment(slot, patient, { status: 'proposed', start: instantIn(1, '09:05'), end: instantIn(1, '09:10') })
      expect(saidBy(await house.call('POST', `Appointment/${operation}`, proposed))).toBe('422 business-rule')
    }
  })

  it('an Appointment whose times do not lie within its Slot', async () => {
    const patient = await place.patient()
    const proposed = place.appointment(await place.slotAt(1, '09:00'), patient, {
      status: 'proposed',
      start: instantIn(1, '13:00'),
      end: instantIn(1, '13:15'),
    })
    expect(saidBy(await house.call('POST', 'Appointment/$book', proposed))).toBe('422 business-rule')
  })

  it('an unknown Slot, patient and Appointment with 404', async () => {
    const [patient, slot] = [await place.patient(), await place.slotAt(1, '09:00')]
    expect(saidBy(await place.book('no-such-slot', patient))).toBe('404 not-found')
    expect(saidBy(await place.book(slot.id, 'nobody'))).toBe('404 not-found')
    expect(saidBy(await house.call('POST', 'Appointment/no-such/$book'))).toBe('404 not-found')
    expect(saidBy(await house.call('POST', 'Appointment/no-such/$hold'))).toBe('404 not-found')
    expect(saidBy(await house.call('POST', 'Appointment/no-such/$cancel'))).toBe('404 not-found')
  })

  it('a request that does not say for whom or which time: 400 required', async () => {
    const slot = await place.slotAt(1, '09:00')
    expect(saidBy(await house.call('POST', `Slot/${slot.id}/$book`))).toBe('400 required')
    const patient = `Patient/${await place.patient()}`
    expect(saidBy(await house.call('POST', 'Appointment/$book', parameters({ patient })))).toBe('400 required')
    expect(saidBy(await house.call('POST', 'Appointment/$hold', parameters({ patient })))).toBe('400 required')
  })

  it('a service that the Schedule does not offer, and a Schedule of several where none is named', async () => {
    const patient = await place.patient()
    const other = await clinic(house.call)
    const slot = await place.slotAt(1, '09:00')
    expect(saidBy(await place.book(slot.id, patient, { 'healthcare-service': `HealthcareService/${other.service}` }))).toBe(
      '422 business-rule',
    )
    const twofold = await clinic(house.call)
    const schedule = await twofold.schedule()
    const second = await create(house.call, { resourceType: 'HealthcareService', active: true, name: 'Second', type: [{ text: 'second' }] })
    const actor = [...(schedule as unknown as { actor: object[] }).actor, { reference: `HealthcareService/${second}` }]
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, actor }), 200)
    const there = await twofold.slotAt(1, '09:00')
    expect(saidBy(await twofold.book(there.id, patient))).toBe('400 required')
    made(await twofold.book(there.id, patient, { 'healthcare-service': `HealthcareService/${second}` }))
  })

  it("a patient's second visit at the same time", async () => {
    const other = await clinic(house.call)
    const patient = await place.patient()
    made(await place.book((await place.slotAt(1, '10:00')).id, patient))
    const refused = await other.book((await other.slotAt(1, '10:00')).id, patient)
    expect(saidBy(refused)).toBe('422 business-rule')
    made(await other.book((await other.slotAt(1, '10:15')).id, patient))
  })
})

describe('a REST write refuses', () => {
  it('an Appointment whose times do not lie within its Slots', async () => {
    const slot = await place.slotAt(2, '09:00')
    const wrong = place.appointment(slot, await place.patient(), { start: instantIn(2, '09:10'), end: instantIn(2, '09:20') })
    expect(saidBy(await house.call('POST', 'Appointment', wrong))).toBe('422 business-rule')
    expect(saidBy(await house.call('PUT', 'Appointment/wrong', { ...wrong, id: 'wrong' }))).toBe('422 business-rule')
    expect((await house.call('GET', 'Appointment/wrong')).status).toBe(404)
  })

  it('an Appointment over a time that another holds or has booked, with next times, by Slot or by practitioner alone', async () => {
    const [a, b] = await place.patients(2)
    const [nine, ten] = [await place.slotAt(3, '09:00'), await place.slotAt(3, '10:00')]
    made(await place.book(nine.id, a ?? ''))
    made(await place.hold(ten.id, a ?? ''))
    for (const slot of [nine, ten]) {
      const posted = await house.call('POST', 'Appointment', place.appointment(slot, b ?? ''))
      expect(saidBy(posted)).toBe('409 conflict')
      expect(nextTimesIn(posted)).toHaveLength(3)
      const withoutSlot = { ...place.appointment(slot, b ?? ''), slot: undefined }
      expect(saidBy(await house.call('PUT', 'Appointment/over', { ...withoutSlot, id: 'over' }))).toBe('409 conflict')
    }
  })

  it('moving an Appointment onto a taken time; it stays as it was', async () => {
    const [a, b] = await place.patients(2)
    const [nine, ten] = [await place.slotAt(4, '09:00'), await place.slotAt(4, '10:00')]
    const [first, second] = [made(await place.book(nine.id, a ?? '')), made(await place.book(ten.id, b ?? ''))]
    const moved = { ...second, start: nine.start, end: nine.end, slot: first.slot }
    expect(saidBy(await house.call('PUT', `Appointment/${second.id}`, moved))).toBe('409 conflict')
    expect(made(await house.call('GET', `Appointment/${second.id}`), 200).start).toBe(second.start)
    expect((await place.slotsOn(4)).filter(({ status }) => status === 'busy').map(({ id }) => id)).toEqual([nine.id, ten.id])
  })

  it('a busy or tentative Slot over a time that another appointment holds', async () => {
    const slot = await place.slotAt(5, '09:00')
    made(await place.book(slot.id, await place.patient()))
    for (const status of ['busy', 'busy-tentative']) expect(saidBy(await handMade(5, '09:05', '09:10', { status }))).toBe('409 conflict')
  })

  it('freeing, moving or deleting a Slot under a live appointment', async () => {
    const slot = await place.slotAt(6, '09:00')
    const visit = made(await place.book(slot.id, await place.patient()))
    const taken = made(await house.call('GET', `Slot/${slot.id}`), 200)
    expect(saidBy(await put(taken, { status: 'free' }))).toBe('409 conflict')
    expect(saidBy(await put(taken, { end: instantIn(6, '09:30') }))).toBe('409 conflict')
    expect(saidBy(await house.call('DELETE', `Slot/${slot.id}`))).toBe('409 conflict')
    expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy')
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect((await house.call('DELETE', `Slot/${slot.id}`)).status).toBe(204)
    expect((await house.call('GET', `Slot/${slot.id}`)).status).toBe(410)
  })

  it('deleting a Schedule with live visits, until the last is cancelled', async () => {
    const other = await clinic(house.call)
    const slot = await other.slotAt(1, '09:00')
    const visit = made(await other.book(slot.id, await other.patient()))
    expect(saidBy(await house.call('DELETE', `Schedule/${other.schedules[0]}`))).toBe('409 conflict')
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect((await house.call('DELETE', `Schedule/${other.schedules[0]}`)).status).toBe(204)
    expect((await house.call('GET', `Slot/${slot.id}`)).status).toBe(410)
    expect((await other.book(slot.id, await other.patient())).status).toBe(410)
  })

  it('a stale If-Match', async () => {
    const visit = made(await place.book((await place.slotAt(7, '09:00')).id, await place.patient()))
    const answer = await house.call('PUT', `Appointment/${visit.id}`, { ...visit, comment: 'x' }, { 'if-match': 'W/"7"' })
    expect(saidBy(answer)).toBe('412 conflict')
  })
})

describe('not refused:', () => {
  it('a remark on a Slot that an appointment holds', async () => {
    const slot = await place.slotAt(12, '09:00')
    made(await place.book(slot.id, await place.patient()))
    const taken = made(await house.call('GET', `Slot/${slot.id}`), 200)
    expect(made(await put(taken, { comment: 'Interpreter needed' }), 200)).toMatchObject({ status: 'busy', comment: 'Interpreter needed' })
  })

  it('a shorter visit inside a longer Slot that was made by hand; it takes that Slot', async () => {
    const long = made(await handMade(8, '18:00', '20:00'))
    const patient = await place.patient()
    const inside = place.appointment(long, patient, { status: 'proposed', start: instantIn(8, '18:30'), end: instantIn(8, '18:45') })
    const booked = made(await house.call('POST', 'Appointment/$book', inside))
    expect([booked.start, booked.end].map((instant) => Date.parse(instant))).toEqual(
      ['18:30', '18:45'].map((time) => Date.parse(instantIn(8, time))),
    )
    expect(made(await house.call('GET', `Slot/${long.id}`), 200).status).toBe('busy')
    const other = made(await handMade(9, '18:00', '20:00'))
    made(
      await house.call(
        'POST',
        'Appointment',
        place.appointment(other, patient, { start: instantIn(9, '18:30'), end: instantIn(9, '18:45') }),
      ),
    )
    expect(made(await house.call('GET', `Slot/${other.id}`), 200).status).toBe('busy')
  })

  it('busy-unavailable laid over booked visits: they stay, new ones are stopped', async () => {
    const [a, b] = await place.patients(2)
    const visit = made(await place.book((await place.slotAt(10, '09:00')).id, a ?? ''))
    const block = made(await handMade(10, '09:00', '12:00', { status: 'busy-unavailable' }))
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).status).toBe('booked')
    const slot = (await place.slotsOn(10)).find(({ start }) => start === instantIn(10, '10:00'))
    expect(slot?.status).toBe('busy-unavailable')
    expect(saidBy(await place.book(slot?.id ?? '', b ?? ''))).toBe('409 conflict')
    expect(saidBy(await house.call('POST', 'Appointment', place.appointment(slot as Body, b ?? '')))).toBe('409 conflict')
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect((await place.slotsOn(10)).filter(({ status }) => status === 'free').every(({ start }) => start >= instantIn(10, '12:00'))).toBe(
      true,
    )
    expect((await house.call('DELETE', `Slot/${block.id}`)).status).toBe(204)
    expect(new Set((await place.slotsOn(10)).map(({ status }) => status))).toEqual(new Set(['free']))
  })

  it('busy-unavailable set on a booked visit’s own Slot', async () => {
    const slot = await place.slotAt(11, '09:00')
    const visit = made(await place.book(slot.id, await place.patient()))
    const taken = made(await house.call('GET', `Slot/${slot.id}`), 200)
    made(await put(taken, { status: 'busy-unavailable' }), 200)
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).status).toBe('booked')
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy-unavailable')
  })

  it('records of past visits, overlapping or not, with or without Slots', async () => {
    const participant = [`Patient/${await place.patient()}`, `Practitioner/${place.practitioners[0]}`].map((reference) => ({
      actor: { reference },
      status: 'accepted',
    }))
    for (const status of ['fulfilled', 'noshow', 'booked', 'arrived', 'cancelled']) {
      const past = { resourceType: 'Appointment', status, start: instantIn(-2, '09:00'), end: instantIn(-2, '09:30'), participant }
      made(await house.call('POST', 'Appointment', past))
      made(await house.call('PUT', `Appointment/past-${status}`, { ...past, id: `past-${status}` }))
    }
    const slot = made(await handMade(-3, '09:00', '09:15', { status: 'busy' }))
    made(await house.call('POST', 'Appointment', place.appointment(slot, await place.patient(), { status: 'fulfilled' })))
    made(await handMade(-3, '09:00', '09:15', { status: 'busy' }))
    expect(
      await house.house.pool.query({ text: 'select 1 from claim where upper(period) < $1::timestamptz', values: [dateIn(0)] }),
    ).toEqual([])
  })
})
