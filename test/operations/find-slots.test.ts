/** `$find-slots`: what each parameter asks for, and what is never offered. Times worked out by hand, in clinic time. */
import { availability, type Clinic, clinic, create, dateIn, instantIn, ours, policyExtension, timezone } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2 })
})
afterAll(() => house.close())

const day = 2
const onDay = (on = day): string => `start=${instantIn(on, '00:00')}&end=${instantIn(on + 1, '00:00')}`
const find = (query: string, schedule = place.schedules[0]): Promise<Answer> =>
  house.call('GET', `Schedule/${schedule}/$find-slots?${query}`)
const times = (answer: Answer): string[] => matches(answer).map(({ start }) => start.slice(11, 16))
const from = (first: string, last: string): string[] => {
  const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  const found: string[] = []
  for (let at = minutes(first); at <= minutes(last); at += 15)
    found.push(`${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`)
  return found
}

describe('what is offered', () => {
  it('is every free Slot of the window, stored, in order; a booked or held one is not', async () => {
    const [a, b] = await place.patients(2)
    made(await place.book((await place.slotAt(day, '09:30')).id, a ?? ''))
    made(await place.hold((await place.slotAt(day, '10:00')).id, b ?? ''))
    const answer = await find(onDay())
    expect(times(answer)).toEqual(from('09:00', '16:45').filter((time) => time !== '09:30' && time !== '10:00'))
    const [first] = matches(answer) as [Body]
    expect(first).toEqual(made(await house.call('GET', `Slot/${first.id}`), 200))
    expect(answer.json).toMatchObject({ type: 'searchset', total: 30 })
  })

  it('never lies in the past, and by default reaches 14 days from now', async () => {
    const before = Date.now()
    const found = matches(await find(`start=${instantIn(-2, '00:00')}&end=${instantIn(1, '00:00')}&_count=1000`))
    for (const { start } of found) expect(Date.parse(start)).toBeGreaterThanOrEqual(before)
    const asked = new Date()
    const all = matches(await find('_count=1000'))
    const answered = new Date()
    const fortnight = 14 * 86_400_000
    expect(all.every(({ start }) => Date.parse(start) < answered.getTime() + fortnight)).toBe(true)
    // Doors open at nine: before that the fourteenth day has nothing yet.
    const lastDay = (now: Date): string => new Date(now.getTime() + fortnight - 9 * 3_600_000).toISOString().slice(0, 10)
    expect([lastDay(asked), lastDay(answered)]).toContain(all.at(-1)?.start.slice(0, 10))
  })

  it('is the same by its other names, by POST, and by Epic’s startTime and endTime', async () => {
    const expected = times(await find(onDay(3)))
    expect(expected).toHaveLength(32)
    const query = `schedule=Schedule/${place.schedules[0]}&${onDay(3)}`
    for (const path of ['Slot/$find-slots', 'Slot/$find', 'Slot/$prefetch']) {
      expect(times(await house.call('GET', `${path}?${query}`))).toEqual(expected)
      const body = parameters({
        schedule: `Schedule/${place.schedules[0]}`,
        start: { valueDateTime: instantIn(3, '00:00') },
        end: { valueInstant: instantIn(4, '00:00') },
      })
      expect(times(await house.call('POST', path, body))).toEqual(expected)
    }
    expect(times(await find(onDay(3).replace('start', 'startTime').replace('end', 'endTime')))).toEqual(expected)
  })
})

