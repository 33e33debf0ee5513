/** `$explain-availability` against `$find-slots` and `$book` of the same server, and what it tells to whom. */
import { availability, type Clinic, clinic, create, instantIn, ours } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

type Part = { name: string; part?: Part[]; valueBoolean?: boolean; valueInstant?: string; valueString?: string } & {
  valueCoding?: { code: string }
  valueReference?: { reference: string }
}
const partsNamed = (parts: readonly Part[] | undefined, name: string): Part[] => (parts ?? []).filter((part) => part.name === name)
const only = (parts: readonly Part[] | undefined, name: string): Part | undefined => partsNamed(parts, name)[0]

type Told = { start: string; offered?: boolean; bookable?: boolean; codes: string[]; reasons: Part[][] }

function told(answer: Answer): Told[] {
  const { parameter } = made(answer, 200) as unknown as { parameter: Part[] }
  return partsNamed(parameter, 'time').map(({ part }) => {
    const reasons = partsNamed(part, 'reason').map((reason) => reason.part ?? [])
    return {
      start: only(part, 'start')?.valueInstant ?? '',
      offered: only(part, 'offered')?.valueBoolean,
      bookable: only(part, 'bookable')?.valueBoolean,
      codes: reasons.map((reason) => only(reason, 'code')?.valueCoding?.code ?? ''),
      reasons,
    }
  })
}

const explain = (schedule: string | undefined, query: string, call = house.call): Promise<Answer> =>
  call('GET', `Schedule/${schedule}/$explain-availability?${query}`)

/** A generator that gives the same numbers for a seed: https://en.wikipedia.org/wiki/Lehmer_random_number_generator */
function dice(seed: number): (sides: number) => number {
  let state = seed * 7919 + 1
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647
    return state % sides
  }
}

const pick = <T>(roll: (sides: number) => number, values: readonly T[]): T => values[roll(values.length)] as T

/** A clinic with a policy, times off, visits, holds, blocks and Slots made by hand, as the dice fall. */
async function randomClinic(roll: (sides: number) => number): Promise<Clinic> {
  const policy = {
    ...(roll(2) ? { bufferAfterMinutes: pick(roll, [5, 15, 20]) } : {}),
    ...(roll(3) ? {} : { bufferBeforeMinutes: 10 }),
    ...(roll(3) ? {} : { alignmentMinutes: pick(roll, [20, 30]) }),
    ...(roll(3) ? {} : { minNoticeMinutes: 2 * 1440 + 600 }),
    ...(roll(3) ? {} : { maxAdvanceDays: 3 }),
    ...(roll(3) ? {} : { maxPerDay: 3 }),
    ...(roll(3) ? {} : { newPatients: false }),
  }
  const zone = pick(roll, ['Etc/UTC', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'])
  const made = {
    minutes: pick(roll, [10, 15, 30, 45]),
    slotMinutes: pick(roll, [10, 15, 20]),
    zone,
    start: '08:00:00',
    end: '13:00:00',
    policy,
  }
  const place = await clinic(house.call, made)
  const schedule = await place.schedule()
  const off = {
    url: ours('not-available'),
    extension: [{ url: 'during', valuePeriod: { start: instantIn(3, '10:10'), end: instantIn(3, '12:00') } }],
  }
  await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, extension: [...(schedule.extension ?? []), off] })
  const patients = await place.patients(4)
  for (let n = 0; n < 8; n++) {
    const slots = (await place.slotsOn(2 + roll(2))).filter(({ status }) => status === 'free')
    const slot = slots.length > 0 ? pick(roll, slots) : undefined
    if (slot) await (roll(3) ? place.book : place.hold)(slot.id, pick(roll, patients))
  }
  const hour = String(8 + roll(12)).padStart(2, '0')
  const byHand = {
    resourceType: 'Slot',
    schedule: { reference: `Schedule/${schedule.id}` },
    status: pick(roll, ['free', 'busy-unavailable', 'busy']),
  }
  await house.call('POST', 'Slot', { ...byHand, start: instantIn(2, `${hour}:05`), end: instantIn(2, `${hour}:50`) })
  return place
}

