/** When a clinic changes its rules or takes time off, the free Slots follow at once; what is booked or held stays. */
import { disagreements } from '../support/agreement.ts'
import { availability, type Clinic, clinic, instantIn, ours, timezone } from '../support/clinic.ts'
import { type Body, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse

beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const times = (slots: readonly Body[]): string[] => slots.map(({ start }) => start.slice(11, 16))
const off = (day: number, from: string, to: string): object => ({
  url: ours('not-available'),
  extension: [
    { url: 'during', valuePeriod: { start: instantIn(day, from), end: instantIn(day, to) } },
    { url: 'description', valueString: 'Away' },
  ],
})
async function change(place: Clinic, extension: object[]): Promise<void> {
  const schedule = await place.schedule()
  made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, extension }), 200)
}
const hours = (start: string, end: string, slotMinutes = 15): object[] => [timezone('Etc/UTC'), availability({ start, end, slotMinutes })]

describe('new hours', () => {
  it('remove and add free Slots, keep the ones in both unwritten, and leave booked and held ones', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '12:00:00' })
    const [a = '', b = ''] = await place.patients(2)
    const booked = made(await place.book((await place.slotAt(2, '09:00')).id, a))
    const held = made(await place.hold((await place.slotAt(2, '09:30')).id, b))
    const before = await place.slotAt(2, '11:00')
    const gone = await place.slotAt(2, '09:15')
    await change(place, hours('11:00:00', '13:00:00'))
    const after = await place.slotsOn(2)
    expect(times(after)).toEqual(['09:00', '09:30', '11:00', '11:15', '11:30', '11:45', '12:00', '12:15', '12:30', '12:45'])
    expect(await place.slotAt(2, '11:00')).toEqual(before)
    expect((await house.call('GET', `Slot/${gone.id}`)).status).toBe(410)
    expect(after.slice(0, 2).map(({ status }) => status)).toEqual(['busy', 'busy-tentative'])
    // Given back, they are outside the rules and go.
    made(await house.call('POST', `Appointment/${booked.id}/$cancel`), 200)
    made(await house.call('POST', `Appointment/${held.id}/$release`), 200)
    expect(times(await place.slotsOn(2))[0]).toBe('11:00')
  })

  it('bring a Slot back under its old id, one version on', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00' })
    const slot = await place.slotAt(2, '09:00')
    await change(place, hours('10:00:00', '11:00:00'))
    expect((await house.call('GET', `Slot/${slot.id}`)).status).toBe(410)
    await change(place, hours('09:00:00', '10:00:00'))
    const back = made(await house.call('GET', `Slot/${slot.id}`), 200)
    expect([back.status, Number(back.meta.versionId)]).toEqual(['free', 3])
    const history = (made(await house.call('GET', `Slot/${slot.id}/_history`), 200).entry ?? []) as { request?: { method: string } }[]
    expect(history.map(({ request }) => request?.method)).toEqual(['PUT', 'DELETE', 'PUT'])
  })

  it('are told to whoever follows them: Slots that are made, that come back and that change', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00' })
    const told = async (): Promise<number> => {
      const text = `select id from change where type = 'Schedule' and kind = 'slots' and id = $1`
      return (await house.house.pool.query({ text, values: [place.schedules[0]] })).length
    }
    expect(await told()).toBe(1)
    await change(place, hours('09:00:00', '09:30:00'))
    expect(await told()).toBe(1)
    await change(place, hours('09:00:00', '10:00:00'))
    expect(await told()).toBe(2)
    await change(place, hours('09:00:00', '10:00:00', 30))
    expect((await place.slotsOn(2)).map(({ start, end }) => `${start.slice(11, 16)} ${end.slice(11, 16)}`)).toEqual([
      '09:00 09:30',
      '09:30 10:00',
    ])
    expect(await told()).toBe(3)
  })

  it('leave what was done by hand: a Slot that was written stays, one that was deleted does not come back', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00' })
    const [byRule, schedule] = [await place.slotAt(2, '09:30'), { reference: `Schedule/${place.schedules[0]}` }]
    const evening = { resourceType: 'Slot', schedule, status: 'free', start: instantIn(2, '18:00'), end: instantIn(2, '18:20') }
    const written = made(await house.call('POST', 'Slot', evening))
    expect((await house.call('DELETE', `Slot/${byRule.id}`)).status).toBe(204)
    await change(place, hours('09:00:00', '10:15:00'))
    expect(times(await place.slotsOn(2))).toEqual(['09:00', '09:15', '09:45', '10:00', '18:00'])
    expect(made(await house.call('GET', `Slot/${written.id}`), 200)).toEqual(written)
  })

  it('of another length take no booked Slot for theirs that the hours before left out', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00' })
    const visit = made(await place.book((await place.slotAt(2, '09:00')).id, await place.patient()))
    await change(place, hours('10:00:00', '11:00:00'))
    await change(place, hours('09:00:00', '11:00:00', 30))
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    const quarters = (await place.slotsOn(2)).filter(({ start, end }) => Date.parse(end) - Date.parse(start) < 30 * 60_000)
    expect(quarters).toEqual([])
  })

  it('reach no further than a Schedule is planned for, and what reached further goes', async () => {
    const soon = new Date(Date.parse(instantIn(30, '00:00')))
    const place = await clinic(house.call, { start: '09:00:00', end: '09:15:00', horizon: new Date(Date.parse(instantIn(900, '00:00'))) })
    const reach = async (): Promise<number> => {
      const last = matches(await house.call('GET', `Slot?schedule=Schedule/${place.schedules[0]}&_sort=-start&_count=1`))[0]
      return Math.round((Date.parse(last?.start ?? '') - Date.parse(instantIn(0, '09:00'))) / 86_400_000)
    }
    expect([399, 400]).toContain(await reach())
    const schedule = await place.schedule()
    const planningHorizon = { ...(schedule as unknown as { planningHorizon: object }).planningHorizon, end: soon.toISOString() }
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, planningHorizon }), 200)
    expect(await reach()).toBe(29)
  })

  it('give each Slot what its own rule is for, though both are of one length', async () => {
    const place = await clinic(house.call)
    const type = (code: string) => [{ coding: [{ system: 'urn:test:service', code }] }]
    const kept = (start: string, end: string, code: string): object => {
      const rule = availability({ start, end }) as { url: string; extension: object[] }
      return { ...rule, extension: [...rule.extension, { url: 'serviceType', valueCodeableConcept: type(code)[0] }] }
    }
    await change(place, [timezone('Etc/UTC'), kept('09:00:00', '09:30:00', 'shot'), kept('09:30:00', '10:00:00', 'talk')])
    const slots = (await place.slotsOn(2)) as unknown as { serviceType: object[] }[]
    expect(slots.map(({ serviceType }) => serviceType)).toEqual([type('shot'), type('shot'), type('talk'), type('talk')])
    const window = `schedule=Schedule/${place.schedules[0]}&start=ge${instantIn(2, '00:00')}&start=lt${instantIn(3, '00:00')}`
    expect(times(matches(await house.call('GET', `Slot?${window}&service-type=urn:test:service|talk&_sort=start`)))).toEqual([
      '09:30',
      '09:45',
    ])
  })

  it('make Slots that can be read also where the Schedule has as long an id as there is', async () => {
    const id = 's'.repeat(64)
    const actor = [{ reference: `Practitioner/${(await clinic(house.call)).practitioners[0]}` }]
    made(await house.call('PUT', `Schedule/${id}`, { resourceType: 'Schedule', id, actor, extension: hours('09:00:00', '10:00:00') }))
    const [first] = matches(await house.call('GET', `Slot?schedule=Schedule/${id}&_sort=start&_count=1`))
    expect(made(await house.call('GET', `Slot/${first?.id}`), 200).schedule.reference).toBe(`Schedule/${id}`)
  })

  it('of another grid lay no free Slot over a booked one', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00' })
    const visit = made(await place.book((await place.slotAt(2, '09:15')).id, await place.patient()))
    await change(place, hours('09:00:00', '10:00:00', 20))
    const after = await place.slotsOn(2)
    expect(after.filter(({ status }) => status === 'free').map(({ start }) => start.slice(11, 16))).toEqual(['09:40'])
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect((await place.slotsOn(2)).map(({ start, status }) => `${start.slice(11, 16)} ${status}`)).toEqual([
      '09:00 free',
      '09:20 free',
      '09:40 free',
    ])
  })

  it('of an inactive Schedule: no booking, no offer', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00' })
    const slot = await place.slotAt(2, '09:00')
    const schedule = await place.schedule()
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, active: false }), 200)
    expect([410, 422]).toContain((await place.book(slot.id, await place.patient())).status)
  })
})