describe('criteria', () => {
  it('time-from and time-to are clinic time, day-of-week too, on both sides of a clock change', async () => {
    const there = await clinic(house.call, { zone: 'America/New_York', horizon: new Date(Date.now() + 260 * 86_400_000) })
    const clock = new Intl.DateTimeFormat('en-US', {
      timeZone: 'America/New_York',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
    // Summer time lasts 238 days and winter time 127: whenever this runs, one of the three lies beyond a change.
    for (const away of [10, 130, 250]) {
      const window = `start=${instantIn(away, '00:00')}&end=${instantIn(away + 7, '00:00')}`
      const found = matches(await find(`${window}&time-from=10:00&time-to=11:00&day-of-week=tue,thu`, there.schedules[0]))
      const shown = found.map(({ start }) => clock.format(new Date(start)))
      expect(shown.sort()).toEqual(['Thu 10:00', 'Thu 10:15', 'Thu 10:30', 'Thu 10:45', 'Tue 10:00', 'Tue 10:15', 'Tue 10:30', 'Tue 10:45'])
    }
  })

  it('practitioner, location, healthcare-service, service-type: any value within one, all of them together', async () => {
    const search = (query: string) => house.call('GET', `Slot/$find-slots?${onDay(4)}&_count=1000&${query}`)
    const schedulesIn = (answer: Answer): string[] => [...new Set(matches(answer).map(({ schedule }) => schedule.reference ?? ''))].sort()
    const both = place.schedules.map((id) => `Schedule/${id}`).sort()
    expect(schedulesIn(await search(`practitioner=Practitioner/${place.practitioners[1]}`))).toEqual([`Schedule/${place.schedules[1]}`])
    expect(schedulesIn(await search(`practitioner=${place.practitioners.map((id) => `Practitioner/${id}`).join(',')}`))).toEqual(both)
    expect(schedulesIn(await search(`location=Location/${place.location}`))).toEqual(both)
    expect(schedulesIn(await search(`healthcare-service=HealthcareService/${place.service}`))).toEqual(both)
    const { system, code } = place.type[0]?.coding[0] ?? { system: '', code: '' }
    expect(schedulesIn(await search(`service-type=${encodeURIComponent(`${system}|${code}`)}`))).toEqual(both)
    expect(schedulesIn(await search(`location=Location/${place.location}&practitioner=Practitioner/${place.practitioners[0]}`))).toEqual([
      `Schedule/${place.schedules[0]}`,
    ])
    expect(schedulesIn(await search(`location=Location/elsewhere&practitioner=Practitioner/${place.practitioners[0]}`))).toEqual([])
  })

  it('specialty, organization, practitioner-role, gender, language and near find the Schedule behind them', async () => {
    const organization = await create(house.call, { resourceType: 'Organization', name: 'Org' })
    const practitioner = await create(house.call, {
      resourceType: 'Practitioner',
      gender: 'female',
      name: [{ family: 'F' }],
      communication: [{ coding: [{ system: 'urn:ietf:bcp:47', code: 'tlh' }] }],
    })
    const location = await create(house.call, { resourceType: 'Location', name: 'Far', position: { longitude: 20.5, latitude: -54.5 } })
    const specialty = [{ coding: [{ system: 'http://snomed.info/sct', code: '394582007' }] }]
    const role = await create(house.call, {
      resourceType: 'PractitionerRole',
      active: true,
      specialty,
      practitioner: { reference: `Practitioner/${practitioner}` },
      organization: { reference: `Organization/${organization}` },
    })
    const schedule = await create(house.call, {
      resourceType: 'Schedule',
      active: true,
      actor: [{ reference: `PractitionerRole/${role}` }, { reference: `Location/${location}` }],
      extension: [timezone('Etc/UTC'), availability({})],
    })
    const queries = [
      'specialty=394582007',
      `organization=Organization/${organization}`,
      `practitioner-role=PractitionerRole/${role}`,
      `practitioner=Practitioner/${practitioner}`,
      'gender=female',
      'language=tlh',
      'near=-54.6|20.6|50|km',
    ]
    for (const query of queries) {
      const found = matches(await house.call('GET', `Slot/$find-slots?${onDay(4)}&${query}`))
      expect([query, [...new Set(found.map((slot) => slot.schedule.reference))]]).toEqual([query, [`Schedule/${schedule}`]])
    }
    expect(matches(await house.call('GET', `Slot/$find-slots?${onDay(4)}&near=54.6|20.6|50|km`))).toEqual([])
  })

  it('_include adds the Schedule and its actors', async () => {
    const answer = await find(`${onDay(5)}&_count=1&_include=Slot:schedule&_include=Schedule:actor`)
    const included = (answer.json.entry ?? [])
      .filter(({ search }) => search?.mode === 'include')
      .map(({ resource }) => `${resource.resourceType}/${resource.id}`)
    expect(included.sort()).toEqual(
      [
        `Schedule/${place.schedules[0]}`,
        `Practitioner/${place.practitioners[0]}`,
        `Location/${place.location}`,
        `HealthcareService/${place.service}`,
      ].sort(),
    )
  })

  it('refuses what it cannot read, naming the parameter', async () => {
    for (const [query, code] of [
      ['start=yesterday', 'value'],
      [`start=${instantIn(3, '00:00')}&end=${instantIn(2, '00:00')}`, 'value'],
      [`start=${instantIn(1, '00:00')}&end=${instantIn(94, '00:00')}`, 'too-costly'],
      ['_count=-1', 'value'],
      ['duration=0', 'value'],
      ['day-of-week=monday', 'value'],
      ['time-from=9', 'value'],
      ['practitioner=Location/x', 'value'],
    ]) {
      const answer = await find(query ?? '')
      expect([query, answer.status, answer.json.issue?.[0]?.code]).toEqual([query, 400, code])
    }
  })

  it('ignores and names an unknown parameter; refuses it when handling=strict', async () => {
    const lenient = await find(`${onDay(5)}&colour=blue`)
    expect(matches(lenient)).toHaveLength(32)
    const said = lenient.json.entry
      ?.filter(({ search }) => search?.mode === 'outcome')
      .map(({ resource }) => JSON.stringify(resource.issue))
    expect(said?.join()).toContain('colour')
    const strict = await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?colour=blue`, undefined, {
      prefer: 'handling=strict',
    })
    expect(strict.status).toBe(400)
    expect(JSON.stringify(strict.json.issue)).toContain('colour')
  })
})

describe('visits longer than a Slot', () => {
  const visitOf = ({ extension = [] }: Body): { end?: string; slots: (string | undefined)[] } | undefined => {
    const parts = extension.find(({ url }) => url === ours('visit'))?.extension
    return (
      parts && {
        end: parts.find(({ url }) => url === 'end')?.valueInstant,
        slots: parts.filter(({ url }) => url === 'slot').map(({ valueReference }) => valueReference?.reference),
      }
    )
  }

  it('say their end and other Slots, start only where enough follows, and $book takes them all', async () => {
    const long = await clinic(house.call, { minutes: 40, start: '09:00:00', end: '11:00:00' })
    made(await long.book((await long.slotAt(day, '10:00')).id, await long.patient(), { duration: 15 }))
    const slots = await long.slotsOn(day)
    const answer = await find(onDay(), long.schedules[0])
    // 09:00 + 40 and 09:15 + 40 end before the visit at 10:00; 10:15 + 40 is 10:55.
    expect(times(answer)).toEqual(['09:00', '09:15', '10:15'])
    const first = matches(answer)[0] as Body
    expect(visitOf(first)).toEqual({
      end: new Date(instantIn(day, '09:40')).toISOString(),
      slots: [`Slot/${slots[1]?.id}`, `Slot/${slots[2]?.id}`],
    })
    const booked = made(await long.book(first.id, await long.patient()))
    expect(booked.slot.map(({ reference }) => reference)).toEqual(slots.slice(0, 3).map(({ id }) => `Slot/${id}`))
    expect(Date.parse(booked.end) - Date.parse(booked.start)).toBe(40 * 60_000)
    expect((await long.slotsOn(day)).filter(({ status }) => status === 'busy')).toHaveLength(4)
  })

  it('can be asked for by duration, and cannot be joined over a gap', async () => {
    expect(times(await find(`${onDay(6)}&duration=60&time-from=15:30`))).toEqual(['15:30', '15:45', '16:00'])
    expect(times(await find(`${onDay(6)}&duration=480`))).toEqual(['09:00'])
    expect(times(await find(`${onDay(6)}&duration=481`))).toEqual([])
    expect((await place.book((await place.slotAt(6, '16:45')).id, await place.patient(), { duration: 30 })).status).toBe(422)
  })
})

describe('the booking policy', () => {
  const withPolicy = (policy: Readonly<Record<string, number | boolean>>, more: object = {}): Promise<Clinic> =>
    clinic(house.call, { end: '11:00:00', policy, ...more })
  const says = async (answer: Promise<Answer>): Promise<string> => `${(await answer).status} ${(await answer).json.issue?.[0]?.diagnostics}`

  it('keeps buffers before and after a visit free, and lets them overlap nobody', async () => {
    const there = await withPolicy({ bufferBeforeMinutes: 10, bufferAfterMinutes: 5 })
    const [a, b] = await there.patients(2)
    made(await there.book((await there.slotAt(day, '09:45')).id, a ?? ''))
    // 09:35 to 10:05 is taken up; one that ends by 09:30 needs until 09:35, one from 10:15 needs from 10:05.
    expect(times(await find(onDay(), there.schedules[0]))).toEqual(['09:00', '09:15', '10:15', '10:30', '10:45'])
    expect((await there.book((await there.slotsOn(day))[2]?.id ?? '', b ?? '')).status).toBe(409)
    made(await there.book((await there.slotsOn(day))[1]?.id ?? '', b ?? ''))
  })

  it('starts visits on the alignment of the clinic’s clock', async () => {
    const there = await withPolicy({ alignmentMinutes: 30 })
    expect(times(await find(onDay(), there.schedules[0]))).toEqual(['09:00', '09:30', '10:00', '10:30'])
    const slot = await there.slotAt(day, '09:15')
    expect(await says(there.book(slot.id, await there.patient()))).toBe("422 This visit starts every 30 minutes of the clinic's day.")
  })

  it('asks for notice, and ends at maxAdvanceDays', async () => {
    const there = await withPolicy({ minNoticeMinutes: 3 * 24 * 60, maxAdvanceDays: 5 })
    const days = new Set(matches(await find('_count=1000', there.schedules[0])).map(({ start }) => start.slice(0, 10)))
    expect([...days].filter((date) => date !== dateIn(3))).toEqual([dateIn(4), dateIn(5)])
    expect(await says(there.book((await there.slotAt(2, '09:00')).id, await there.patient()))).toContain(
      '422 This visit must be booked at least 3 days ahead.',
    )
    expect(await says(there.book((await there.slotAt(7, '09:00')).id, await there.patient()))).toContain(
      '422 This visit cannot be booked more than 5 days ahead.',
    )
  })

  it('onlineBooking off: hidden from and refused to patients, open to the front desk', async () => {
    const there = await withPolicy({ onlineBooking: false })
    const patient = await there.patient()
    const online = house.as(await house.token('patient/Slot.rs patient/Appointment.cruds', { patient }))
    const slot = await there.slotAt(day, '09:00')
    expect(matches(await online('GET', `Schedule/${there.schedules[0]}/$find-slots?${onDay()}`))).toEqual([])
    expect(await says(online('POST', `Slot/${slot.id}/$book`))).toContain('422 This visit cannot be booked online.')
    expect(matches(await find(onDay(), there.schedules[0]))).toHaveLength(8)
    made(await there.book(slot.id, patient))
  })

  it('newPatients off: only for those who have been here', async () => {
    const there = await withPolicy({ newPatients: false })
    const [known = '', unknown = ''] = await there.patients(2)
    const participant = [`Patient/${known}`, `Practitioner/${there.practitioners[0]}`].map((reference) => ({
      actor: { reference },
      status: 'accepted',
    }))
    made(
      await house.call('POST', 'Appointment', {
        resourceType: 'Appointment',
        status: 'fulfilled',
        start: instantIn(-9, '09:00'),
        end: instantIn(-9, '09:15'),
        participant,
      }),
    )
    expect(await says(there.book((await there.slotAt(day, '09:00')).id, unknown))).toContain('422 No new patients')
    made(await there.book((await there.slotAt(day, '09:00')).id, known))
  })

  it('is overridden by the Schedule field by field', async () => {
    const there = await withPolicy({ alignmentMinutes: 30, bufferAfterMinutes: 15 })
    const schedule = await there.schedule()
    const extension = [...(schedule.extension ?? []), policyExtension({ alignmentMinutes: 60 })]
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, extension }), 200)
    expect(times(await find(onDay(), there.schedules[0]))).toEqual(['09:00', '10:00'])
    made(await there.book((await there.slotAt(day, '09:00')).id, await there.patient()))
    expect((await there.slotsOn(day)).filter(({ status }) => status === 'busy').map(({ start }) => start.slice(11, 16))).toEqual([
      '09:00',
      '09:15',
    ])
  })
})