describe('the verdict', () => {
  it.each([1, 2, 3, 4, 5, 6])('is that of $find-slots and $book, whatever stands there (seed %i)', async (seed) => {
    const roll = dice(seed)
    const place = await randomClinic(roll)
    const patient = await place.patient()
    for (const question of ['', `&patient=Patient/${patient}`, '&duration=25', `&healthcare-service=HealthcareService/${place.service}`]) {
      const span = `start=${instantIn(2, '00:00')}&end=${instantIn(5, '00:00')}${question}`
      const found = matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?${span}&_count=1000`))
      const times = told(await explain(place.schedules[0], span))
      const offered = times.filter((time) => time.offered).map(({ start }) => Date.parse(start))
      expect([question, offered]).toEqual([question, found.map(({ start }) => Date.parse(start))])
      expect(times.filter((time) => !time.offered && time.codes.length === 0)).toEqual([])
      expect(times.filter((time) => time.bookable !== (time.offered && time.codes.length === 0))).toEqual([])
    }
    const span = `start=${instantIn(2, '00:00')}&end=${instantIn(5, '00:00')}&patient=Patient/${patient}`
    const times = told(await explain(place.schedules[0], span))
    const slots = [...(await place.slotsOn(2)), ...(await place.slotsOn(3)), ...(await place.slotsOn(4))]
    for (let n = 0; n < 3; n++) {
      const slot = pick(roll, slots)
      const before = told(await explain(place.schedules[0], `start=${slot.start}&patient=Patient/${patient}`))[0]
      expect(times.map(({ start }) => Date.parse(start))).toContain(Date.parse(slot.start))
      const { status } = await place.book(slot.id, patient)
      const answers = before?.bookable ? [201] : [409, 422]
      expect([before, answers]).toEqual([before, expect.arrayContaining([status])])
    }
  })
})

describe('what is told', () => {
  let place: Clinic
  let slot: Body
  let visit: Body
  let patient: string
  beforeAll(async () => {
    place = await clinic(house.call)
    patient = await place.patient()
    slot = await place.slotAt(2, '09:15')
    visit = made(await place.book(slot.id, patient))
  })

  it('to staff: whose the time is, and whom the visit takes up; to others that it is taken', async () => {
    const query = `slot=Slot/${slot.id}`
    const [seen] = told(await house.call('GET', `Slot/$explain-availability?${query}`))
    expect(seen).toMatchObject({ offered: false, codes: ['busy'] })
    expect(only(seen?.reasons[0], 'holder')?.valueReference?.reference).toBe(`Appointment/${visit.id}`)
    expect(only(seen?.reasons[0], 'source')?.valueReference?.reference).toBe(`Practitioner/${place.practitioners[0]}`)
    const others = [
      house.as(await house.token('patient/Slot.rs patient/Appointment.rs', { patient: await place.patient() })),
      house.as(await house.token('user/Slot.rs')),
      house.as(await house.token('user/Slot.rs user/Appointment.rs?status=booked')),
    ]
    for (const call of others) {
      const answer = await call('GET', `Slot/$explain-availability?${query}`)
      expect(told(answer)).toMatchObject([{ offered: false, codes: ['busy'] }])
      expect(answer.text).not.toContain(visit.id)
      expect(answer.text).not.toContain(patient)
    }
  })

  it('of a patient’s own visits: to the patient and to staff, and to nobody else', async () => {
    const other = await clinic(house.call)
    const query = `start=${instantIn(2, '09:15')}&patient=Patient/${patient}`
    expect(told(await explain(other.schedules[0], query))[0]?.codes).toEqual(['own-overlap'])
    const own = house.as(await house.token('patient/Slot.rs patient/Appointment.rs', { patient }))
    expect(told(await explain(other.schedules[0], `start=${instantIn(2, '09:15')}`, own))[0]?.codes).toEqual(['own-overlap'])
    const stranger = house.as(await house.token('patient/Slot.rs patient/Appointment.rs', { patient: await place.patient() }))
    expect(told(await explain(other.schedules[0], query, stranger))[0]?.codes).toEqual([])
    const slotsOnly = house.as(await house.token('user/Slot.rs'))
    expect(told(await explain(other.schedules[0], query, slotsOnly))[0]?.codes).toEqual([])
  })

  it('is written down for the patient whose visit is named', async () => {
    const auditsOf = async () => {
      const found = await house.call('GET', `AuditEvent?patient=Patient/${patient}&subtype=explain-availability&_count=200`)
      return matches(found).length
    }
    const before = await auditsOf()
    told(await house.call('GET', `Slot/$explain-availability?slot=Slot/${slot.id}`))
    expect(await auditsOf()).toBe(before + 1)
    told(await explain(place.schedules[0], `start=${instantIn(2, '10:15')}`))
    expect(await auditsOf()).toBe(before + 1)
  })

  it('of a closure: who closes, and until when, through everything that a Schedule hangs on', async () => {
    const during = { start: instantIn(4, '00:00'), end: instantIn(4, '12:00') }
    const extension = [{ url: ours('not-available'), extension: [{ url: 'during', valuePeriod: during }] }]
    const organization = await create(house.call, { resourceType: 'Organization', name: 'Org', extension })
    const location = await create(house.call, {
      resourceType: 'Location',
      name: 'L',
      managingOrganization: { reference: `Organization/${organization}` },
    })
    const schedule = await create(house.call, {
      resourceType: 'Schedule',
      actor: [{ reference: `Location/${location}` }],
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/timezone', valueCode: 'Etc/UTC' }, availability({})],
    })
    const [shut] = told(await explain(schedule, `start=${instantIn(4, '09:00')}`))
    expect(shut?.codes).toEqual(['not-available'])
    expect(only(shut?.reasons[0], 'source')?.valueReference?.reference).toBe(`Organization/${organization}`)
    expect(Date.parse(only(shut?.reasons[0], 'end')?.valueInstant ?? '')).toBe(Date.parse(during.end))
  })

  it('is refused in the words of the fault', async () => {
    const status = async (path: string) => (await house.call('GET', path)).status
    expect(await status(`Schedule/${place.schedules[0]}/$explain-availability`)).toBe(400)
    expect(await status(`Slot/$explain-availability?start=${instantIn(2, '09:00')}`)).toBe(400)
    expect(await status(`Schedule/nobody/$explain-availability?start=${instantIn(2, '09:00')}`)).toBe(404)
    expect(await status('Slot/$explain-availability?slot=Slot/none')).toBe(404)
    const long = await explain(place.schedules[0], `start=${instantIn(2, '09:00')}&end=${instantIn(40, '09:00')}`)
    expect([long.status, long.json.issue[0]?.code]).toEqual([400, 'too-costly'])
    const many = await explain(place.schedules[0], `start=${instantIn(0, '00:00')}&end=${instantIn(31, '00:00')}`)
    expect([many.status, many.json.issue[0]?.code]).toEqual([400, 'too-costly'])
    const nobody = house.as(await house.token('user/Patient.rs'))
    expect((await explain(place.schedules[0], `start=${instantIn(2, '09:00')}`, nobody)).status).toBe(403)
    expect((await house.call('POST', 'Slot/$explain-availability', parameters({ slot: `Slot/${slot.id}` }))).status).toBe(200)
  })
})