describe('time off', () => {
  it('on the Schedule, its Location or its Practitioner takes the free Slots away; a booked visit stays', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00' })
    const visit = made(await place.book((await place.slotAt(2, '09:15')).id, await place.patient()))
    const schedule = await place.schedule()
    await change(place, [...(schedule.extension ?? []), off(2, '09:00', '09:30')])
    expect(times(await place.slotsOn(2))).toEqual(['09:15', '09:30', '09:45'])
    for (const [reference, day] of [
      [`Location/${place.location}`, 3],
      [`Practitioner/${place.practitioners[0]}`, 4],
    ] as const) {
      const resource = made(await house.call('GET', reference), 200)
      made(await house.call('PUT', reference, { ...resource, extension: [...(resource.extension ?? []), off(day, '09:00', '09:45')] }), 200)
      expect(times(await place.slotsOn(day))).toEqual(['09:45'])
    }
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).status).toBe('booked')
  })

  it.each(['Location/', 'Location?_id='])('is over when what says so is deleted (DELETE %s…)', async (path) => {
    const place = await clinic(house.call, { start: '09:00:00', end: '10:00:00' })
    const location = made(await house.call('GET', `Location/${place.location}`), 200)
    const extension = [...(location.extension ?? []), off(3, '09:00', '09:45')]
    made(await house.call('PUT', `Location/${place.location}`, { ...location, extension }), 200)
    expect(times(await place.slotsOn(3))).toEqual(['09:45'])
    expect((await house.call('DELETE', `${path}${place.location}`)).status).toBe(204)
    expect(times(await place.slotsOn(3))).toEqual(['09:00', '09:15', '09:30', '09:45'])
  })

  it('as a block over two Schedules of one practitioner, moved and freed again', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '11:00:00' })
    const schedule = (await place.schedule()) as unknown as { actor: object[]; extension: object[] }
    const second = made(
      await house.call('POST', 'Schedule', {
        resourceType: 'Schedule',
        active: true,
        actor: schedule.actor.slice(0, 1),
        extension: schedule.extension,
      }),
    )
    const free = async (id: string): Promise<string[]> => {
      const answer = await house.call(
        'GET',
        `Slot?schedule=Schedule/${id}&status=free&start=${instantIn(2, '00:00').slice(0, 10)}&_sort=start`,
      )
      return (answer.json.entry ?? []).map(({ resource }) => resource.start.slice(11, 16))
    }
    const block = { resourceType: 'Slot', status: 'busy-unavailable', schedule: { reference: `Schedule/${second.id}` } }
    const laid = made(await house.call('POST', 'Slot', { ...block, start: instantIn(2, '09:00'), end: instantIn(2, '10:30') }))
    for (const id of [place.schedules[0] ?? '', second.id]) expect(await free(id)).toEqual(['10:30', '10:45'])
    made(await house.call('PUT', `Slot/${laid.id}`, { ...laid, start: instantIn(2, '10:00'), end: instantIn(2, '11:00') }), 200)
    for (const id of [place.schedules[0] ?? '', second.id]) expect(await free(id)).toEqual(['09:00', '09:15', '09:30', '09:45'])
    const lifted = { ...laid, status: 'free', start: instantIn(2, '10:00'), end: instantIn(2, '11:00') }
    expect(made(await house.call('PUT', `Slot/${laid.id}`, lifted), 200).status).toBe('free')
    expect(await free(place.schedules[0] ?? '')).toHaveLength(8)
  })

  it('cannot be booked into while the rules change beside it', async () => {
    const place = await clinic(house.call, { start: '09:00:00', end: '13:00:00' })
    const patients = await place.patients(16)
    const slots = await place.slotsOn(2)
    const schedule = await place.schedule()
    const extension = [...(schedule.extension ?? []), off(2, '11:00', '13:00')]
    const [, ...answers] = await Promise.all([change(place, extension), ...slots.map((slot, i) => place.book(slot.id, patients[i] ?? ''))])
    for (const { status } of answers) expect([201, 409, 410, 422]).toContain(status)
    expect(answers.slice(0, 8).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201))
    expect((await place.slotsOn(2)).filter(({ status, start }) => status === 'free' && start >= instantIn(2, '11:00'))).toEqual([])
  })
})
