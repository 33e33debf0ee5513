/** Visits over several actors at once: what `$find-slots` offers, and that booking takes exactly that, of everybody. */
import { disagreements } from '../support/agreement.ts'
import { create, dateIn, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, type TestHouse, testHouse } from '../support/house.ts'
import { busyOf, groupsOf, type JointClinic, jointClinic, scheduleIn, sent, slotsOf, takes } from '../support/joint-clinic.ts'

let house: TestHouse
let place: JointClinic
let patient: string

beforeAll(async () => {
  house = await testHouse()
  place = await jointClinic(house.call)
  patient = await create(house.call, { resourceType: 'Patient', active: true, name: [{ family: 'Joint' }] })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const onDay = (day: number) => ({ start: instantIn(day, '00:00'), end: instantIn(day + 1, '00:00') })
const find = (there: JointClinic, groups: readonly object[], values: object = {}): Promise<Answer> =>
  house.call('POST', 'Slot/$find-slots', sent(groups, { 'healthcare-service': there.service, ...values }))
const book = (there: JointClinic, slot: string, groups: readonly object[], values: object = {}): Promise<Answer> =>
  house.call('POST', `Slot/${slot}/$book`, sent(groups, { patient, 'healthcare-service': there.service, ...values }))
const anyPatient = () => create(house.call, { resourceType: 'Patient', active: true, name: [{ family: 'Another' }] })
const all = (there: JointClinic) => groupsOf(there.practitioners, there.rooms, there.devices)
const times = (answer: Answer): string[] => matches(answer).map(({ start }) => start.slice(11, 16))

describe('$find-slots with resource-group', () => {
  it('offers one combination for each start on the first group’s grid, with every Slot that it takes', async () => {
    const answer = await find(place, all(place), { ...onDay(2), _count: 100 })
    // Practitioners have quarter hours from 09:00; a visit of half an hour starts at 16:30 at the latest.
    const starts = Array.from({ length: 31 }, (_, i) =>
      new Date(Date.parse(instantIn(2, '09:00')) + i * 900_000).toISOString().slice(11, 16),
    )
    expect(times(answer)).toEqual(starts)
    const [first, second] = matches(answer)
    const schedules = await Promise.all(takes(first as never).map((slot) => scheduleIn(house.call, slot)))
    expect(place.practitioners.map(({ schedule }) => schedule)).toContain(schedules[0])
    expect(schedules).toHaveLength(5)
    expect(place.rooms.map(({ schedule }) => schedule)).toContain(schedules[2])
    expect(schedules.slice(3)).toEqual([place.devices[0]?.schedule, place.devices[0]?.schedule])
    // 09:15 to 09:45 lies over two half hours of a room.
    expect(takes(second as never)).toHaveLength(6)
    expect(first?.extension?.[0]?.extension?.find(({ url }) => url === 'end')?.valueInstant).toBe(`${dateIn(2)}T09:30:00.000Z`)
  })

  it('pages by next links that are GETs, without losing or repeating a start', async () => {
    const whole = times(await find(place, all(place), { ...onDay(3), _count: 100 }))
    const paged: string[] = []
    let answer = await find(place, all(place), { ...onDay(3), _count: 7 })
    for (;;) {
      paged.push(...times(answer))
      const next = answer.json.link?.find(({ relation }) => relation === 'next')?.url
      if (!next) break
      answer = await house.call('GET', next)
    }
    expect(paged).toEqual(whole)
  })

  it('shows as many combinations for each start as are asked for, on whole pages, and each can be had', async () => {
    const there = await jointClinic(house.call, { practitioners: 2, rooms: 2, devices: 0, end: '10:00:00' })
    const groups = groupsOf(there.practitioners, there.rooms)
    const asked = { ...onDay(2), alternatives: 3 }
    const shown = (entries: readonly Body[]): string[] =>
      entries.flatMap((slot) =>
        (slot.extension ?? []).map(({ extension = [] }) =>
          [slot.id, ...extension.flatMap(({ valueReference }) => valueReference?.reference?.slice('Slot/'.length) ?? [])].join(),
        ),
      )
    const whole = matches(await find(there, groups, asked))
    // Three starts of half an hour in an hour of quarters; of the four combinations at each the first three.
    expect(shown(whole)).toHaveLength(9)
    expect(new Set(shown(whole)).size).toBe(9)
    expect(new Set(whole.map(({ id }) => id)).size).toBe(whole.length)
    expect(shown(matches(await find(there, groups, onDay(2))))).toEqual([0, 3, 6].map((n) => shown(whole)[n]))
    const paged: string[] = []
    for (let next: string | undefined = ''; next !== undefined; ) {
      const answer: Answer = next === '' ? await find(there, groups, { ...asked, _count: 4 }) : await house.call('GET', next)
      expect(shown(matches(answer)).length).toBeLessThanOrEqual(4)
      paged.push(...shown(matches(answer)))
      next = answer.json.link?.find(({ relation }) => relation === 'next')?.url
    }
    expect(paged).toEqual(shown(whole))
    const third = (shown(whole)[2] ?? '').split(',')
    const slots = third.map((id) => ({ name: 'slot', valueReference: { reference: `Slot/${id}` } }))
    const booked = made(
      await house.call('POST', 'Appointment/$book', sent(slots, { patient: await anyPatient(), 'healthcare-service': there.service })),
    )
    expect(booked.slot.map(({ reference }) => reference?.slice('Slot/'.length)).sort()).toEqual(third.sort())
    const proposals = matches(
      await house.call('POST', 'Appointment/$find', sent(groups, { 'healthcare-service': there.service, ...onDay(3), alternatives: 2 })),
    )
    expect(proposals).toHaveLength(6)
    const second = proposals[1] as Body
    const taken = made(await house.call('POST', `Appointment/${second.id}/$book`, sent([], { patient: await anyPatient() })), 200)
    const visit = taken.entry?.find(({ resource }) => resource.resourceType === 'Appointment')?.resource
    expect(visit?.slot).toEqual(second.slot)
    const none = await find(there, groups, { ...onDay(2), alternatives: 0 })
    expect([none.status, none.json.issue[0]?.expression]).toEqual([400, ['alternatives']])
  })

  it('says nothing where a group has nobody with a Schedule, and refuses a group that cannot be read', async () => {
    const bare = `Device/${await create(house.call, { resourceType: 'Device', status: 'active' })}`
    expect(matches(await find(place, groupsOf(place.practitioners, [{ actor: bare, schedule: '' }]), onDay(2)))).toEqual([])
    const refused = async (group: object): Promise<string> => {
      const answer = await find(place, [group])
      return `${answer.status} ${answer.json.issue[0]?.code} ${answer.json.issue[0]?.expression?.[0]}`
    }
    expect(await refused({ name: 'resource-group', part: [] })).toBe('400 required resource-group')
    expect(await refused({ name: 'resource-group', part: [{ name: 'room', valueString: 'x' }] })).toBe('400 value resource-group')
    expect(await refused({ name: 'resource-group', part: [{ name: 'actor', valueString: 'Patient/1' }] })).toBe('400 value resource-group')
    const many = Array.from({ length: 101 }, (_, i) => ({ name: 'actor', valueString: `Device/${i}` }))
    expect(await refused({ name: 'resource-group', part: many })).toBe('400 too-costly resource-group')
  })

  it('never means one person twice: two nurses are two', async () => {
    const there = await jointClinic(house.call, { practitioners: 2, rooms: 0, devices: 0 })
    const nurses = groupsOf(there.practitioners, there.practitioners)
    const [slot] = matches(await find(there, nurses, onDay(2)))
    const schedules = await Promise.all(takes(slot as never).map((id) => scheduleIn(house.call, id)))
    expect([...new Set(schedules)].sort()).toEqual(there.practitioners.map(({ schedule }) => schedule).sort())
    const [one = { actor: '', schedule: '' }] = there.practitioners
    expect(matches(await find(there, groupsOf([one], [one]), onDay(2)))).toEqual([])
  })

  it('takes of those who are free the one with the most free time left that day', async () => {
    const there = await jointClinic(house.call, { practitioners: 1, rooms: 3, devices: 0 })
    const [a = { actor: '', schedule: '' }, b = a, c = a] = there.rooms
    // a loses two half hours of that day, b four, c none.
    const busy = async (schedule: string, clock: string) =>
      made(
        await house.call('POST', 'Slot', {
          resourceType: 'Slot',
          schedule: { reference: `Schedule/${schedule}` },
          status: 'busy-unavailable',
          start: instantIn(2, clock),
          end: instantIn(2, `${clock.slice(0, 3)}59`),
        }),
      )
    await busy(a.schedule, '12:00')
    for (const clock of ['12:00', '14:00']) await busy(b.schedule, clock)
    const chosen = async (): Promise<string> => {
      const [slot] = matches(await find(there, groupsOf(there.practitioners, there.rooms), { ...onDay(2), _count: 1 }))
      return scheduleIn(house.call, takes(slot as never).at(-1) ?? '')
    }
    expect(await chosen()).toBe(c.schedule)
    for (const clock of ['12:00', '13:00', '14:00', '15:00']) await busy(c.schedule, clock)
    expect(await chosen()).toBe(a.schedule)
  })

  it('asks each further Schedule’s own rules: online booking, notice, what it is for', async () => {
    const there = await jointClinic(house.call, { rooms: 1, devices: 0, roomPolicy: { onlineBooking: false, minNoticeMinutes: 2880 } })
    const groups = groupsOf(there.practitioners, there.rooms)
    expect(times(await find(there, groups, onDay(1)))).toEqual([])
    const found = matches(await find(there, groups, onDay(4)))
    expect(found.length).toBeGreaterThan(0)
    const online = house.as(await house.token('patient/Slot.rs patient/Appointment.cruds', { patient }))
    expect(matches(await online('POST', 'Slot/$find-slots', sent(groups, onDay(4))))).toEqual([])
    const answer = await online('POST', `Slot/${found[0]?.id}/$book`, sent(groups))
    expect(`${answer.status} ${answer.json.issue[0]?.diagnostics}`).toBe('422 This visit cannot be booked online. Please call the clinic.')
  })
})

describe('booking what was found', () => {
  it('takes exactly the Slots that were shown, claims everybody, and a cancellation gives all of it back', async () => {
    const [, slot] = matches(await find(place, all(place), onDay(5)))
    const booked = made(await book(place, slot?.id ?? '', all(place)))
    expect(booked.slot.map(({ reference }) => reference?.slice(5)).sort()).toEqual(takes(slot as never).sort())
    const actors = booked.participant.map(({ actor }) => actor?.reference)
    for (const group of [place.practitioners, place.rooms, place.devices])
      expect(group.filter(({ actor }) => actors.includes(actor))).toHaveLength(1)
    const [device] = place.devices
    expect(await busyOf(house.call, device?.schedule ?? '', 5)).toEqual(['09:15', '09:30'])
    const room = place.rooms.find(({ actor }) => actors.includes(actor))
    expect(await busyOf(house.call, room?.schedule ?? '', 5)).toEqual(['09:00', '09:30'])
    made(await house.call('POST', `Appointment/${booked.id}/$cancel`), 200)
    for (const { schedule } of [...place.practitioners, ...place.rooms, ...place.devices])
      expect(await busyOf(house.call, schedule, 5)).toEqual([])
  })

  it('of many who ask at once for any of as many rooms each gets one, whether they book or move', async () => {
    const there = await jointClinic(house.call, { practitioners: 6, rooms: 6, devices: 0 })
    const at = async ({ schedule }: { schedule: string }, day: number) => (await slotsOf(house.call, schedule, day))[0]?.id ?? ''
    const groups = groupsOf(there.practitioners, there.rooms)
    const patients = await Promise.all(there.practitioners.map(anyPatient))
    const asked = await Promise.all(there.practitioners.map((one) => at(one, 8)))
    const booked = await Promise.all(asked.map((slot, i) => book(there, slot, groups, { patient: patients[i] })))
    expect(booked.map(({ status }) => status)).toEqual(asked.map(() => 201))
    const next = await Promise.all(there.practitioners.map((one) => at(one, 9)))
    const moved = await Promise.all(
      booked.map(({ json }, i) => house.call('POST', `Appointment/${json.id}/$reschedule`, sent(groups, { slot: `Slot/${next[i]}` }))),
    )
    expect(moved.map(({ status }) => status)).toEqual(next.map(() => 200))
    for (const { schedule } of there.rooms) expect(await busyOf(house.call, schedule, 9)).toEqual(['09:00'])
  })

  it('a proposal of $find, and Slots that are named together, take the same', async () => {
    const query = sent(all(place), { 'healthcare-service': place.service, ...onDay(6), _count: 1 })
    const [proposal] = matches(await house.call('POST', 'Appointment/$find', query))
    expect(proposal?.slot).toHaveLength(5)
    const booked = made(await house.call('POST', `Appointment/${proposal?.id}/$book`, sent([], { patient })), 200)
    const appointment = matches({ json: booked } as Answer)[0]
    expect(appointment?.slot).toEqual(proposal?.slot)
    const [slot] = matches(await find(place, all(place), { ...onDay(7), _count: 1 }))
    const named = takes(slot as never).map((id) => ({ name: 'slot', valueReference: { reference: `Slot/${id}` } }))
    const second = made(await house.call('POST', 'Appointment/$book', sent(named, { patient, 'healthcare-service': place.service })))
    expect(second.slot.map(({ reference }) => reference?.slice(5))).toEqual(takes(slot as never))
  })

  it('what is held, proposed or booked is asked for with its own actors; others beside it are refused, or take part', async () => {
    const there = await jointClinic(house.call, { practitioners: 2, rooms: 2, devices: 0 })
    const [doctor = { actor: '', schedule: '' }, colleague = doctor] = there.practitioners
    const [room = doctor, another = doctor] = there.rooms
    const [own, others] = [groupsOf([doctor], [room]), groupsOf([doctor], [another])]
    const whole = groupsOf(there.practitioners, there.rooms)
    const slotOn = async (day: number) => (await slotsOf(house.call, doctor.schedule, day))[0]?.id ?? ''
    const bookWith = (id: string, groups: readonly object[]) => house.call('POST', `Appointment/${id}/$book`, sent(groups, { patient }))
    const refused = (answer: Answer) => [answer.status, answer.json.issue?.[0]?.code, answer.json.issue?.[0]?.expression]
    const find = sent(own, { 'healthcare-service': there.service, ...onDay(11), _count: 1 })
    const ids = [
      matches(await house.call('POST', 'Appointment/$find', find))[0]?.id ?? '',
      made(await house.call('POST', `Slot/${await slotOn(4)}/$hold`, sent(own, { patient, 'healthcare-service': there.service }))).id,
    ]
    for (const id of ids) {
      for (const groups of [others, groupsOf([doctor]), groupsOf([room], [doctor]), groupsOf([colleague], [room])])
        expect(refused(await bookWith(id, groups))).toEqual([400, 'value', ['resource-group']])
      const [booked] = matches({ json: made(await bookWith(id, whole), 200) } as Answer)
      const send = (groups: readonly object[], more: object = {}) =>
        house.call('POST', 'Appointment/$book', sent([...groups, { name: 'appt-resource', resource: { ...booked, ...more } }]))
      const said = made(await send(own, { description: 'As it was' }))
      expect([said.slot, said.start, (said.extension ?? []).length]).toEqual([
        booked?.slot,
        booked?.start,
        (booked?.extension ?? []).length,
      ])
      const moved = made(await send(others, { slot: undefined }))
      expect([moved.id, moved.start]).toEqual([booked?.id, booked?.start])
      const actors = moved.participant.map(({ actor }) => actor?.reference)
      expect([doctor, another, room].map((one) => actors.includes(one.actor))).toEqual([true, true, false])
    }
  })

  it('a combination that lost a member is 409 with next combinations, which can be booked', async () => {
    const there = await jointClinic(house.call, { practitioners: 2, rooms: 1, devices: 0 })
    const [a = { actor: '', schedule: '' }, b = a] = there.practitioners
    const [slot] = matches(await find(there, groupsOf([a], there.rooms), onDay(2)))
    const named = takes(slot as never).map((id) => ({ name: 'slot', valueReference: { reference: `Slot/${id}` } }))
    const [other] = matches(await find(there, groupsOf([b], there.rooms), onDay(2)))
    made(await book(there, other?.id ?? '', groupsOf([b], there.rooms)))
    const second = await anyPatient()
    for (const parameters of [named, groupsOf([a], there.rooms)]) {
      const answer = await house.call(
        'POST',
        `Slot/${slot?.id}/$book`,
        sent(parameters, { patient: second, 'healthcare-service': there.service }),
      )
      expect(answer.status).toBe(409)
      const next = answer.json as unknown as {
        extension: { extension: { url: string; valueInstant?: string; valueReference?: { reference: string } }[] }[]
      }
      const starts = next.extension.map((one) => one.extension.find(({ url }) => url === 'start')?.valueInstant?.slice(11, 16))
      expect(starts).toEqual(['09:30', '09:45', '10:00'])
      expect(await busyOf(house.call, a.schedule, 2)).toEqual([])
    }
    const answer = await book(there, other?.id ?? '', groupsOf([b], there.rooms), { patient: second })
    const reference = (
      answer.json as unknown as { extension: { extension: { url: string; valueReference?: { reference: string } }[] }[] }
    ).extension[0]?.extension.find(({ url }) => url === 'slot')?.valueReference?.reference
    made(await book(there, reference?.slice(5) ?? '', groupsOf([b], there.rooms), { patient: second }))
  })

  it('keeps the longest buffer of any of them free for all, and counts in every cap', async () => {
    const there = await jointClinic(house.call, {
      practitioners: 2,
      rooms: 1,
      devices: 0,
      policy: { bufferBeforeMinutes: 15 },
      roomPolicy: { bufferAfterMinutes: 30, maxPerDay: 2 },
    })
    const [a = { actor: '', schedule: '' }, b = a] = there.practitioners
    const groups = groupsOf([a], there.rooms)
    const slot = matches(await find(there, groups, onDay(2))).find(({ start }) => start.slice(11, 16) === '10:00')
    made(await book(there, slot?.id ?? '', groups))
    // 10:00 to 10:30, claimed from 09:45 to 11:00.
    expect(await busyOf(house.call, a.schedule, 2)).toEqual(['09:45', '10:00', '10:15', '10:30', '10:45'])
    expect(await busyOf(house.call, there.rooms[0]?.schedule ?? '', 2)).toEqual(['09:30', '10:00', '10:30'])
    const left = times(await find(there, groupsOf([b], there.rooms), onDay(2)))
    expect(left.slice(0, 2)).toEqual(['11:15', '11:30'])
    const later = matches(await find(there, groupsOf([b], there.rooms), onDay(2)))
    made(await book(there, later[2]?.id ?? '', groupsOf([b], there.rooms)))
    const full = await book(there, later.at(-1)?.id ?? '', groupsOf([b], there.rooms), { patient: await anyPatient() })
    expect(`${full.status} ${full.json.issue[0]?.diagnostics}`).toBe(
      '422 No more than 2 visits a day are taken here, and that day is full.',
    )
  })

  it('who joins a group session of several sits with the others, in the same room', async () => {
    const there = await jointClinic(house.call, { practitioners: 1, rooms: 3, devices: 0, policy: { capacity: 2 } })
    const groups = groupsOf(there.practitioners, there.rooms)
    const [slot] = matches(await find(there, groups, onDay(2)))
    const first = made(await book(there, slot?.id ?? '', groups, { patient: await anyPatient() }))
    const second = made(await book(there, slot?.id ?? '', groups, { patient: await anyPatient() }))
    expect(second.slot).toEqual(first.slot)
    const busy = await Promise.all(there.rooms.map(({ schedule }) => busyOf(house.call, schedule, 2)))
    expect(busy.flat()).toEqual(['09:00'])
    expect((await book(there, slot?.id ?? '', groups, { patient: await anyPatient() })).status).toBe(409)
  })

  it('one Schedule may stand for two groups: its doctor and its room', async () => {
    const there = await jointClinic(house.call, { practitioners: 1, rooms: 1, devices: 0 })
    const [doctor = { actor: '', schedule: '' }] = there.practitioners
    const [room = doctor] = there.rooms
    const schedule = made(await house.call('GET', `Schedule/${doctor.schedule}`), 200) as unknown as { actor: object[] }
    made(
      await house.call('PUT', `Schedule/${doctor.schedule}`, { ...schedule, actor: [...schedule.actor, { reference: room.actor }] }),
      200,
    )
    const [slot] = matches(await find(there, groupsOf([doctor], [room]), onDay(2)))
    expect(takes(slot as never)).toHaveLength(2)
    const booked = made(await book(there, slot?.id ?? '', groupsOf([doctor], [room]), { patient: await anyPatient() }))
    expect(booked.slot).toHaveLength(2)
    expect(await busyOf(house.call, room.schedule, 2)).toEqual(['09:00'])
  })
})
